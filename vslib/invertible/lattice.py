"""Exact mode: the same network on integers, bit for bit on every machine.

Pixels are counted in sixteenths of a grey level. Products below are of integers in float64, and
every sum stays under 2^53, which is checked: so none is rounded, in whatever order it is computed.
"""

import numpy as np

from vslib.arrays import real_array
from vslib.bijections import Coupling, Mix, Squeeze, hadamard
from vslib.invertible.numeric import Squeezing, convolved
from vslib.invertible.opening import BATCH, opened

__all__ = ["Lattice", "lattice"]

GREYS, FINE = 255, 16
UNIT = 1 / (GREYS * FINE)  # of an integer, as a pixel in [0, 1]
WEIGHT, ACTIVATION = 16, 16  # bits after the point
LIMIT = 2.0**53


def lattice(classifier):
    """The exact mode of a classifier: 8-bit images to integers and back, bit for bit.

    Parameters
    ----------
    classifier : vslib.invertible.Classifier
        With additive couplings.

    Returns
    -------
    Lattice

    Raises
    ------
    ValueError
        If a coupling is not additive, or a mixing no Hadamard matrix with permuted columns.

    Examples
    --------
    >>> from vslib import mnist, networks
    >>> exact = lattice(networks.load("bijection"))
    >>> images = np.round(255 * mnist.load("test")[0][:4]).astype(np.uint8)
    >>> integers = exact.forward(images)
    >>> integers.dtype, bool((exact.inverse(integers) == images).all())
    (dtype('int64'), True)
    >>> exact(images).argmax(1)
    array([7, 2, 1, 0])
    """
    with opened(classifier) as net:
        return Lattice(classifier.bijection.layers, net.A, net.b)


class Lattice:
    """A bijection from images of integers to codes of integers, and a readout of integers.

    Made by `lattice`.

    Examples
    --------
    >>> from vslib import networks
    >>> exact = lattice(networks.load("bijection"))
    >>> exact.forward(np.zeros((1, 28, 28), np.uint8)).shape
    (1, 784)
    """

    def __init__(self, layers, A, b):
        self._steps = [_step(layer) for layer in layers]
        self._A = np.round(A * UNIT * 2.0 ** (WEIGHT + 12))
        self._b = np.round(b * 2.0 ** (WEIGHT + 12))

    def __call__(self, images):
        """Outputs (N, 10) of images (N, 28, 28): integers, 2^28 for each 1 of the network."""
        return self.outputs(self.forward(images))

    def outputs(self, integers):
        """What the readout makes of codes (N, 784): (N, 10) integers."""
        z = np.asarray(integers, dtype=float)
        guarded(self._A, self._b, z)
        return (z @ self._A.T + self._b).astype(np.int64)

    def forward(self, images):
        """Codes (N, 784) of 8-bit images (N, 28, 28): int64, in units of 1 / 4080.

        Images are integers from 0 to 255, or floats that are 255ths of them.
        """
        levels = _levels(images)
        parts = [self._through(levels[i : i + BATCH]) for i in range(0, len(levels), BATCH)]
        return np.concatenate(parts)

    def inverse(self, integers):
        """The 8-bit images (N, 28, 28) of codes (N, 784); a ValueError where a code has none."""
        z = real_array(integers, "integers", axes=2, length=784)
        if (z != np.round(z)).any():
            raise ValueError("integers: expected whole numbers, got fractions")
        x = np.concatenate([self._back(z[i : i + BATCH]) for i in range(0, len(z), BATCH)])
        levels = x / FINE
        strange = (levels != np.round(levels)) | (levels < 0) | (levels > GREYS)
        if strange.any():
            raise ValueError(
                "integers: expected the codes of 8-bit images, got some whose images have "
                f"{strange.sum()} pixels that are no grey level from 0 to {GREYS}"
            )
        return levels.astype(np.uint8)

    def _through(self, levels):
        x = FINE * levels[None]
        for step in self._steps:
            x = step.forward(x)
        return x.transpose(1, 0, 2, 3).reshape(x.shape[1], -1).astype(np.int64)

    def _back(self, z):
        x = z.reshape(len(z), 16, 7, 7).transpose(1, 0, 2, 3)
        for step in reversed(self._steps):
            x = step.inverse(x)
        return x[0]


def _levels(images):
    whole = np.asarray(images).dtype.kind in "ui" if not hasattr(images, "detach") else False
    images = real_array(images, "images", axes=3)
    if images.shape[1:] != (28, 28):
        raise ValueError(f"images: expected shape (N, 28, 28), got {images.shape}")
    levels = images if whole else np.round(GREYS * images)
    if (levels < 0).any() or (levels > GREYS).any():
        raise ValueError(f"images: expected grey levels 0 to {GREYS}, or 255ths in [0, 1]")
    if not whole and np.abs(levels / GREYS - images).max() > 1e-7:
        raise ValueError("images: expected 8-bit images, got pixels between two grey levels")
    return levels


