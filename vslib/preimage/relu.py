"""All inputs to which a ReLU layer gives one output."""

import numpy as np

from vslib.arrays import real_array, resolution
from vslib.preimage.polytopes import Polytope

__all__ = ["relu_preimage", "slack"]

FLOAT32, MOST = 1e-6, 0.01  # tolerances: for outputs in float32, and the largest that is taken


def relu_preimage(W, b, y, box=None, tolerance=None):
    """The set of all x with ReLU(W x + b) = y.

    Rows with y > 0 are equalities, W_i x + b_i = y_i; rows with y = 0 are inequalities,
    W_i x + b_i <= 0.

    Parameters
    ----------
    W : (m, n) array
    b, y : (m,) arrays
        y is 0 or more.
    box : (low, high), optional
        Two numbers or (n,) arrays that bound x, where -inf and inf are no bounds; (0, 1) for
        images, (0, inf) for outputs of a ReLU.
    tolerance : float, optional
        By how much, relative to ``|W_i| |x| + |b_i| + |y_i|``, a row may be broken (`Polytope`).
        The default allows for a y that was computed or stored in float32: 1e-6. For a y in
        float16 or bfloat16 it is 0.004 or 0.01. W and b count as exact, in whatever precision
        they come.

    Returns
    -------
    Polytope
        Empty where no x gives y: ``feasible()`` says so, and other methods raise
        `InfeasibleError`, which says why.

    Raises
    ------
    ValueError
        If y has a negative entry, or shapes do not fit.

    References
    ----------
    Carlsson, Azizpour and Razavian (2017), The preimage of rectifier network activities.

    Examples
    --------
    >>> inputs = relu_preimage([[1.0, 0.0], [0.0, 1.0]], [0.0, 0.0], [2.0, 0.0])
    >>> inputs.nearest([0.0, 5.0]).round(9) + 0.0
    array([2., 0.])
    """
    tolerance = slack(y) if tolerance is None else tolerance
    W = real_array(W, "W", axes=2)
    b = real_array(b, "b", axes=1, length=len(W))
    y = real_array(y, "y", axes=1, length=len(W))
    negative = np.flatnonzero(y < 0)
    if negative.size:
        raise ValueError(
            f"y: expected the output of a ReLU, 0 or more, got {negative.size} negative of "
            f"{len(y)}, at {_few(negative)}; the lowest is {y.min():.4g}"
        )
    on, size = y > 0, np.abs(b) + y
    return Polytope((W[on], (y - b)[on]), (W[~on], -b[~on]), box, tolerance, (size[on], size[~on]))


def slack(y):
    """How far a row may be broken by an output that was rounded as y is, relative to its terms.

    Examples
    --------
    >>> slack([1.0]), slack(np.ones(1, np.float32)), slack(np.ones(1, np.float16))
    (1e-06, 1e-06, 0.00390625)
    """
    return min(max(FLOAT32, 4 * resolution(y)), MOST)


def _few(places):
    return ", ".join(map(str, places[:5])) + (", ..." if len(places) > 5 else "")
