"""Convex polygons cut by lines, so that nothing is lost between the pieces."""

import numpy as np

__all__ = ["areas", "centroid", "cut", "cut_by_all", "winners"]


def cut(polygon, values, slack):
    """The parts of a convex polygon where an affine function is not positive, and where it is.

    Parameters
    ----------
    polygon : (k, 2) array
        Corners in order.
    values : (k,) array
        Of the function, at the corners.
    slack : float
        A corner with a value up to this counts as on the line, and belongs to both parts.

    Returns
    -------
    below, above : (j, 2) array or None
        Both in the same order; a corner that is new is the same in both.

    Examples
    --------
    >>> square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    >>> below, above = cut(square, square[:, 0] - square[:, 1], 0.0)
    >>> above.tolist()
    [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]
    >>> cut(square, square[:, 0], 0.0)[0] is None
    True
    """
    if values.max() <= slack:
        return polygon, None
    if values.min() >= -slack:
        return None, polygon
    parts = [], []
    for here, (v, next_v) in enumerate(zip(values, np.roll(values, -1), strict=True)):
        if v <= slack:
            parts[0].append(polygon[here])
        if v >= -slack:
            parts[1].append(polygon[here])
        if (v > slack and next_v < -slack) or (v < -slack and next_v > slack):
            ahead = polygon[(here + 1) % len(polygon)]
            new = polygon[here] + v / (v - next_v) * (ahead - polygon[here])
            parts[0].append(new)
            parts[1].append(new)
    return np.array(parts[0]), np.array(parts[1])


def cut_by_all(polygon, W, b, slacks):
    """The pieces of a convex polygon between the lines W p + b = 0.

    Parameters
    ----------
    polygon : (k, 2) array
    W : (n, 2) array
    b : (n,) array
    slacks : (n,) array
        As for `cut`, for each line.

    Returns
    -------
    list of (polygon, on)
        `on` (n,) says which of the functions are positive.

    Examples
    --------
    >>> square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    >>> pieces = cut_by_all(square, np.eye(2), np.array([-0.5, 1.0]), np.zeros(2))
    >>> [on.tolist() for _, on in pieces]
    [[False, True], [True, True]]
    """
    values = polygon @ W.T + b
    on = (values > slacks).any(0)
    crossing = on & (values < -slacks).any(0)
    pieces = [(polygon, on)]
    for unit in np.flatnonzero(crossing):
        before, pieces = pieces, []
        for piece, on in before:
            parts = cut(piece, piece @ W[unit] + b[unit], slacks[unit])
            for part, positive in zip(parts, (False, True), strict=True):
                if part is not None:
                    on = on.copy()
                    on[unit] = positive
                    pieces.append((part, on))
    return pieces


def winners(polygon, W, b, slack):
    """The pieces of a convex polygon in which each function of W p + b is the largest.

    Parameters
    ----------
    polygon : (k, 2) array
    W : (m, 2) array
    b : (m,) array
    slack : callable
        From (j, 2) and (j,) differences of functions to the slack of each, as for `cut`.

    Returns
    -------
    list of (polygon, int)
        At most one for each function; where several are equal throughout, the first has it.

    Examples
    --------
    >>> square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    >>> none = lambda W, b: np.zeros(len(b))
    >>> [(len(piece), first) for piece, first in winners(square, np.eye(2), np.zeros(2), none)]
    [(3, 0), (3, 1)]
    """
    values = polygon @ W.T + b
    top = values[:, values.min(0).argmax()]
    # Whoever is nowhere as large as one that is everywhere at least so large can be left out.
    some = np.flatnonzero((values >= top[:, None]).any(0))
    found = []
    for one in some:
        part = polygon
        for other in some[some != one]:
            low, high = min(one, other), max(one, other)
            weight, bias = W[high] - W[low], b[high] - b[low]
            allowed = slack(weight[None], bias[None])[0]
            below, above = cut(part, part @ weight + bias, allowed)
            part = below if one == low else above
            if part is None:
                break
        else:
            found.append((part, int(one)))
    return found


def areas(polygons):
    """The area of each polygon, its corners counter-clockwise.

    Examples
    --------
    >>> areas([np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]])])
    array([2.])
    """
    return np.array([_moments(polygon)[0] for polygon in polygons])


def centroid(polygon):
    """The centre of mass of a convex polygon; the mean of its corners where it has no area.

    Examples
    --------
    >>> centroid(np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 3.0]]))
    array([1., 1.])
    """
    area, first = _moments(polygon)
    middle = polygon.mean(0)
    return middle + first / area if area > 0 else middle


def _moments(polygon):
    """Area, and the integral of the position, about the mean of the corners."""
    here = polygon - polygon.mean(0)
    ahead = np.roll(here, -1, 0)
    crosses = here[:, 0] * ahead[:, 1] - here[:, 1] * ahead[:, 0]
    return crosses.sum() / 2, (here + ahead).T @ crosses / 6
