"""The matrix of one layer as equal blocks on a diagonal, its singular values, and its rank."""

import math
from dataclasses import dataclass

import numpy as np

from vslib.spaces import centred

__all__ = ["Decomposed", "blocks_of", "decompose", "gram_values", "rounding"]

EPS = np.finfo(np.float64).eps


@dataclass(frozen=True, eq=False)
class Decomposed:
    """Singular values of a block-diagonal matrix, and its row space.

    Attributes
    ----------
    shape : (int, int)
        m and n of the whole matrix.
    values : (min(m, n),) array
        All singular values of all blocks, in decreasing order.
    threshold : float
        Values up to this count as zero.
    bases : list of (n / groups, r) arrays or None
        Of each block an orthonormal basis of its row space; one after the other they have the
        rank of the whole.
    strengths : list of (r,) arrays or None
        The singular values that belong to them.

    Examples
    --------
    >>> found = decompose(np.array([[[3.0, 0.0]], [[0.0, 2.0]]]), 2**-52, vectors=True)
    >>> found.shape, found.values, found.rank
    ((2, 4), array([3., 2.]), 2)
    """

    shape: tuple
    values: np.ndarray
    threshold: float
    bases: list | None = None
    strengths: list | None = None

    @property
    def rank(self):
        """Number of values above the threshold."""
        return int(np.count_nonzero(self.values > self.threshold))


def blocks_of(layer, groups=1, transposed=False):
    """The blocks by which a layer acts on what it takes: (groups, m / groups, n / groups).

    Parameters
    ----------
    layer : vslib.layers.LayerMatrix
        A convolution in the reading "filters".
    groups : int
    transposed : bool
        Whether it is a transposed convolution: its blocks take one pixel and give a patch, where
        those of others take a patch and give one pixel.

    Returns
    -------
    (groups, m / groups, n / groups) array

    Examples
    --------
    >>> from torch import nn
    >>> from vslib.layers import matrices
    >>> layer = matrices(nn.Conv2d(4, 6, 3, groups=2), "filters")[""]
    >>> blocks_of(layer, groups=2).shape
    (2, 3, 18)
    >>> layer = matrices(nn.ConvTranspose2d(4, 6, 3), "filters")[""]
    >>> blocks_of(layer, transposed=True).shape
    (1, 54, 4)
    """
    values = layer.values.reshape(groups, -1, layer.shape[1])
    if transposed:
        taps = math.prod(layer.kernel_shape)
        values = values.reshape(groups, values.shape[1], -1, taps).swapaxes(2, 3)
        values = values.reshape(groups, -1, values.shape[3])
    return values


def rounding(blocks, eps):
    """How large a singular value the rounding of entries to short floats could make by itself.

    An entry is off by up to half a unit in its last place, with a variance of a twelfth of that
    unit squared; a matrix of such errors has values up to about the norm of its largest row plus
    that of its largest column.

    Parameters
    ----------
    blocks : (groups, m, n) array
    eps : float
        Of the floats in which the entries are stored (`vslib.arrays.resolution`).

    Returns
    -------
    float

    References
    ----------
    Bandeira and van Handel (2016), Sharp nonasymptotic bounds on the norm of random matrices
    with independent entries.

    Examples
    --------
    >>> round(rounding(np.ones((1, 1, 1)), 2**-7) * 2**7, 3)
    0.577
    """
    units = np.ldexp(eps, np.frexp(blocks)[1] - 1) * (blocks != 0)
    rows, columns = ((units**2).sum(axis).max() for axis in (2, 1))
    return float((math.sqrt(rows) + math.sqrt(columns)) / math.sqrt(12))


def gram_values(products):
    """Singular values of a matrix from its smaller Gram matrix, in decreasing order.

    Examples
    --------
    >>> gram_values(np.diag([4.0, 9.0]))
    array([3., 2.])
    """
    return np.sqrt(np.maximum(np.linalg.eigvalsh(products)[..., ::-1], 0))


def decompose(blocks, precision, floor=0.0, vectors=False):
    """Singular values of a block-diagonal matrix, and bases of its row space.

    By the smaller Gram matrix of each block, in float64, where the rank is judged more coarsely
    than that loses digits; else by singular value decompositions.

    Parameters
    ----------
    blocks : (groups, m / groups, n / groups) array
    precision : float
        Values up to max(m, n) times this, relative to the largest, count as zero
        (`vslib.arrays.precision`).
    floor : float
        And so do values up to this, as `rounding` gives it.
    vectors : bool
        Whether bases are wanted.

    Returns
    -------
    Decomposed

    Examples
    --------
    >>> rows = np.random.default_rng(0).normal(size=(1, 3, 2)) @ np.ones((1, 2, 5))
    >>> decompose(rows, 2**-23).rank
    1
    """
    groups, m, n = blocks.shape
    shape = (groups * m, groups * n)
    scaled, powers = centred(blocks, axis=None)
    power = int(powers.ravel()[0])
    relative = max(shape) * precision
    gram = 3 * math.sqrt(max(m, n) * EPS) < relative
    values, right = (_by_gram if gram else _by_svd)(scaled, vectors)
    threshold = max(relative * values.max(), math.ldexp(floor, -power))
    bases = strengths = None
    if vectors:
        counts = (values > threshold).sum(1)
        bases = [rows[:r].T for rows, r in zip(right, counts, strict=True)]
        strengths = [np.ldexp(s[:r], power) for s, r in zip(values, counts, strict=True)]
    ordered = np.ldexp(np.sort(values.ravel())[::-1], power)
    return Decomposed(shape, ordered, math.ldexp(threshold, power), bases, strengths)


def _by_svd(blocks, vectors):
    if not vectors:
        return np.linalg.svd(blocks, compute_uv=False), None
    return np.linalg.svd(blocks, full_matrices=False)[1:]


def _by_gram(blocks, vectors):
    _, m, n = blocks.shape
    turned = blocks.swapaxes(1, 2)
    products = blocks @ turned if m <= n else turned @ blocks
    if not vectors:
        return gram_values(products), None
    squares, right = np.linalg.eigh(products)
    values, right = np.sqrt(np.maximum(squares[:, ::-1], 0)), right[:, :, ::-1].swapaxes(1, 2)
    if m <= n:
        # A value of zero has no vector; its row is cut off by the threshold.
        right = (right @ blocks) / np.maximum(values, 1e-300)[..., None]
    return values, right
