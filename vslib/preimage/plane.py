"""The map of a ReLU network on the plane through three inputs: every linear region as a polygon."""

import functools
from dataclasses import dataclass

import numpy as np

from vslib.arrays import real_array
from vslib.preimage.cuts import areas, centroid, cut_by_all, winners
from vslib.preimage.networks import of_arrays, of_torch
from vslib.preimage.regions import certified

__all__ = ["PlaneRegion", "PlaneRegions", "plane_regions"]

# Of the side of the square: corners nearer to a line than this count as on it.
THIN = 1e-12
# Of the terms that add up to a value: what rounding may have made of them.
ROUNDING = 1e-15
# Three points whose triangle is lower than this, in parts of its longest side, span no plane.
FLAT = 1e-6
AROUND = 1.3


@dataclass(frozen=True)
class PlaneRegion:
    """A part of a plane where a ReLU network has one activation pattern and one largest output.

    Attributes
    ----------
    polygon : (k, 2) array
        The corners of the part in coordinates of the plane, counter-clockwise.
    pattern : tuple of bool arrays
        For each hidden layer, which units are active.
    W : (m, 2) array
    b : (m,) array
        The network at the point p of the plane is W p + b.
    answer : int
        Which output is the largest.

    Examples
    --------
    >>> layers = [(np.eye(2), np.zeros(2)), (np.eye(2), np.zeros(2))]
    >>> region = plane_regions(layers, [[1, 0], [3, 0], [2, 2]]).regions[0]
    >>> region.answer, region.pattern
    (0, (array([ True, False]),))
    """

    polygon: np.ndarray
    pattern: tuple
    W: np.ndarray
    b: np.ndarray
    answer: int


class PlaneRegions:
    """All linear regions of a ReLU network on a square in a plane; see `plane_regions`.

    Attributes
    ----------
    regions : tuple of PlaneRegion
        Together they are the square, and no two overlap.
    window : (4, 2) array
        The corners of the square.
    corners : (3, 2) array
        The three inputs, in coordinates of the plane; their unit is that of the inputs.
    error : float
        As for `vslib.preimage.LinearRegion`, at the centre of mass of each region.

    Examples
    --------
    >>> layers = [([[1.0, 0.0]], [0.0]), ([[1.0], [0.0]], [0.0, 0.5])]
    >>> plane = plane_regions(layers, [[-1, 0], [1, 0], [0, 1]])
    >>> plane.cells, [region.answer for region in plane.regions]
    (2, [1, 0, 1])
    """

    def __init__(self, origin, axes, corners, window):
        self._origin, self._axes = origin, axes
        self.corners, self.window = corners, window
        self.regions, self.error = (), np.inf

    @functools.cached_property
    def areas(self):
        """(N,) array: the area of each region."""
        return areas([region.polygon for region in self.regions])

    @functools.cached_property
    def cells(self):
        """How many activation patterns there are in the square."""
        return len({np.concatenate(region.pattern).tobytes() for region in self.regions})

    def inputs(self, points):
        """The inputs (N, n) that lie at points (N, 2) of the plane."""
        return self._origin + real_array(points, "points", axes=2, length=2) @ self._axes


def plane_regions(network, corners, take=None):
    """The linear regions of a ReLU network on the plane through three inputs, exactly.

    The plane has its origin at the first input, its first axis towards the second, and the third
    on its upper side. The regions are those in the square about the centre of the three that holds
    the circle of 1.3 times the distance of the farthest. They are cut where the activation
    pattern or the largest output changes. What is thinner than 1e-12 of the side is left to its
    neighbours; so is what rounding hides, where a unit is a sum of terms that cancel.

    Parameters
    ----------
    network : torch.nn.Module, or sequence of (W, b)
        As for `linear_region`.
    corners : (3, ...) array
        Three inputs of any shape.
    take : str, int or callable, optional
        As for `linear_region`.

    Returns
    -------
    PlaneRegions

    Raises
    ------
    vslib.inference.NotAChainError, UncertifiedError
        As for `linear_region`.
    ValueError
        If the three inputs lie on a line, up to 1e-6 of their distance; and as for
        `linear_region`.

    References
    ----------
    Montufar, Pascanu, Cho and Bengio (2014), On the number of linear regions of deep neural
    networks; Hanin and Rolnick (2019), Deep ReLU networks have surprisingly few activation
    patterns.

    Examples
    --------
    >>> layers = [(np.eye(2), np.zeros(2)), (np.eye(2), np.zeros(2))]
    >>> plane = plane_regions(layers, [[-1, -1], [1, -1], [0, 1]])
    >>> plane.cells, sorted(region.answer for region in plane.regions)
    (4, [0, 0, 0, 1, 1])
    """
    corners = real_array(corners, "corners")
    if corners.ndim < 2 or len(corners) != 3:
        raise ValueError(f"corners: expected three inputs, got shape {corners.shape}")
    plane = PlaneRegions(*_coordinates(corners.reshape(3, -1)))
    torch_too = hasattr(network, "children")
    reading = (
        of_torch(network, corners[0], take) if torch_too else of_arrays(network, corners[0].size)
    )
    with reading as (layers, run):
        if not any(layer is None for layer in layers):
            raise ValueError("network: expected at least one ReLU, got none")
        plane.regions = tuple(_regions(layers, plane, np.abs(corners.reshape(3, -1)).max(0)))
        centres = np.array([centroid(region.polygon) for region in plane.regions])
        given, _ = run(plane.inputs(centres))
        pairs = zip(plane.regions, centres, strict=True)
        linear = np.array([region.W @ centre for region, centre in pairs])
        plane.error = certified(linear, np.array([region.b for region in plane.regions]), given)
    return plane


def _coordinates(corners):
    """Origin and axes of the plane, and the three points and the square in its coordinates."""
    first, (along, other) = corners[0], corners[1:] - corners[0]
    longest = max(np.linalg.norm(side) for side in (along, other, along - other))
    length = np.linalg.norm(along)
    if length > FLAT * longest:
        x = along / length
        across = other - (other @ x) * x
        height = np.linalg.norm(across)
        if min(height, height * length / longest) > FLAT * longest:
            points = np.array([[0.0, 0.0], [length, 0.0], [other @ x, height]])
            centre = points.mean(0)
            reach = AROUND * np.linalg.norm(points - centre, axis=1).max()
            square = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
            return first, np.stack([x, across / height]), points, centre + reach * square
    raise ValueError(
        "corners: expected three inputs that span a plane, got three that are equal or on a line"
    )


def _regions(layers, plane, size):
    """The regions of the layers in order, each cut out of those of the layers before."""
    side = plane.window[1, 0] - plane.window[0, 0]
    pieces = [(plane.window, (), plane._axes.T, plane._origin)]
    for layer in layers:
        if layer is not None:
            weight, bias = layer
            pieces = [(p, on, weight @ W, weight @ b + bias) for p, on, W, b in pieces]
            size = np.abs(weight) @ size + np.abs(bias)
            continue
        pieces = [
            (part, (*before, on), W * on[:, None], b * on)
            for polygon, before, W, b in pieces
            for part, on in cut_by_all(polygon, W, b, _slack(W, side, size))
        ]
    largest = size.max()
    for polygon, pattern, W, b in pieces:
        for part, answer in winners(polygon, W, b, lambda W, _: _slack(W, side, largest)):
            yield PlaneRegion(part, pattern, W, b, answer)


def _slack(W, side, size):
    return np.maximum(THIN * side * np.linalg.norm(W, axis=1), ROUNDING * size)
