"""Singular values: among how many directions a matrix shares its energy."""

import numpy as np

from vslib.arrays import real_array

__all__ = ["effective_rank", "participation_ratio", "stable_rank"]


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
