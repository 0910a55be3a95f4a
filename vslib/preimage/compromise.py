"""Rows that contradict each other by no more than rounding, made compatible."""

import numpy as np

from vslib.preimage.faces import Face

__all__ = ["compromise"]


def compromise(A, c, G, h, tolerance):
    """The face of levels c and h moved just so far that some x holds all rows, if none did.

    None if that is farther than the tolerance.

    Examples
    --------
    >>> A, c = np.array([[1.0], [1.0]]), np.array([1.0, 1.0 + 1e-9])
    >>> face = compromise(A, c, np.empty((0, 1)), np.empty(0), 1e-6)
    >>> face.origin.round(6)
    array([1.])
    """
    none = np.empty((0, A.shape[1]))
    whole = Face(none, none[:, 0], np.vstack([A, -A, G]), np.concatenate([c, -c, h]), tolerance)
    whole.sizes = np.ones(len(whole.G))  # each row gives way by the same share of its terms
    x, *_ = whole.ball(1)
    if (whole.G @ x - whole.h).max() > whole.allowed(x):
        return None
    return Face(A, A @ x, G, np.maximum(h, G @ x), tolerance)
