"""What chance alone would show: the singular values of random matrices."""

import functools
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np

from vslib.arrays import real_array

__all__ = ["Chance", "chance", "two_sided_p"]


def two_sided_p(draws, value):
    """How often chance is at least as far out on either side, in (0, 1].

    Twice the smaller of the two tail shares, each counted with the observation itself, so that
    it is never 0: with 1000 draws the smallest p-value is 0.002.

    Parameters
    ----------
    draws : (N,) array
    value : float
        Infinity is one.

    Raises
    ------
    ValueError
        If `draws` are not finite real numbers, or `value` is none.

    Examples
    --------
    >>> two_sided_p([1.0, 2.0, 3.0], 9.0), two_sided_p([1.0, 2.0, 3.0], 2.0)
    (0.5, 1.0)
    """
    draws = real_array(draws, "draws", axes=1)
    if not isinstance(value, Real) or value != value:
        raise ValueError(f"value: expected a number, got {value!r}")
    tails = [(draws <= value).sum() + 1, (draws >= value).sum() + 1]
    return float(min(1.0, 2 * min(tails) / (len(draws) + 1)))


@dataclass(frozen=True, eq=False)
class Chance:
    """What random matrices of one shape and scale show.

    Attributes
    ----------
    edges : (float, float)
        Where the singular values of a large random matrix end: scale * (sqrt(m) -+ sqrt(n)),
        Marchenko and Pastur (1967).
    scale : float
        Root mean square of the entries.
    bidiagonals : pair of arrays, (draws, n) and (draws, n - 1)
        For each draw a bidiagonal matrix that has its singular values but for the scale:
        the diagonal and the entries beside it; n is the shorter side.

    Examples
    --------
    >>> import numpy as np
    >>> drawn = chance(np.ones((40, 5)), draws=200)
    >>> [round(edge, 2) for edge in drawn.edges]
    [4.09, 8.56]
    >>> drawn.p_value(drawn.condition_numbers.max()) < 0.02
    True
    """

    edges: tuple
    scale: float
    bidiagonals: tuple

    @functools.cached_property
    def singular_values(self):
        """(draws, n) array: of each draw, in decreasing order. All of them: seconds for n = 768."""
        from scipy.linalg import eigvalsh_tridiagonal

        rows = []
        for diagonal, beside in zip(*self.bidiagonals, strict=True):
            # B^T B is tridiagonal; squaring costs digits at the small end, which `extremes` keeps.
            squares = diagonal**2
            squares[1:] += beside**2
            products = diagonal[:-1] * beside
            rows.append(eigvalsh_tridiagonal(squares, products, lapack_driver="sterf")[::-1])
        values = np.sqrt(np.maximum(rows, 0))
        values[:, [0, -1]] = self._extremes
        return self.scale * values

    @functools.cached_property
    def _extremes(self):
        return _extremes(*self.bidiagonals)

    @property
    def extremes(self):
        """(draws, 2) array: the largest and the smallest singular value of each draw."""
        return self.scale * self._extremes

    @property
    def condition_numbers(self):
        """(draws,) array: s1 / smin of each draw."""
        return self._extremes[:, 0] / self._extremes[:, 1]

    def p_value(self, condition_number):
        """The two-sided p-value of a condition number (`two_sided_p`), in (0, 1].

        Raises
        ------
        ValueError
            If `condition_number` is not 1 or more.
        """
        if not (isinstance(condition_number, Real) and condition_number >= 1):
            raise ValueError(f"condition_number: expected 1 or more, got {condition_number!r}")
        return two_sided_p(self.condition_numbers, condition_number)


def chance(W, seed=0, draws=1000):
    """What a random matrix of W's shape and scale would show.

    Entries are independent and normal, with mean 0 and the root mean square of W's entries.
    The singular values of such a matrix have exactly the law of those of a bidiagonal matrix of
    chi variables (Dumitriu and Edelman 2002), which is what is drawn: the large matrix is never
    made. Of each draw only the extreme values are computed, unless all are asked for.

    Parameters
    ----------
    W : (m, n) array
        Only its shape and the root mean square of its entries are used.
    seed : int
    draws : int
        At least 1.

    Returns
    -------
    Chance

    Raises
    ------
    ValueError
        If W is not a finite real matrix, or is zero and so has no scale, or has one at the ends
        of float64; if draws is no integer of at least 1.

    Examples
    --------
    >>> import numpy as np
    >>> drawn = chance(np.random.default_rng(0).normal(size=(40, 5)), draws=200)
    >>> drawn.singular_values.shape
    (200, 5)
    >>> drawn.condition_numbers.min() >= 1
    np.True_
    """
    W = real_array(W, "W", axes=2)
    largest = np.abs(W).max()
    if largest == 0:
        raise ValueError("W: expected a nonzero matrix, got zeros, which have no scale")
    if not isinstance(draws, Integral) or draws < 1:
        raise ValueError(f"draws: expected an integer, at least 1, got {draws!r}")
    scale = float(largest) * float(np.sqrt(((W / largest) ** 2).mean()))
    short, long = sorted(W.shape)
    upper = scale * float(np.sqrt(long) + np.sqrt(short))
    if not np.isfinite(8 * upper) or scale < np.finfo(float).tiny:
        raise ValueError(f"W: expected entries whose matrix has finite values, got {largest:g}")
    rng, draws = np.random.default_rng(seed), int(draws)
    diagonal = np.sqrt(rng.chisquare(long - np.arange(short), (draws, short)))
    beside = np.sqrt(rng.chisquare(short - 1 - np.arange(short - 1), (draws, short - 1)))
    lower = scale * float(np.sqrt(long) - np.sqrt(short))
    return Chance((lower, upper), scale, (diagonal, beside))


def _extremes(diagonal, beside):
    """Largest and smallest singular value of each bidiagonal matrix, by bisection.

    The matrix [0 B; B^T 0] is tridiagonal in another order, with zeros on its diagonal: how many
    of its eigenvalues lie below x is the number of negative pivots, to high relative accuracy
    also at the small end (Demmel and Kahan 1990).
    """
    draws, n = diagonal.shape
    squares = np.empty((2 * n - 1, draws))
    squares[::2], squares[1::2] = (diagonal**2).T, (beside**2).T
    roots = np.sqrt(squares)
    top = roots.copy()
    top[:-1] += roots[1:]
    top[1:] = np.maximum(top[1:], roots[:-1] + roots[1:])
    high = np.tile(top.max(0), (2, 1)) * (1 + 1e-15)
    low = np.stack([roots.max(0) * (1 - 1e-15), 1e-25 * high[1]])
    wanted = np.array([[n], [1]])  # so many values below x: x is above the one that is sought
    while (high / low).max() > 1 + 1e-14:
        middle = np.sqrt(low) * np.sqrt(high)
        below = _count_below(squares, middle) >= wanted
        high, low = np.where(below, middle, high), np.where(below, low, middle)
    return np.sqrt(low * high).T


def _count_below(squares, x):
    pivot, ratio = x.copy(), np.empty_like(x)  # the pivots of T - x, with their signs turned
    positive, count = np.empty(x.shape, bool), np.ones(x.shape, np.int32)
    with np.errstate(divide="ignore", over="ignore"):
        for square in squares:
            np.divide(square, pivot, out=ratio)
            np.subtract(x, ratio, out=pivot)
            count += np.greater(pivot, 0, out=positive)
    # Eigenvalues come in pairs +-s: all n negative ones lie below x.
    return count - (len(squares) + 1) // 2
