"""Which way of decomposing a convolution is exact enough, and the cheapest of those."""

from vslib.convolution import spectra
from vslib.convolution.free import Fourier, Products
from vslib.convolution.ways import Dense, Gram, Patches

__all__ = ["choose", "choose_few", "vectors_of"]

SMALL = 1.5e9  # operations of a dense decomposition that are done without a thought
LARGE = 4e10  # and those that are done where the Gram matrix would lose what float64 holds
MANY = 4e11  # and those, of all groups, that are done where only the largest values are asked for


def choose(A, tolerance):
    """How a map is decomposed.

    A Gram matrix tells nothing below about 1e-8 of the largest value: a map that fits whole, and
    whose rank is judged more finely than that, is not judged by it.

    Parameters
    ----------
    A : scipy.sparse.linalg.LinearOperator, (m, n)
    tolerance : float
        By which rank will be judged, relative to the largest value.

    Examples
    --------
    >>> import numpy as np
    >>> from vslib.convolution.map import ConvMap
    >>> choose(ConvMap(np.ones((2, 1, 3, 3)), (1, 5, 5)), 1e-12).name
    'dense'
    """
    m, n = A.shape
    if getattr(A, "has_patches", False):
        return Patches(A)
    if getattr(A, "is_block_circulant", False):
        return Fourier(A)
    work, fits = _work(A), spectra.fits((m, n))
    if fits and (work <= SMALL or (tolerance < 1e-7 and work <= LARGE)):
        return Dense(A)
    return Gram(A) if fits else Products(A)


def choose_few(ways, k):
    """Ways for the k largest values alone: products, where groups are too many to take whole.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse.linalg import aslinearoperator
    >>> [way.name for way in choose_few([Dense(aslinearoperator(np.eye(3)))], 1)]
    ['dense']
    """
    whole = {id(way): way for way in ways if isinstance(way, Dense | Gram)}
    if sum(_work(way.A) for way in whole.values()) <= MANY:
        return ways
    few = {key: Products(way.A) for key, way in whole.items() if 20 * k <= min(way.A.shape)}
    return [few.get(id(way), way) for way in ways]


def vectors_of(way):
    """The way that finds vectors: waves are taken whole where the map is small.

    Examples
    --------
    >>> import numpy as np
    >>> from vslib.convolution.map import ConvMap
    >>> kernel = np.ones((1, 1, 1, 3))
    >>> A = ConvMap(kernel, (1, 1, 4), padding=(0, 1), padding_mode="circular")
    >>> vectors_of(Fourier(A)).name
    'dense'
    """
    return way.dense if isinstance(way, Fourier) and _work(way.A) <= LARGE / 8 else way


def _work(A):
    return min(A.shape) ** 2 * max(A.shape)
