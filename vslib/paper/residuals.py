"""What residuals still hold: of averages moved to one centre, for other readers, layer by layer."""

import functools

import numpy as np

from vslib import layers, mnist
from vslib.spaces import Subspaces, project

__all__ = ["centred_averages", "lost", "readable", "translation"]


def translation(W):
    """What the rows of a layer leave of averages that are, or are not, in one place.

    Parameters
    ----------
    W : (10, 784) array
        Weights of fc1.

    Returns
    -------
    dict of str to float

    Examples
    --------
    >>> from vslib import networks
    >>> found = translation(networks.weights("fc1")["layer1.weight"])
    >>> round(found["mnist_offset"], 2), round(found["fc1_left_centred"], 3)
    (0.29, 0.875)
    """
    averages = mnist.class_averages(*mnist.load("train"))
    centred, offset = centred_averages()
    steps = [np.roll(averages, step, axis) for step in (-1, 1) for axis in (1, 2)]
    return {
        "mnist_offset": offset,
        "mnist_left_mean": _left_by_averages(),
        "fc1_left_centred": float(_left(centred, W).mean()),
        "fc1_left_shifted": float(np.mean([_left(moved, W).mean() for moved in steps])),
    }


def _left(averages, W):
    """The share of the energy of each average that its own row of W leaves."""
    x = averages.reshape(10, 784)
    residual = project(x, W)[1][range(10), range(10)]
    return (residual**2).sum(1) / (x**2).sum(1)


@functools.cache
def centred_averages():
    """Class averages of the training images, each moved to the mean of all centres of mass first.

    Returns
    -------
    averages : (10, 28, 28) array
        Moved by parts of a pixel, with bilinear weights.
    offset : float
        Standard deviation of the centres before, along an axis, in pixels.

    Examples
    --------
    >>> averages, offset = centred_averages()
    >>> averages.shape, round(offset, 2)
    ((10, 28, 28), 0.29)
    """
    images, labels = mnist.load("train")
    places = np.arange(28, dtype=np.float32)
    centres = np.stack([images.sum(2) @ places, images.sum(1) @ places]) / images.sum((1, 2))
    move = centres.mean(1, keepdims=True) - centres
    reach = int(np.ceil(np.abs(move).max()))
    total = np.zeros((10, 28, 28))
    for steps in np.ndindex(2 * reach + 1, 2 * reach + 1):
        step = np.array(steps) - reach
        weights = np.maximum(0, 1 - np.abs(move - step[:, None])).prod(0)
        for digit in range(10):
            some = np.flatnonzero((labels == digit) & (weights > 0))
            total[digit] += np.roll(np.tensordot(weights[some], images[some], 1), step, (0, 1))
    counts = np.bincount(labels)[:, None, None]
    return total / counts, float(np.sqrt(move.var(1).mean()))


@functools.cache
def _left_by_averages():
    """The share of a single image's energy that the direction of its class's average leaves."""
    images, labels = mnist.load("train")
    averages = mnist.class_averages(images, labels).reshape(10, 784)
    x = images.reshape(-1, 784)
    own = np.einsum("ij,ij->i", x, averages[labels]) ** 2 / (averages**2).sum(1)[labels]
    alone = 1 - own / (x.astype(np.float64) ** 2).sum(1)
    return float(np.mean([alone[labels == digit].mean() for digit in range(10)]))


def readable(W):
    """How many test digits least squares reads from whole images, and from what W rejects.

    As a control, also from what a layer rejects whose rows are the class averages. Only pixels
    that have ink in some training image count: in the others, where images are zero, a rejected
    part would give away its signal part.

    Parameters
    ----------
    W : (m, 784) array

    Returns
    -------
    dict of str to float

    Examples
    --------
    >>> from vslib import networks
    >>> found = readable(networks.weights("fc1")["layer1.weight"])
    >>> {key: round(share, 2) for key, share in found.items()}
    {'mnist_read': 0.86, 'mnist_read_averages': 0.11, 'fc1_read_rejected': 0.86}
    """
    return _read_without_averages() | {"fc1_read_rejected": _read(W)}


@functools.cache
def _read_without_averages():
    averages = mnist.class_averages(*mnist.load("train")).reshape(10, 784)
    return {"mnist_read": _read(None), "mnist_read_averages": _read(averages)}


def _read(W):
    """The share of test digits that is read from the part that W rejects, if there is a W."""
    live, gram, sums = _moments()
    keep = np.eye(len(gram))
    if W is not None:
        basis = Subspaces(W[:, live]).signal
        keep[:-1, :-1] -= basis @ basis.T
    C = np.linalg.lstsq(keep @ gram @ keep, keep @ sums, rcond=1e-10)[0]
    images, labels = mnist.load("test")
    x = np.c_[images.reshape(-1, 784)[:, live], np.ones(len(images))]
    return float(((x @ (keep @ C)).argmax(1) == labels).mean())


@functools.cache
def _moments():
    """Pixels that are ever inked, and the moments of training images that least squares needs."""
    images, labels = mnist.load("train")
    x = images.reshape(-1, 784)
    live = x.max(0) > 0
    gram, sums = 0.0, 0.0
    for chunk in np.array_split(np.arange(len(x)), 6):
        part = np.c_[x[chunk][:, live], np.ones(len(chunk))].astype(np.float64)
        gram, sums = gram + part.T @ part, sums + part.T @ np.eye(10)[labels[chunk]]
    return live, gram, sums


def lost(network):
    """The share of the energy of its own input that each layer rejects, in the mean.

    Parameters
    ----------
    network : torch.nn.Module
        fc5; asked with 1000 test images.

    Returns
    -------
    dict of str to float

    Examples
    --------
    >>> from vslib import networks
    >>> [round(float(share), 2) for share in lost(networks.load("fc5")).values()]
    [0.37, 0.0, 0.2, 0.25, 0.37]
    """
    import torch

    x, shares = mnist.load("test")[0][:1000].reshape(1000, 784).astype(np.float64), {}
    for number, layer in enumerate(layers.matrices(network).values(), 1):
        shares[f"fc5_lost_{number}"] = Subspaces(layer).rejected_energy(x).mean()
        z = torch.tensor(x @ layer.values.T + layer.bias)
        x = torch.nn.functional.selu(z).numpy()
    return shares
