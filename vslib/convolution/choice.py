"""Which way of decomposing a convolution is exact enough, and the cheapest of those."""

from vslib.convolution import spectra
from vslib.convolution.free import Fourier, Products
from vslib.convolution.ways import Dense, Gram, Patches

__all__ = ["choose"]

SMALL = 1.5e9  # operations of a dense decomposition that are done without a thought
LARGE = 4e10  # and those that are done where the Gram matrix would lose what float64 holds


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
    work, fits = min(m, n) ** 2 * max(m, n), spectra.fits((m, n))
    if fits and (work <= SMALL or (tolerance < 1e-7 and work <= LARGE)):
        return Dense(A)
    return Gram(A) if fits else Products(A)
