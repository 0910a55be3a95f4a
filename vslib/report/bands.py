"""What chance would show: the ends of a spectrum, and how much of its inputs a layer rejects."""

import math

import numpy as np
from scipy import stats

__all__ = ["LEVEL", "spectrum_band", "subspace_p", "subspace_spread", "tracy_widom"]

LEVEL = 0.01  # of each end: one random matrix in a hundred has a value beyond it


def tracy_widom():
    """The law of Tracy and Widom of order 1, as the gamma law that is nearest to it.

    References
    ----------
    Chiani (2014), Distribution of the largest eigenvalue for real Wishart and Gaussian random
    matrices and a simple approximation for the Tracy-Widom distribution.

    Examples
    --------
    >>> round(float(tracy_widom().ppf(0.95)), 2)
    0.98
    """
    return stats.gamma(46.446, loc=-9.84801, scale=0.186054)


def spectrum_band(shape, groups=1, level=LEVEL):
    """Between which values all singular values of a random matrix lie, most of the time.

    Of entries that are independent and normal with variance 1, and block-diagonal. Beyond either
    end lies some value in about `level` of such matrices: by Johnstone's law of the largest and
    Ma's of the smallest, by Edelman's for square blocks, and exactly for blocks of one row or
    column. Simulations find 0.6 to 1.4 hundredths where `level` is one, from 2 x 3 on; fewer for
    uniform entries, as torch draws them, of the same root mean square.

    Parameters
    ----------
    shape : (int, int)
        Of one block.
    groups : int
        Number of blocks.
    level : float

    Returns
    -------
    (float, float)

    References
    ----------
    Johnstone (2001); Ma (2012), Accuracy of the Tracy-Widom limits for the extreme eigenvalues in
    white Wishart matrices; Edelman (1988); Chiani (2014) for the gamma law.

    Examples
    --------
    >>> [round(value, 1) for value in spectrum_band((64, 576))]
    [15.6, 32.5]
    """
    p, n = sorted(shape)
    upper, lower = (1 - level) ** (1 / groups), -math.expm1(math.log1p(-level) / groups)
    if p == 1:
        chi = stats.chi(n)
        return float(chi.ppf(lower)), float(chi.ppf(upper))
    a, b = math.sqrt(n - 0.5), math.sqrt(p - 0.5)
    top = (a + b) ** 2 + (a + b) * (1 / a + 1 / b) ** (1 / 3) * tracy_widom().ppf(upper)
    if n == p:
        # P(p s^2 <= x) = 1 - exp(-x / 2 - sqrt(x)).
        root = math.sqrt(1 - 2 * math.log1p(-lower)) - 1
        return root / math.sqrt(p), math.sqrt(top)
    centre = (a - b) ** 2
    width = (1 / b - 1 / a) ** (1 / 3) / (a - b)
    low = math.log(centre) + width**2 / 8 - width * tracy_widom().ppf(1 - lower)
    return math.exp(low / 2), math.sqrt(top)


def subspace_spread(rank, n, concentration):
    """Standard deviation of the share that a random subspace of R^n keeps of given inputs.

    The mean is rank / n, whatever the inputs. For a projection P onto a random subspace and the
    matrix C of second moments, divided by its trace, the variance of trace(P C) is quadratic in
    each and unchanged by rotations; that leaves one formula.

    Parameters
    ----------
    rank, n : int
    concentration : float
        trace(C^2), from 1 / n for inputs in all directions alike to 1 for one direction.

    Returns
    -------
    float

    Examples
    --------
    >>> subspace_spread(5, 10, concentration=1 / 10)
    0.0
    >>> round(subspace_spread(5, 10, concentration=1.0) ** 2, 6) == round(5 * 5 / (100 * 6), 6)
    True
    """
    if n == 1:
        return 0.0
    among = 2 * rank * (n - rank) / (n * (n - 1) * (n + 2))
    return math.sqrt(among * max(concentration - 1 / n, 0))


def subspace_p(share, mean, spread):
    """Two-sided p-value of a share of energy, were the subspace a random one, in (0, 1].

    By the beta law with that mean and spread, which is exact where all inputs lie on one line.

    Parameters
    ----------
    share, mean : float
        In [0, 1].
    spread : float

    Returns
    -------
    float or nan
        NaN where chance leaves no room: nothing, or all, is rejected whatever the directions.

    Examples
    --------
    >>> round(subspace_p(0.5, 0.5, 0.1), 6), subspace_p(0.2, 0.5, 0.05) < 1e-6
    (1.0, True)
    """
    if not (0 < mean < 1 and spread > 0):
        return math.nan
    total = mean * (1 - mean) / spread**2 - 1
    law = stats.beta(mean * total, (1 - mean) * total)
    share = min(max(share, 0.0), 1.0)
    return float(np.clip(2 * min(law.cdf(share), law.sf(share)), 1e-300, 1))
