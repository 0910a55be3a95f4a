"""Figure 3 of the paper in numbers: its syntheses, and why the ResNet row did not improve."""

import numpy as np

from vslib.arrays import real_array
from vslib.inference import asked
from vslib.networks import decide
from vslib.synthesis import PAPER, synthesize

__all__ = ["START", "figure_3", "identical_images"]

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
    best = np.array(list(starts))[made.after[:2].argmin(0)]
    fall = 1 - made.after / made.before
    inked = {key: some[some > 0.1] for key, some in starts.items()}
    first = decide(made.outputs[0])[0]
    numbers = {
        "before_avg": made.before[0].mean(),
        "before_min": made.before[1].mean(),
        "after_avg": made.after[0].mean(),
        "after_min": made.after[1].mean(),
        "fall": fall.mean(),
        "moved": np.abs(made.images - np.stack(list(starts.values()))).mean(),
        "winners": float((best == np.array(START[name])).sum()),
        "recognised": float((first == np.arange(10)).sum()),
        "recognised_min": float((first[1] == np.arange(10)).sum()),
        "shift": 1 - made.centred_distances[0, 1].mean() / made.before[1].mean(),
        "white_min": (inked["min"] > 0.9).mean(),
        "white_avg": (inked["avg"] > 0.9).mean(),
    }
    return {f"{name}_{key}": value for key, value in numbers.items()}, made


def identical_images(network, images):
    """What a network in training mode answers to batches of 32 copies, as the authors' code asks.

    Parameters
    ----------
    network : torch.nn.Module
    images : (N, 28, 28) array
        Two or more different images; a batch is made of each.

    Returns
    -------
    dict of str to float
        How far the outputs vary with the image, and how long the gradient by the pixels is,
        each relative to evaluation mode.

    Raises
    ------
    ValueError
        If there are fewer than two images, which say nothing of how outputs vary.

    Examples
    --------
    >>> from vslib import mnist, networks
    >>> found = identical_images(networks.load("resnet18"), mnist.load("test")[0][:2])
    >>> sorted(found), bool(max(found.values()) < 1e-3)
    (['identical_gradient', 'identical_spread'], True)
    """
    import torch

    images = real_array(images, "images", axes=3, dtype=np.float32)
    if len(images) < 2:
        raise ValueError(f"images: expected two or more, got {len(images)}")
    outputs, gradients = {}, {}
    for mode in (True, False):
        found = []
        with asked(network):
            network.train(mode)
            for image in images:
                x = torch.tensor(np.repeat(image[None], 32 if mode else 1, 0), dtype=torch.float32)
                y = network(x.requires_grad_(True))
                (gradient,) = torch.autograd.grad((y**2).mean(1).mean(), x)
                found.append((y[0].detach().numpy(), gradient.sum(0).norm().item()))
        outputs[mode], gradients[mode] = map(np.array, zip(*found, strict=True))
    return {
        "identical_spread": outputs[True].std(0).mean() / outputs[False].std(0).mean(),
        "identical_gradient": gradients[True].mean() / gradients[False].mean(),
    }
