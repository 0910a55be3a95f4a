"""Linear maps that are never written down: their spectra, and what they let through."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve, eigh, eigvalsh
from scipy.sparse.linalg import lsmr

__all__ = ["Spectrum", "coarse", "fits", "gram", "gram_spectrum", "signal_part"]

MEMORY = 4 * 2**30  # bytes that a dense Gram matrix and its decomposition may take
COLUMNS = 784  # of the identity, pushed through the map at a time
EPS = np.finfo(np.float64).eps


@dataclass(frozen=True)
class Spectrum:
    """Singular values of a linear map, and how they were found.

    Attributes
    ----------
    values : (k,) array
        In decreasing order.
    method : {"dense", "patches", "fft", "gram", "krylov"}
        From the singular value decomposition of the whole matrix; of the filters, where no two
        places of the kernel share an entry; of the blocks of the Fourier transform; from the
        eigenvalues of the smaller Gram matrix; or by a block Krylov iteration. Groups are taken
        one by one: then it is the way of the coarsest.
    residual : float
        Error of a value relative to the largest: for "krylov" measured, as the largest of
        ||A v - s u|| and ||A^T u - s v||; otherwise a bound from rounding.
    tolerance : float
        What counts as zero, relative to the largest value: ``max(m, n) * eps`` with the eps of
        the precision of the weights (`vslib.arrays.precision`), or rtol; "gram" tells nothing
        below sqrt(max(m, n) eps) of float64.
    missed : float
        No value that is larger than (1 + missed) times the last one was left out; 0 but for
        "krylov".
    confidence : float
        With which that is certain, over the random starts of the iteration; 1 but for "krylov".

    Examples
    --------
    >>> spectrum = Spectrum(np.array([4.0, 2.0, 1e-20]), "gram", 1e-16, 1e-8)
    >>> spectrum.rank, spectrum.condition_number
    (2, 2.0)
    """

    values: np.ndarray
    method: str
    residual: float
    tolerance: float
    missed: float = 0.0
    confidence: float = 1.0

    @property
    def rank(self):
        """Number of values above the tolerance."""
        return int(np.count_nonzero(self.values > self.tolerance * self.values[0]))

    @property
    def condition_number(self):
        """s1 / sr, with r the rank; a ValueError where all values are zero."""
        if self.rank == 0:
            raise ValueError("condition number: expected a map of rank 1 or more, got rank 0")
        return float(self.values[0] / self.values[self.rank - 1])


def fits(shape):
    """Whether the smaller Gram matrix of a map of this shape may be made and decomposed.

    Examples
    --------
    >>> fits((3136, 3136)), fits((200_000, 200_000))
    (True, False)
    """
    return 24 * min(shape) ** 2 <= MEMORY


def coarse(length):
    """What a Gram matrix of a map with max(m, n) = length cannot tell from zero, relative to s1.

    Examples
    --------
    >>> f"{coarse(3136):.1e}"
    '8.3e-07'
    """
    return math.sqrt(length * EPS)


def gram(A):
    """The smaller of A A^T and A^T A, dense, from products with blocks of the identity.

    Parameters
    ----------
    A : scipy.sparse.linalg.LinearOperator, (m, n)

    Returns
    -------
    (k, k) array
        k = min(m, n); A^T A where m = n.

    Raises
    ------
    ValueError
        If it does not fit in memory; the message says the sizes.

    Examples
    --------
    >>> from scipy.sparse.linalg import aslinearoperator
    >>> gram(aslinearoperator(np.array([[1.0, 2.0, 2.0]])))
    array([[9.]])
    """
    size = min(A.shape)
    if not fits(A.shape):
        raise ValueError(
            f"a map of {A.shape[0]} x {A.shape[1]}: expected a Gram matrix that fits in "
            f"{MEMORY / 2**30:.0f} GiB, got {size} x {size}, which needs "
            f"{24 * size**2 / 2**30:.1f}; ask for the largest k singular values instead"
        )
    there, back = (A.rmatmat, A.matmat) if A.shape[0] < A.shape[1] else (A.matmat, A.rmatmat)
    result = np.empty((size, size))
    for start in range(0, size, COLUMNS):
        block = np.eye(size, min(COLUMNS, size - start), -start)
        result[:, start : start + COLUMNS] = back(there(block))
    return (result + result.T) / 2


def gram_spectrum(products, length):
    """All singular values of a map from its Gram matrix.

    Squaring costs digits at the small end: a value s is known to about eps s1^2 / s, and what
    lies below sqrt(length eps) s1 cannot be told from zero.

    Parameters
    ----------
    products : (k, k) array
    length : int
        max(m, n) of the map.

    Returns
    -------
    Spectrum

    Examples
    --------
    >>> gram_spectrum(np.diag([4.0, 9.0]), 2).values
    array([3., 2.])
    """
    values = np.sqrt(np.maximum(eigvalsh(products, driver="ev", check_finite=False)[::-1], 0))
    error = EPS * math.sqrt(len(values))
    smallest = values[-1] / values[0] if values[0] else 1.0
    residual = float(error / max(smallest, math.sqrt(error)))
    return Spectrum(values, "gram", residual, coarse(length))


def signal_part(A, X, products=None, rank=None):
    """Part of each column of X in the row space of A.

    Parameters
    ----------
    A : scipy.sparse.linalg.LinearOperator, (m, n)
    X : (n, b) array
    products : (m, m) or (n, n) array, optional
        A A^T or A^T A; the latter if m = n. Without it each column is found by LSMR, the
        least-norm solution of A s = A x, from products alone (Fong and Saunders 2011).
    rank : int, optional
        Of A; goes with `products`.

    Returns
    -------
    (n, b) array

    Raises
    ------
    ValueError
        If LSMR does not converge.

    Examples
    --------
    >>> from scipy.sparse.linalg import aslinearoperator
    >>> signal_part(aslinearoperator(np.array([[1.0, 0.0]])), np.array([[3.0], [4.0]])).round(6)
    array([[3.],
           [0.]])
    """
    m, n = A.shape
    if products is None:
        return np.column_stack([_least_norm(A, x) for x in X.T])
    if rank == n:
        return X.copy()
    if rank == m:
        factor = cho_factor(products, check_finite=False)
        return _refined(A, X, lambda Y: cho_solve(factor, Y, check_finite=False))
    squares, vectors = eigh(products, check_finite=False)
    squares, vectors = squares[len(squares) - rank :], vectors[:, len(vectors) - rank :]
    if len(products) == n:
        return vectors @ (vectors.T @ X)
    return _refined(A, X, lambda Y: vectors @ ((vectors.T @ Y) / squares[:, None]))


def _refined(A, X, solve):
    # Two corrections give back the digits that the squared condition number took.
    signal = A.rmatmat(solve(A.matmat(X)))
    for _ in range(2):
        signal += A.rmatmat(solve(A.matmat(X - signal)))
    return signal


def _least_norm(A, x):
    limit = 20 * min(A.shape)
    solution, reason, steps, *_ = lsmr(
        A, A.matvec(x), atol=1e-14, btol=1e-14, conlim=0, maxiter=limit
    )
    if reason == 7:
        raise ValueError(
            f"a map of {A.shape[0]} x {A.shape[1]}: LSMR did not split an input in {steps} steps"
        )
    return solution
