"""A bijection in NumPy: the same arithmetic on arrays, forward and back."""

import numpy as np

from vslib.arrays import real_array
from vslib.bijections import Coupling, Mix, Squeeze

__all__ = ["ArrayBijection", "Squeezing", "convolved", "squeezed", "unsqueezed"]

BATCH = 250


class ArrayBijection:
    """A bijection of `vslib.bijections` on arrays, in float64.

    Parameters
    ----------
    bijection : vslib.bijections.Bijection
        With additive or affine couplings; its weights are copied.

    Raises
    ------
    ValueError
        If it has a layer of another kind, or a coupling without inverse.

    Examples
    --------
    >>> import torch
    >>> from vslib import networks
    >>> from vslib.invertible import Bijection
    >>> phi = ArrayBijection(networks.load("bijection").bijection)
    >>> x = np.random.default_rng(0).random((2, 28, 28))
    >>> z = phi.forward(x)
    >>> z.shape, bool(np.abs(phi.inverse(z) - x).max() < 1e-13)
    ((2, 784), True)
    """

    def __init__(self, bijection):
        self.steps = [_step(layer) for layer in getattr(bijection, "layers", ())]
        if not self.steps:
            raise ValueError(f"bijection: expected one with layers, got {type(bijection).__name__}")

    def forward(self, x):
        """Images (N, 28, 28) to codes (N, 784)."""
        x = real_array(x, "x", axes=3)
        if x.shape[1:] != (28, 28):
            raise ValueError(f"x: expected images of shape (N, 28, 28), got {x.shape}")
        return np.concatenate([self._through(x[i : i + BATCH]) for i in range(0, len(x), BATCH)])

    def inverse(self, z):
        """Codes (N, 784) to images (N, 28, 28)."""
        z = real_array(z, "z", axes=2, length=784)
        return np.concatenate([self._back(z[i : i + BATCH]) for i in range(0, len(z), BATCH)])

    def _through(self, x):
        x = x[None]
        for step in self.steps:
            x = step.forward(x)
        return x.transpose(1, 0, 2, 3).reshape(x.shape[1], -1)

    def _back(self, z):
        x = z.reshape(len(z), 16, 7, 7).transpose(1, 0, 2, 3)
        for step in reversed(self.steps):
            x = step.inverse(x)
        return x[0]


def _step(layer):
    if isinstance(layer, Squeeze):
        return Squeezing()
    if isinstance(layer, Mix):
        return _Mix(real_array(layer.matrix, "matrix"))
    if isinstance(layer, Coupling) and layer.kind != "rectified":
        return _Coupling(layer)
    kind = getattr(layer, "kind", "")
    raise ValueError(
        "bijection: expected layers Squeeze, Mix and Coupling with an inverse, "
        f"got {type(layer).__name__} {kind}".strip()
    )


class Squeezing:
    """`squeezed` and back, as a step of a chain, in floats and on integers.

    Examples
    --------
    >>> x = np.arange(32).reshape(2, 1, 4, 4)
    >>> bool((Squeezing().inverse(Squeezing().forward(x)) == x).all())
    True
    """

    def forward(self, x):
        return squeezed(x)

    def inverse(self, x):
        return unsqueezed(x)


class _Mix:
    def __init__(self, matrix):
        self.matrix = matrix

    def forward(self, x):
        return np.tensordot(self.matrix, x, 1)

    def inverse(self, x):
        return np.tensordot(self.matrix.T, x, 1)


class _Coupling:
    def __init__(self, layer):
        self.flip, self.affine = layer.flip, layer.kind == "affine"
        self.parts = [
            (real_array(part.weight, "weight"), real_array(part.bias, "bias"))
            for part in layer.net[::2]
        ]

    def _terms(self, a):
        for number, (weight, bias) in enumerate(self.parts):
            a = convolved(weight, a) + bias[:, None, None, None]
            a = np.maximum(a, 0) if number < len(self.parts) - 1 else a
        if not self.affine:
            return 1.0, a
        s, t = np.split(a, 2)
        return np.exp(np.tanh(s)), t

    def forward(self, x):
        a, b = np.split(x, 2)[:: -1 if self.flip else 1]
        scale, t = self._terms(a)
        return np.concatenate([a, b * scale + t][:: -1 if self.flip else 1])

    def inverse(self, x):
        a, b = np.split(x, 2)[:: -1 if self.flip else 1]
        scale, t = self._terms(a)
        return np.concatenate([a, (b - t) / scale][:: -1 if self.flip else 1])


def convolved(weight, x):
    """A convolution that keeps height and width, zeros around: one product of matrices.

    Parameters
    ----------
    weight : (out, c, k, k) array
        k odd.
    x : (c, N, h, w) array

    Returns
    -------
    (out, N, h, w) array

    Examples
    --------
    >>> convolved(np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 3)))[0, 0]
    array([[4., 6., 4.],
           [4., 6., 4.]])
    """
    out, channels, size, _ = weight.shape
    _, count, height, width = x.shape
    by = size // 2
    wide = np.pad(x, ((0, 0), (0, 0), (by, by), (by, by)))
    windows = np.empty((size, size, channels, count, height, width), x.dtype)
    for i, j in np.ndindex(size, size):
        windows[i, j] = wide[:, :, i : i + height, j : j + width]
    columns = windows.reshape(size * size * channels, -1)
    rows = weight.transpose(0, 2, 3, 1).reshape(out, -1)
    return (rows @ columns).reshape(out, count, height, width)


def squeezed(x):
    """Each square of four pixels becomes four channels: (c, N, 2h, 2w) to (4c, N, h, w).

    Examples
    --------
    >>> squeezed(np.arange(4).reshape(1, 1, 2, 2)).ravel()
    array([0, 1, 2, 3])
    """
    channels, count, height, width = x.shape
    x = x.reshape(channels, count, height // 2, 2, width // 2, 2)
    return x.transpose(0, 3, 5, 1, 2, 4).reshape(4 * channels, count, height // 2, width // 2)


def unsqueezed(x):
    """The inverse of `squeezed`: (4c, N, h, w) to (c, N, 2h, 2w).

    Examples
    --------
    >>> x = np.arange(32).reshape(2, 1, 4, 4)
    >>> bool((unsqueezed(squeezed(x)) == x).all())
    True
    """
    channels, count, height, width = x.shape
    x = x.reshape(channels // 4, 2, 2, count, height, width)
    return x.transpose(0, 3, 4, 1, 5, 2).reshape(channels // 4, count, 2 * height, 2 * width)
