"""A classifier ready to be asked in float64, and images with their certificate."""

from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from vslib.arrays import precision, real_array
from vslib.inference import asked
from vslib.spaces import Subspaces

__all__ = ["Found", "opened", "shaped"]

BATCH = 25  # what fits a processor's cache: twice as fast as 250
TOLERANCE = 1e-8


@dataclass(frozen=True)
class Found:
    """Images that were computed back from codes, with their certificate.

    Attributes
    ----------
    x : (..., 28, 28) array
        Real numbers; nothing keeps them in [0, 1].
    error : (...) array
        The worst difference between the outputs of `x`, as the network itself computes them in
        float64, and the outputs that were asked for.

    Examples
    --------
    >>> from vslib import networks
    >>> from vslib.invertible import preimage
    >>> found = preimage(networks.load("bijection"), np.zeros(10))
    >>> found.x.shape, bool(found.error < 1e-12)
    ((28, 28), True)
    """

    x: np.ndarray
    error: np.ndarray


def shaped(x, name, axes=None):
    """Images as an array of finite float64, or an error that says what came instead.

    Raises
    ------
    ValueError
        If they are no finite real images of 28 x 28.

    Examples
    --------
    >>> shaped(np.zeros((3, 28, 28), np.uint8), "x").dtype
    dtype('float64')
    """
    x = real_array(x, name, axes, 28)
    if x.shape[-2:] != (28, 28):
        raise ValueError(f"{name}: expected images of shape (..., 28, 28), got {x.shape}")
    return x


@contextmanager
def opened(classifier):
    """A classifier made ready to be asked in float64, for as long as the context lasts.

    Raises
    ------
    ValueError
        If it has no invertible `bijection`, or no linear `readout`.

    Examples
    --------
    >>> from vslib import networks
    >>> with opened(networks.load("bijection")) as net:
    ...     net.spaces
    Subspaces(10 x 784, rank 10)
    """
    bijection, readout = (getattr(classifier, part, None) for part in ("bijection", "readout"))
    if (
        not callable(getattr(bijection, "inverse", None))
        or getattr(readout, "weight", None) is None
    ):
        raise ValueError(
            "classifier: expected one with a bijection and a linear readout, "
            f"got {type(classifier).__name__}"
        )
    if getattr(bijection, "kind", "") == "rectified":
        raise ValueError("classifier: expected one with an inverse, got the twin, which has none")
    eps = precision(readout.weight)
    with asked(classifier, (28, 28), double=True) as ask:
        yield _Opened(classifier, ask, eps)


class _Opened:
    def __init__(self, classifier, ask, eps):
        self.bijection, self.ask = classifier.bijection, ask
        readout = classifier.readout
        self.A = real_array(readout.weight, "A", axes=2, length=784)
        self.b = np.zeros(len(self.A)) if readout.bias is None else real_array(readout.bias, "b")
        self.spaces = Subspaces(self.A, rtol=max(self.A.shape) * eps)

    def code(self, x):
        return self._each(self.bijection, x.reshape(-1, 28, 28))

    def decode(self, z):
        x = self._each(self.bijection.inverse, z.reshape(-1, 784))
        if not np.isfinite(x).all():
            raise ValueError("z: expected codes of images within float64, got larger ones")
        return x

    def found(self, z, y):
        """The images of codes, and how far their outputs are from those that are asked for."""
        x = self.decode(z)
        error = np.abs(self._each(self.ask, x).reshape(*z.shape[:-1], -1) - y).max(-1)
        allowed = TOLERANCE * max(1, np.abs(y).max())
        if not error.max() <= allowed:
            raise ValueError(
                f"codes: expected images whose outputs differ by {allowed:.1g} at most, got "
                f"{error.max():.3g} by rounding, for codes up to {np.abs(z).max():.3g}"
            )
        return Found(x.reshape(*z.shape[:-1], 28, 28), error)

    def _each(self, function, rows):
        import torch

        with torch.no_grad():
            parts = [
                function(self.ask.tensor(rows[first : first + BATCH])).cpu().numpy()
                for first in range(0, len(rows), BATCH)
            ]
        return np.concatenate(parts)
