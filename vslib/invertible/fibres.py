"""All images with one output: codes taken apart, and put together again otherwise."""

import numpy as np

from vslib.arrays import real_array
from vslib.invertible.opening import TOLERANCE, opened, shaped

__all__ = ["code", "decode", "exchange", "preimage", "split", "walk"]


def code(classifier, x):
    """The codes of images: what the bijection makes of them, in float64.

    Parameters
    ----------
    classifier : vslib.invertible.Classifier
        In any precision; it stays as it is.
    x : (..., 28, 28) array

    Returns
    -------
    (..., 784) array

    Raises
    ------
    ValueError
        If the classifier has no invertible bijection with a linear readout, or x is no array of
        finite images.

    Examples
    --------
    >>> from vslib import mnist, networks
    >>> code(networks.load("bijection"), mnist.load("test")[0][:3]).shape
    (3, 784)
    """
    images = shaped(x, "x")
    with opened(classifier) as net:
        return net.code(images).reshape(*images.shape[:-2], 784)


def decode(classifier, z):
    """The images of codes: the inverse of `code`.

    Parameters
    ----------
    classifier : vslib.invertible.Classifier
    z : (..., 784) array

    Returns
    -------
    (..., 28, 28) array

    Raises
    ------
    ValueError
        As `code` does, or if z is no array of finite codes.

    Examples
    --------
    >>> from vslib import mnist, networks
    >>> classifier, x = networks.load("bijection"), mnist.load("test")[0][:3]
    >>> bool(np.abs(decode(classifier, code(classifier, x)) - x).max() < 1e-13)
    True
    """
    z = real_array(z, "z", length=784)
    with opened(classifier) as net:
        return net.decode(z).reshape(*z.shape[:-1], 28, 28)


def split(classifier, x):
    """The parts of the codes of images that the readout sees and rejects; they add up to them.

    Parameters
    ----------
    classifier : vslib.invertible.Classifier
    x : (..., 28, 28) array

    Returns
    -------
    signal, rejected : (..., 784) arrays
        In Signal(A) and in RejSignal(A), A the matrix of the readout.

    Raises
    ------
    ValueError
        As `code` does.

    Examples
    --------
    >>> from vslib import mnist, networks
    >>> signal, rejected = split(networks.load("bijection"), mnist.load("test")[0][:3])
    >>> bool(np.abs((signal * rejected).sum(1)).max() < 1e-9)
    True
    """
    images = shaped(x, "x")
    with opened(classifier) as net:
        z = net.code(images).reshape(*images.shape[:-2], 784)
        return net.spaces.split(z)


def preimage(classifier, y, rejected=None):
    """The image with given outputs and a given rejected part: phi^-1(A^+ (y - b) + r).

    Every image with these outputs is found so, with its own r: equation (5) for a whole network.

    Parameters
    ----------
    classifier : vslib.invertible.Classifier
    y : (..., 10) array
        Outputs.
    rejected : (..., 784) array, optional
        Codes, of which the part in RejSignal(A) is taken; by default 0.

    Returns
    -------
    Found

    Raises
    ------
    ValueError
        As `code` does; if the readout cannot give y; if rounding has spoilt the way back.

    References
    ----------
    Pattichis and Pattichis (2024), equation (5).

    Examples
    --------
    >>> from vslib import mnist, networks
    >>> classifier, x = networks.load("bijection"), mnist.load("test")[0][0]
    >>> signal, rejected = split(classifier, x)
    >>> A, b = classifier.readout.weight.double(), classifier.readout.bias.double()
    >>> found = preimage(classifier, A.numpy() @ signal + b.numpy(), rejected)
    >>> bool(np.abs(found.x - x).max() < 1e-11)
    True
    """
    with opened(classifier) as net:
        y = real_array(y, "y", length=len(net.b))
        z = net.spaces.preimage(y - net.b)
        reached = z @ net.A.T + net.b
        worst = np.abs(reached - y).max()
        if worst > TOLERANCE * max(1, np.abs(y).max()):
            raise ValueError(
                f"y: expected outputs that the readout of rank {net.spaces.rank} gives, got some "
                f"that differ from those by up to {worst:.3g}"
            )
        if rejected is not None:
            z = z + net.spaces.split(real_array(rejected, "rejected", length=784))[1]
        return net.found(z, y)


def exchange(classifier, x, other):
    """Images with the signal of `x`, and so its outputs, and the rejected part of `other`.

    Parameters
    ----------
    classifier : vslib.invertible.Classifier
    x, other : (..., 28, 28) arrays
        Their first axes are broadcast.

    Returns
    -------
    Found

    Raises
    ------
    ValueError
        As `code` does; if the axes do not fit; if rounding has spoilt the way back.

    Examples
    --------
    >>> from vslib import mnist, networks
    >>> x = mnist.load("test")[0][:2]
    >>> found = exchange(networks.load("bijection"), x[:, None], x)
    >>> found.x.shape, bool(found.error.max() < 1e-12)
    ((2, 2, 28, 28), True)
    """
    x, other = shaped(x, "x"), shaped(other, "other")
    try:
        np.broadcast_shapes(x.shape, other.shape)
    except ValueError as error:
        raise ValueError(
            f"x and other: expected axes that fit, got {x.shape} and {other.shape}"
        ) from error
    return _mixed(classifier, x, other, np.ones(()))


def walk(classifier, x, other, steps=9):
    """A way from an image to another one along which no output changes.

    The rejected part of its code goes in equal steps from that of `x` to that of `other`; the
    signal stays. The last image is that of `exchange`.

    Parameters
    ----------
    classifier : vslib.invertible.Classifier
    x, other : (28, 28) arrays
    steps : int
        Images, those at both ends among them; 2 or more.

    Returns
    -------
    Found
        With `steps` images.

    Raises
    ------
    ValueError
        As `exchange` does.

    Examples
    --------
    >>> from vslib import mnist, networks
    >>> x = mnist.load("test")[0]
    >>> found = walk(networks.load("bijection"), x[0], x[1], steps=5)
    >>> found.x.shape, bool(found.error.max() < 1e-12)
    ((5, 28, 28), True)
    >>> bool(np.abs(found.x[0] - x[0]).max() < 1e-12)
    True
    """
    x, other = shaped(x, "x", 2), shaped(other, "other", 2)
    if not (isinstance(steps, int | np.integer) and steps >= 2):
        raise ValueError(f"steps: expected an integer, 2 or more, got {steps!r}")
    return _mixed(classifier, x, other, np.linspace(0, 1, steps)[:, None])


def _mixed(classifier, x, other, share):
    with opened(classifier) as net:
        z, w = (net.code(each).reshape(*each.shape[:-2], 784) for each in (x, other))
        signal, own = net.spaces.split(z)
        rejected = net.spaces.split(w)[1]
        return net.found(signal + (1 - share) * own + share * rejected, z @ net.A.T + net.b)


def _mixed(classifier, x, other, share):
    with opened(classifier) as net:
        z, w = (net.code(each).reshape(*each.shape[:-2], 784) for each in (x, other))
        signal, own = net.spaces.split(z)
        rejected = net.spaces.split(w)[1]
        return net.found(signal + (1 - share) * own + share * rejected, z @ net.A.T + net.b)
