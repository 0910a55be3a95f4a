"""Rows, levels and boxes of a polytope: checked, and in units in which they can be compared."""

import numpy as np

from vslib.arrays import real_array

__all__ = ["Rows", "bounds", "scaled", "unit_of_length"]


class Rows:
    """Rows with their levels, and how large the terms are that add up to them.

    Examples
    --------
    >>> rows = Rows("equalities", [[3.0, 4.0]], [10.0], 2)
    >>> rows.norms, rows.sizes
    (array([5.]), array([10.]))
    """

    def __init__(self, name, rows, levels, n, sizes=None):
        if not len(rows):
            self.rows, self.levels = np.empty((0, n)), np.empty(0)
            self.norms = self.sizes = np.empty(0)
            return
        self.rows = real_array(rows, f"{name}, rows", axes=2, length=n)
        self.levels = real_array(levels, f"{name}, levels", axes=1, length=len(rows))
        largest = np.abs(self.rows).max(1, keepdims=True)
        unit = np.where(largest == 0, 1, largest)
        self.norms = np.linalg.norm(self.rows / unit, axis=1) * largest[:, 0]
        self.sizes = np.abs(self.levels) if sizes is None else sizes


def bounds(box, n):
    """Lowest and highest entries of x, or an error.

    Parameters
    ----------
    box : (low, high) or None
        Numbers or (n,) arrays; -inf and inf where there is no end.
    n : int

    Returns
    -------
    low, high : (n,) arrays

    Examples
    --------
    >>> bounds((0, [1, np.inf]), 2)
    (array([0., 0.]), array([ 1., inf]))
    """
    box = (-np.inf, np.inf) if box is None else box
    if not hasattr(box, "__len__") or len(box) != 2:
        raise ValueError(f"box: expected a pair of low and high, got {box!r}")
    low, high = map(_side, box)
    if {len(low), len(high)} - {1, n}:
        got = f"{len(low)} and {len(high)}"
        raise ValueError(f"box: expected sides that are numbers or of length {n}, got {got}")
    low, high = np.broadcast_to(low, n), np.broadcast_to(high, n)
    wrong = (low > high) | (low == np.inf) | (high == -np.inf)
    if wrong.any():
        place = wrong.argmax()
        raise ValueError(
            "box: expected low <= high with some number between them, got "
            f"{low[place]:g} and {high[place]:g} at {place}"
        )
    return low, high


def _side(side):
    """One side of a box; what is no number and no infinity is an error."""
    if hasattr(side, "detach"):
        side = side.detach().cpu().double().numpy()
    side = np.atleast_1d(np.asarray(side))
    if side.dtype.kind != "f":
        return real_array(side, "box", axes=1)
    infinite = np.isinf(side)
    return np.where(infinite, side, real_array(np.where(infinite, 0, side), "box", axes=1))


def unit_of_length(parts, low, high):
    """What counts as a length of order 1: the largest bound, or the median of size over row.

    Parameters
    ----------
    parts : sequence of Rows
    low, high : (n,) arrays
        The median counts where an end is infinite, finite ends beside it.

    Examples
    --------
    >>> unit_of_length([Rows("rows", [[2.0]], [6.0], 1)], np.zeros(1), np.full(1, np.inf))
    3.0
    """
    ends = np.abs([low, high])
    closed = np.isfinite(ends).all()
    norms, sizes = (np.concatenate([getattr(p, k) for p in parts]) for k in ("norms", "sizes"))
    lengths = ends.max(1) if closed else sizes[norms > 0] / norms[norms > 0]
    if not closed:
        lengths = np.append(lengths, ends[np.isfinite(ends)])
    lengths = lengths[lengths > 0]
    return float((np.max if closed else np.median)(lengths)) if lengths.size else 1.0


def scaled(equalities, inequalities, low, high, unit):
    """A, c, G and h, the box among them, in units of length and of the sizes of terms.

    Examples
    --------
    >>> none = Rows("rows", [], [], 1)
    >>> A, c, G, h = scaled(none, none, np.zeros(1), np.full(1, 5.0), 5.0)
    >>> G.tolist(), (h + 0.0).tolist()
    ([[1.0], [-1.0]], [1.0, 0.0])
    """
    found = []
    for part in (equalities, inequalities):
        scale = part.norms * unit + part.sizes
        scale[scale == 0] = 1
        found += [part.rows * (unit / scale)[:, None], part.levels / scale]
    one, (above, below) = np.eye(len(low)), np.isfinite([high, low])
    found[2] = np.vstack([found[2], one[above], -one[below]])
    found[3] = np.concatenate([found[3], high[above] / unit, -low[below] / unit])
    return found
