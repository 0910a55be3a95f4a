"""Figure 3 of the paper in numbers: its syntheses, and what they are against other starts."""

import numpy as np

from vslib.networks import decide
from vslib.synthesis import PAPER, synthesize

__all__ = ["START", "figure_3"]

# Figure 3 of the paper: where the image shown for each digit comes from.
START = {
    "fc1": ("avg", "avg", "min", "min", "avg", "avg", "avg", "min", "avg", "avg"),
    "fc5": ("min", "avg", "avg", "min", "min", "min", "avg", "avg", "min", "min"),
    "resnet18": ("min", "avg", "min", "min", "avg", "avg", "avg", "avg", "min", "avg"),
}


def figure_3(name, network, targets, starts):
    """The synthesis of figure 3 with the settings of the authors' code, in evaluation mode.

    Parameters
    ----------
    name : {"fc1", "fc5", "resnet18"}
    network : torch.nn.Module
    targets : (10, 10) array
    starts : vslib.synthesis.StartingImages

    Returns
    -------
    numbers : dict of str to float
        Of these starts, and as a control of blank images and of uniform noise.
    made : vslib.synthesis.Synthesis
        Of the starts "avg", "min" and "avg-min", in this order.

    Examples
    --------
    >>> from vslib import networks
    >>> from vslib.synthesis import stored
    >>> starts = stored.load("fc1", lowest="own")
    >>> numbers, made = figure_3("fc1", networks.load("fc1"), starts.targets, starts.images())
    >>> made.images.shape, round(float(numbers["fc1_fall"]), 3)
    ((3, 10, 28, 28), 0.022)
    """
    made = synthesize(network, starts, targets, progress=False, **PAPER)
    blank = np.zeros((10, 28, 28))
    noise = np.random.default_rng(0).uniform(size=blank.shape)
    others = synthesize(network, np.stack([blank, noise]), targets, progress=False, **PAPER)
    best = np.array(list(starts))[made.after[:2].argmin(0)]
    fall = 1 - made.after / made.before
    inked = {key: some[some > 0.1] for key, some in starts.items()}
    trained = made.images[0][made.images[0] > 0.1]
    first = decide(made.outputs[0])[0]
    numbers = {
        "before_avg": made.before[0].mean(),
        "before_min": made.before[1].mean(),
        "after_avg": made.after[0].mean(),
        "after_min": made.after[1].mean(),
        "after_blank": others.after[0].mean(),
        "after_noise": others.after[1].mean(),
        "fall": fall.mean(),
        "fell": float((made.after < made.before).sum()),
        "moved": np.abs(made.images - np.stack(list(starts.values()))).mean(),
        "winners": float((best == np.array(START[name])).sum()),
        "recognised": float((first == np.arange(10)).sum()),
        "recognised_min": float((first[1] == np.arange(10)).sum()),
        "shift": 1 - made.centred_distances[0, 1].mean() / made.before[1].mean(),
        "white_min": (inked["min"] > 0.9).mean(),
        "white_avg": (inked["avg"] > 0.9).mean(),
        "white_trained": (trained > 0.9).mean(),
    }
    return {f"{name}_{key}": value for key, value in numbers.items()}, made
