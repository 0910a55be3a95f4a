"""A 2 x 3 matrix drawn whole: its four subspaces, its entries for the reader to change."""

import math

import numpy as np

from vslib.arrays import real_array
from vslib.show import views
from vslib.spaces import Subspaces

__all__ = ["plane"]

# Beyond this the fields are too narrow.
LARGEST = 1000
TILT = 40
ASIDE = 55


def plane(W, x):
    """The four subspaces of a 2 x 3 matrix, drawn as its entries and those of x are changed.

    Two pairs of rectangles show the dimensions. Below stand x and its two parts in R^3, which a
    slider turns, and W x in R^2. A second singular value below 1e-9 of the first counts as zero.

    Parameters
    ----------
    W : (2, 3) array
        Where the fields start, with entries rounded to four digits.
    x : (3,) array
        As W.

    Returns
    -------
    ipywidgets.VBox

    Raises
    ------
    ValueError
        If W is not 2 x 3, x not of length 3, or an entry is beyond 1000.

    Examples
    --------
    >>> control = plane([[1, 0, 0], [0, 2, 0]], [1, 1, 1])
    >>> [slider.description for slider in control.children[:-1]]
    ['turn']
    """
    x, W = real_array(x, "x", axes=1, length=3), real_array(W, "W")
    if W.shape != (2, 3):
        raise ValueError(f"W: expected shape (2, 3), got {W.shape}")
    for name, values in (("W", W), ("x", x)):
        if abs(values).max() > LARGEST:
            raise ValueError(
                f"{name}: expected entries up to {LARGEST}, got {abs(values).max():.6g}"
            )
    entries = [float(f"{value:.4g}") for value in (*W.ravel(), *x)]
    slider = views.knob("turn", _opening(W, x), -180, 180, 5)
    return views.box("plane", {"tilt": TILT}, [slider], entries)


def _opening(W, x):
    """An angle from which neither part of x is seen from its end, nor their plane from its edge."""
    across = np.cross(*Subspaces(W).split(x))
    across = across if across[2] >= 0 else -across
    turn = 5 * round(math.degrees(math.atan2(across[1], across[0])) / 5) + ASIDE
    return (turn + 180) % 360 - 180
