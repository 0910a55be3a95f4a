"""Powers of two that bring numbers to the middle of float64's range, and take them back."""

import numpy as np

__all__ = ["centred", "restored"]


def centred(x, axis=-1):
    """Vectors whose squares float64 can sum, and the power of two that each was divided by.

    Parameters
    ----------
    x : (..., n) array
    axis : int or None
        Along which the vectors lie; None takes all of `x` as one.

    Returns
    -------
    x : (..., n) array
        Itself where nothing had to be divided.
    powers : (..., 1) int array
        Zero for vectors whose largest entry is between 1e-140 and 1e140, or zero.

    Examples
    --------
    >>> x, powers = centred(np.array([[1.0, 2.0], [3e300, 4e300]]))
    >>> powers
    array([[  0],
           [999]], dtype=int32)
    >>> np.isfinite((x**2).sum())
    np.True_
    """
    sides = x.max(axis, keepdims=True, initial=0), -x.min(axis, keepdims=True, initial=0)
    largest = np.maximum(*sides)
    powers = np.where((largest > 1e-140) & (largest < 1e140), 0, np.frexp(largest)[1])
    return (np.ldexp(x, -powers) if powers.any() else x), powers


def restored(x, powers, name):
    """Vectors multiplied by powers of two again, or an error where float64 ends.

    Parameters
    ----------
    x : (..., n) array
    powers : (..., 1) int array
    name : str
        What the message calls that from which they were computed.

    Raises
    ------
    ValueError
        If an entry leaves the range of float64.

    Examples
    --------
    >>> restored(np.array([1.0, 3.0]), np.array([2]), "x")
    array([ 4., 12.])
    """
    if powers.any():
        with np.errstate(over="ignore"):
            x = np.ldexp(x, powers)
    if not np.isfinite(x).all():
        raise ValueError(
            f"{name}: expected one with results in the range of float64, up to 1.8e308, got one "
            f"with some beyond; scale {name} first"
        )
    return x
