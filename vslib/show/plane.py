"""A 2 x 3 matrix drawn whole: its subspaces in space and in the plane, to be turned."""

import math

import numpy as np

from vslib.arrays import real_array
from vslib.show import views
from vslib.show.packing import single
from vslib.spaces import Subspaces

__all__ = ["plane"]

# Sliders that go by tenths have no more to say beyond this.
LARGEST = 1000


def plane(W, x):
    """The four subspaces of a 2 x 3 matrix, as a drawing that can be turned.

    Sliders turn and tilt the view and set x = a v1 + b v2 + t v3, in the basis of the SVD.

    Parameters
    ----------
    W : (2, 3) array of rank 2
    x : (3,) array
        Where the sliders start, with a, b and t rounded to 0.1.

    Returns
    -------
    ipywidgets.VBox

    Raises
    ------
    ValueError
        If W is not 2 x 3 of rank 2 or beyond the range of float32, or x not of length 3 or with
        an entry beyond 1000.

    Examples
    --------
    >>> control = plane([[1, 0, 0], [0, 2, 0]], [1, 1, 1])
    >>> [slider.description for slider in control.children[:-1]]
    ['turn', 'tilt', 'a, signal', 'b, signal', 't, rejected']
    """
    x, S = real_array(x, "x", axes=1, length=3), Subspaces(W)
    single(real_array(W, "W"), "W")
    if abs(x).max() > LARGEST:
        raise ValueError(f"x: expected entries up to {LARGEST}, got {abs(x).max():.6g}")
    if S.shape != (2, 3) or S.rank != 2:
        raise ValueError(f"W: expected shape (2, 3) and rank 2, got {S.shape} and {S.rank}")
    V = np.vstack([S.signal.T, S.rejected.T])
    start = np.round(V @ x, 1)
    reach = max(2, math.floor(abs(start).max()) + 1)
    names = ("a, signal", "b, signal", "t, rejected")
    sliders = [
        views.knob("turn", 30, -180, 180, 5),
        views.knob("tilt", 20, -90, 90, 5),
        *(views.knob(name, c, -reach, reach, 0.1) for name, c in zip(names, start, strict=True)),
    ]
    basis = {"V": V.tolist(), "U": S.signal_out.T.tolist(), "s": S.singular_values.tolist()}
    return views.box("plane", {"basis": basis, "reach": reach}, sliders)
