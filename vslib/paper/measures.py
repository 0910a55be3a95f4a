"""What the claims on the two simple networks rest on, measured on any that are trained."""

import numpy as np

from vslib import layers, mnist
from vslib.inference import asked
from vslib.inversion import invert
from vslib.spaces import Subspaces, project

__all__ = ["figure_1", "five_layers", "regions", "smallest_change", "two_valuedness"]


def figure_1(network, untrained):
    """Singular values of the single layer, its last signal vector, and what its rows leave.

    Parameters
    ----------
    network, untrained : torch.nn.Module
        fc1, after training and before.

    Examples
    --------
    >>> from vslib import networks
    >>> found = figure_1(networks.load("fc1"), networks.load("fc1", epoch=0))
    >>> round(found["fc1_condition_number"], 2), round(found["fc1_initial_condition_number"], 2)
    (7.36, 1.21)
    """
    W, start = (layers.matrices(n)["layer1"].values for n in (network, untrained))
    S = Subspaces(W)
    s, total = S.singular_values, start.sum(0)
    images, labels = mnist.load("train")
    x = images.reshape(-1, 784)
    averages = mnist.class_averages(images, labels).reshape(10, 784)
    residual = project(averages, W)[1][range(10), range(10)]
    left = (residual**2).sum(1) / (averages**2).sum(1)
    # ||residual||^2 = ||x||^2 - (w.x)^2 / ||w||^2, without an array for the residuals.
    squares = (x.astype(np.float64) ** 2).sum(1)
    own = np.einsum("ij,ij->i", x, W[labels]) ** 2 / (W**2).sum(1)[labels]
    alone = 1 - own / squares
    ink = averages[8] > averages[8].max() / 2
    inked, signals = x.var(0) > 0.05, S.signal_vectors[:9]
    return {
        "fc1_condition_number": S.condition_number,
        "fc1_initial_condition_number": Subspaces(start).condition_number,
        "fc1_largest": s[0],
        "fc1_ninth": s[8],
        "fc1_tenth": s[9],
        "fc1_learned_ratio": s[0] / s[8],
        "fc1_last_is_initial": abs(S.signal[:, 9] @ total) / np.linalg.norm(total),
        "fc1_gap": smallest_change(s),
        "fc1_split": s[-1] / s[0],
        "fc1_binary_weights": two_valuedness(W[:, inked]).mean(),
        "fc1_binary_signals": two_valuedness(signals[:, inked]).mean(),
        "fc1_regions_weights": regions(W, inked).mean(),
        "fc1_regions_signals": regions(signals, inked).mean(),
        "fc1_regions_last": regions(S.signal_vectors[9:], inked)[0],
        "fc1_left_8": left[8],
        "fc1_left_0": left[0],
        "fc1_left_1": left[1],
        "fc1_left_others": np.delete(left, [0, 8]).min(),
        "fc1_left_average": left.mean(),
        "fc1_left_single": np.mean([alone[labels == digit].mean() for digit in range(10)]),
        "fc1_ink_8": residual[8, ink].sum() / averages[8, ink].sum(),
        "fc1_dark_8": (residual[8, ink] < 0).mean(),
    }


def smallest_change(s):
    """Relative size of the smallest change of a matrix that makes two singular values equal.

    Examples
    --------
    >>> float(smallest_change(np.array([4.0, 3.0, 1.0])))
    0.125
    """
    return -np.diff(s).max() / (2 * s[0])


def two_valuedness(vectors):
    """``(mean |x|)^2 / mean x^2``: 1 where all entries are of two values +-a, 2/pi where normal.

    Examples
    --------
    >>> two_valuedness(np.array([[3, -3, 3, -3], [1, 0, 0, 0]])).tolist()
    [1.0, 0.25]
    """
    return np.abs(vectors).mean(1) ** 2 / (vectors**2).mean(1)


def regions(vectors, inked):
    """How alike neighbouring pixels are: 1 for one tone everywhere, near 0 for noise.

    The mean of x_i x_j over all pairs of neighbours among the given pixels, relative to the mean
    of x_i^2 over these pixels.

    Parameters
    ----------
    vectors : (k, 784) array
    inked : (784,) bool array
        The pixels that count.

    Examples
    --------
    >>> stripes = np.tile([1.0, -1.0], 392)
    >>> regions(np.array([np.ones(784), stripes]), np.ones(784, bool)).tolist()
    [1.0, 0.0]
    """
    x, inked = vectors.reshape(-1, 28, 28), inked.reshape(28, 28)
    beside = (x[:, :, 1:] * x[:, :, :-1])[:, inked[:, 1:] & inked[:, :-1]].mean(1)
    below = (x[:, 1:] * x[:, :-1])[:, inked[1:] & inked[:-1]].mean(1)
    return (beside + below) / 2 / (x[:, inked] ** 2).mean(1)


def five_layers(network):
    """Widths of fc5, and how far equation (5) gets, layer by layer, with 1000 test images.

    Parameters
    ----------
    network : torch.nn.Module
        fc5.

    Examples
    --------
    >>> from vslib import networks
    >>> found = five_layers(networks.load("fc5"))
    >>> float(found["fc5_recovered"]), float(found["fc5_newton"])
    (0.0, 1.0)
    """
    import torch

    images = torch.tensor(mnist.load("test")[0][:1000]).double()
    with asked(network, double=True) as ask:
        y = ask(images).detach().numpy()
    found = invert(network, y, partial=True)
    stop = found.stops[0]
    widths = [len(matrix.values) for matrix in layers.matrices(network).values()]
    newton = invert(network, y[:100], "newton", partial=True)
    return {
        "fc5_widths": float(widths == [256, 256, 128, 32, 10]),
        "fc5_recovered": found.solved.mean(),
        "fc5_outside": getattr(stop, "entries", 0) / stop.values.size,
        "fc5_newton": newton.solved.mean(),
    }
