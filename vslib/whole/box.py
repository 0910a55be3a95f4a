"""The nearest point of a box that meets a few linear equations, by its small dual problem."""

import numpy as np

__all__ = ["nearest"]

TURNS = 200


def nearest(target, V, c, box=None):
    """The point z nearest to a target with V z = c and, where a box is given, low <= z <= high.

    The dual has one unknown for each equation: z is the target plus V^T times them, cut to the
    box, and semismooth Newton steps find those for which the equations hold.

    Parameters
    ----------
    target : (n,) array
    V : (r, n) array
        With orthonormal rows.
    c : (r,) array
    box : (float, float), optional

    Returns
    -------
    (n,) array, or None where no such point was found

    References
    ----------
    Qi and Sun, A nonsmooth version of Newton's method (1993).

    Examples
    --------
    >>> V = np.array([[1.0, 0.0, 0.0]])
    >>> nearest(np.array([3.0, 4.0, -1.0]), V, np.array([0.5]), (0, 1))
    array([0.5, 1. , 0. ])
    """
    if box is None:
        return target + V.T @ (c - V @ target)
    low, high = box
    unknown = np.zeros(len(V))
    size = max(1.0, np.abs(c).max(initial=0), np.abs(target).max())

    def dual(unknown):
        """A convex function of the unknowns, and its gradient: how far the equations are off."""
        free = target + V.T @ unknown
        z = free.clip(low, high)
        return free, 0.5 * (free @ free - (free - z) @ (free - z)) - c @ unknown, V @ z - c

    free, value, off = dual(unknown)
    for _ in range(TURNS):
        if np.linalg.norm(off) <= 1e-14 * size:
            break
        inside = V[:, (free > low) & (free < high)]
        # Where the box leaves an equation no freedom, a small weight keeps the step finite.
        weight = (1e-3 * min(np.linalg.norm(off), 1e-3) + 1e-15) * np.eye(len(V))
        step = np.linalg.solve(inside @ inside.T + weight, off)
        length = 1.0
        while length > 1e-12:
            tried = dual(unknown - length * step)
            # Close to the end rounding hides what the dual gains, not what the equations do.
            gains = tried[1] <= value - 1e-4 * length * (step @ off)
            if gains or np.linalg.norm(tried[2]) <= 0.5 * np.linalg.norm(off):
                break
            length /= 2
        else:
            break
        unknown = unknown - length * step
        free, value, off = tried
    return free.clip(low, high) if np.linalg.norm(off) <= 1e-10 * size else None
