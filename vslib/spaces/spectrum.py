"""Singular values: how many matter, and which of them chance alone would show."""

from dataclasses import dataclass

import numpy as np

from vslib.arrays import real_array

__all__ = ["Chance", "chance", "effective_rank", "participation_ratio", "stable_rank"]


def effective_rank(singular_values):
    """Exponential of the entropy of the singular values taken as shares of their sum.

    Parameters
    ----------
    singular_values : (r,) array
        Nonnegative, not all zero.

    Returns
    -------
    float
        From 1 (one of them has everything) to r (all are equal).

    References
    ----------
    Roy and Vetterli (2007), The effective rank.

    Examples
    --------
    >>> round(effective_rank([1.0, 1.0, 1.0]), 6), round(effective_rank([1.0, 0.0, 0.0]), 6)
    (3.0, 1.0)
    """
    s = _relative(singular_values)
    shares = s[s > 0] / s.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


def stable_rank(singular_values):
    """Squared Frobenius norm over squared spectral norm, sum s_i^2 / s_1^2.

    Parameters
    ----------
    singular_values : (r,) array
        Nonnegative, not all zero.

    Returns
    -------
    float
        From 1 to r, never above the rank.

    References
    ----------
    Rudelson and Vershynin (2007), Sampling from large matrices.

    Examples
    --------
    >>> stable_rank([2.0, 1.0, 0.0])
    1.25
    """
    return float((_relative(singular_values) ** 2).sum())


def participation_ratio(singular_values):
    """(sum s_i^2)^2 / sum s_i^4: among how many directions the energy is shared.

    Parameters
    ----------
    singular_values : (r,) array
        Nonnegative, not all zero.

    Returns
    -------
    float
        From 1 to r.

    Examples
    --------
    >>> participation_ratio([1.0, 1.0, 0.0])
    2.0
    """
    energy = _relative(singular_values) ** 2
    return float(energy.sum() ** 2 / (energy**2).sum())


def _relative(values):
    s = real_array(values, "singular_values", axes=1)
    if s.min() < 0 or s.max() == 0:
        raise ValueError(
            f"singular_values: expected nonnegative numbers, not all zero, "
            f"got a range from {s.min()} to {s.max()}"
        )
    return s / s.max()


@dataclass(frozen=True)
class Chance:
    """What random matrices of one shape and scale show.

    Attributes
    ----------
    edges : (float, float)
        Where the singular values of a large random matrix end: scale * (sqrt(m) -+ sqrt(n)),
        Marchenko and Pastur (1967).
    singular_values : (draws, min(m, n)) array
        In decreasing order along each row.

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
    singular_values: np.ndarray

    @property
    def condition_numbers(self):
        """(draws,) array: s1 / smin of each draw."""
        return self.singular_values[:, 0] / self.singular_values[:, -1]

    def p_value(self, condition_number):
        """How often chance is at least as far out on either side, in (0, 1].

        Twice the smaller of the two tail shares, each counted with the observation itself, so
        that it is never 0: with 1000 draws the smallest p-value is 0.002.

        Raises
        ------
        ValueError
            If `condition_number` is not 1 or more.
        """
        if not condition_number >= 1:
            raise ValueError(f"condition_number: expected 1 or more, got {condition_number}")
        draws = self.condition_numbers
        tails = [(draws <= condition_number).sum() + 1, (draws >= condition_number).sum() + 1]
        return float(min(1.0, 2 * min(tails) / (len(draws) + 1)))


def chance(W, seed=0, draws=1000):
    """What a random matrix of W's shape and scale would show.

    Entries are independent and normal, with mean 0 and the root mean square of W's entries.
    The singular values of such a matrix have exactly the law of those of a bidiagonal matrix of
    chi variables (Dumitriu and Edelman 2002), which is what is drawn: the large matrix is never
    made.

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
        If W is not a finite real matrix, or is zero and so has no scale; if draws is below 1.

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
    if draws < 1:
        raise ValueError(f"draws: expected at least 1, got {draws}")
    scale = largest * np.sqrt(((W / largest) ** 2).mean())
    short, long = sorted(W.shape)
    rng = np.random.default_rng(seed)
    diagonal = np.sqrt(rng.chisquare(long - np.arange(short), (draws, short)))
    beside = np.sqrt(rng.chisquare(short - 1 - np.arange(short - 1), (draws, short - 1)))
    values = np.array([_bidiagonal(d, e) for d, e in zip(diagonal, beside, strict=True)])
    edges = (scale * (np.sqrt(long) - np.sqrt(short)), scale * (np.sqrt(long) + np.sqrt(short)))
    return Chance(tuple(map(float, edges)), scale * values)


def _bidiagonal(diagonal, beside):
    from scipy.linalg import eigvalsh_tridiagonal

    # B^T B is tridiagonal; squaring costs digits only below 1e-8 s1, which chance never shows.
    squares = diagonal**2
    squares[1:] += beside**2
    values = eigvalsh_tridiagonal(squares, diagonal[:-1] * beside, lapack_driver="sterf")
    return np.sqrt(np.maximum(values[::-1], np.finfo(float).tiny))