def _step(layer):
    if isinstance(layer, Squeeze):
        return Squeezing()
    if isinstance(layer, Mix):
        return _Mix(real_array(layer.matrix, "matrix"))
    if isinstance(layer, Coupling) and layer.kind == "additive":
        return _Coupling(layer)
    raise ValueError(
        "classifier: expected additive couplings, Mix and Squeeze for the exact mode, got "
        f"{type(layer).__name__} {getattr(layer, 'kind', '')}".strip()
    )


class _Mix:
    """Hadamard matrices of 4 are a reflection, two permutations and signs; of 16, two of those."""

    def __init__(self, matrix):
        H = hadamard(len(matrix))
        self.order = np.argmax(H.T @ matrix, axis=0)
        if not np.array_equal(H[:, self.order], matrix):
            raise ValueError("Mix: expected a Hadamard matrix with permuted columns, got another")
        self.axes = tuple(range(round(np.log2(len(matrix))) // 2))

    def forward(self, x):
        mixed = np.empty_like(x)
        mixed[self.order] = x
        return self._along(mixed, _turned, self.axes)

    def inverse(self, x):
        return self._along(x, _turned_back, self.axes[::-1])[self.order]

    def _along(self, x, turn, axes):
        parts = x.reshape(*[4] * len(axes), *x.shape[1:])
        for axis in axes:
            parts = np.moveaxis(turn(np.moveaxis(parts, axis, 0)), 0, axis)
        return parts.reshape(x.shape)


def _turned(x):
    """The Hadamard matrix of 4: (a, b, c, d) less half its sum, after signs and a swap."""
    a, b, c, d = -x[0], x[1], x[2], x[3]
    total = a + b + c + d
    half = np.floor(total / 2 + 0.5)
    b, c, d = b - half, c - half, d - half
    return np.stack([total + b + c + d, c, b, d])


def _turned_back(y):
    b, c, d = y[2], y[1], y[3]
    total = y[0] - b - c - d
    half = np.floor(total / 2 + 0.5)
    b, c, d = b + half, c + half, d + half
    return np.stack([-(total - b - c - d), b, c, d])


class _Coupling:
    def __init__(self, layer):
        first, second, last = (
            (real_array(part.weight, "weight"), real_array(part.bias, "bias"))
            for part in layer.net[::2]
        )
        into, out = 2.0 ** (WEIGHT + 12), 2.0 ** (WEIGHT - 12) / UNIT
        self.flip = layer.flip
        # Weights and biases as integers, and the bits that come off after the sum.
        self.parts = [
            _rounded(first, UNIT * into, into, into / 2**ACTIVATION),
            _rounded(second, 2.0**WEIGHT, 2.0 ** (WEIGHT + ACTIVATION), 2.0**WEIGHT),
            _rounded(last, out, out * 2**ACTIVATION, 2.0 ** (WEIGHT - 12 + ACTIVATION)),
        ]

    def _term(self, a):
        for number, (weight, bias, over) in enumerate(self.parts):
            guarded(weight, bias, a)
            a = np.floor((convolved(weight, a) + bias[:, None, None, None]) / over + 0.5)
            a = np.maximum(a, 0) if number < 2 else a
        return a

    def forward(self, x, sign=1):
        a, b = np.split(x, 2)[:: -1 if self.flip else 1]
        return np.concatenate([a, b + sign * self._term(a)][:: -1 if self.flip else 1])

    def inverse(self, x):
        return self.forward(x, -1)


def _rounded(part, by, bias_by, over):
    return np.round(part[0] * by), np.round(part[1] * bias_by), over


def guarded(weight, bias, x):
    """An error where a sum of products could reach 2^53, beyond which float64 rounds.

    Raises
    ------
    ValueError
        If so.

    Examples
    --------
    >>> guarded(np.ones((1, 4)), np.zeros(1), np.array([2.0**52]))
    Traceback (most recent call last):
    ValueError: exact mode: expected sums below 2^53, got numbers that could reach 2^54.0
    """
    rows = np.abs(weight).reshape(len(weight), -1).sum(1)
    most = (rows * np.abs(x).max() + np.abs(bias)).max()
    if not most < LIMIT:
        raise ValueError(
            "exact mode: expected sums below 2^53, got numbers that could reach "
            f"2^{np.log2(most):.1f}"
        )
