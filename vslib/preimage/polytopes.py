"""Convex polytopes of many dimensions: nearest points, ranges, inscribed balls, samples."""

import contextlib
import functools

import numpy as np

from vslib.arrays import real_array
from vslib.preimage.compromise import compromise
from vslib.preimage.faces import FINE, Face, InfeasibleError
from vslib.preimage.rows import Rows, bounds, scaled, unit_of_length
from vslib.preimage.walks import walk

__all__ = ["InfeasibleError", "Polytope"]


class Polytope:
    """The set of all x with A x = c, G x <= h and low <= x <= high.

    Computing is in float64, by SciPy's `nnls` and HiGHS. A row, bounds included, counts as held
    where it is broken by no more than ``tolerance * max(|x|, unit) * (|row| + size / unit)``, in
    Euclidean norms; `unit` is the largest bound of the box or, where that has no end, the median
    of size over row. Rows that contradict each other by less count as compatible: equalities give
    way to their least-squares solution, inequalities without an interior to the equalities they
    make. Of an empty set, all but `contains` and `feasible` raise an `InfeasibleError` that says
    why.

    Parameters
    ----------
    equalities, inequalities : (array, array)
        A and c, of shapes (p, n) and (p,); G and h, of shapes (q, n) and (q,). p or q may be 0;
        the attribute `shape` is (p, q, n).
    box : (low, high), optional
        Two numbers or (n,) arrays; (0, 1) for images, (0, inf) for outputs of a ReLU.
    tolerance : float
        In [1e-9, 0.01]; the default allows for float32 rounding of what c and h come from.
    sizes : ((p,) array, (q,) array), optional
        How large the numbers are whose sums c and h are; by default their magnitudes.

    Raises
    ------
    ValueError
        If what is given is not real, of fitting shapes, finite but for the box, and low <= high.

    Source: Boyd and Vandenberghe (2004), Convex Optimization, sections 2.2.4, 8.1 and 8.5.1.

    Examples
    --------
    >>> triangle = Polytope(([], []), ([[1.0, 1.0]], [1.0]), box=(0, 1))
    >>> triangle.nearest([1.0, 1.0]).round(9)
    array([0.5, 0.5])
    """

    def __init__(self, equalities, inequalities, box=None, tolerance=1e-6, sizes=(None, None)):
        if not FINE <= tolerance <= 0.01:
            raise ValueError(f"tolerance: expected a number in [1e-9, 0.01], got {tolerance!r}")
        n = np.shape(equalities[0] if len(equalities[0]) else inequalities[0])[-1]
        self.tolerance = tolerance
        self._equalities = Rows("equalities", *equalities, n, sizes[0])
        self._inequalities = Rows("inequalities", *inequalities, n, sizes[1])
        self.shape = (len(self._equalities.rows), len(self._inequalities.rows), n)
        self._bounds = bounds(box, n)
        self._unit = unit_of_length((self._equalities, self._inequalities), *self._bounds)

    def __repr__(self):
        return "Polytope({} equalities, {} inequalities, {} dimensions)".format(*self.shape)

    @functools.cached_property
    def _relative(self):
        """A, c, G and h, the box among them, in units of length and of the sizes of terms."""
        return scaled(self._equalities, self._inequalities, *self._bounds, self._unit)

    @functools.cached_property
    def _face(self):
        return Face(*self._relative, self.tolerance)

    @functools.cached_property
    def _found(self):
        """The face that has an interior, with its ball, or the error that says why none has."""
        try:
            return self._face.interior
        except InfeasibleError as error:
            face = compromise(*self._relative, self.tolerance)
            return error if face is None else face.interior

    @property
    def _interior(self):
        if isinstance(self._found, InfeasibleError):
            raise self._found
        return self._found

    def contains(self, x):
        """Whether each x lies in the set, up to the tolerance.

        Parameters
        ----------
        x : (..., n) array

        Returns
        -------
        (...) bool array
        """
        x = real_array(x, "x", length=self.shape[2])
        allowed = self.tolerance * np.maximum(np.linalg.norm(x, axis=-1) / self._unit, 1)
        A, c, G, h = self._relative
        missed = np.abs(x @ A.T / self._unit - c).max(-1, initial=0)
        return np.maximum(missed, (x @ G.T / self._unit - h).max(-1, initial=0)) <= allowed

    def feasible(self):
        """Whether the set holds any point, up to the tolerance."""
        try:
            self.nearest(np.zeros(self.shape[2]))
        except InfeasibleError:
            return False
        return True

    def nearest(self, x):
        """The point of the set nearest to each x: its Euclidean projection.

        Parameters
        ----------
        x : (..., n) array

        Returns
        -------
        (..., n) array
        """
        x = real_array(x, "x", length=self.shape[2]) / self._unit
        return np.apply_along_axis(self._nearest, -1, x) * self._unit

    def _nearest(self, x):
        for face in self._faces():
            z = face.nearest(face.along(x - face.origin))
            if z is not None:
                return face.origin + z
        raise ValueError("nearest: the optimality conditions do not hold to rounding; rescale x")

    def _faces(self):
        # A linear program for the interior is spent only where least distance gives no answer.
        with contextlib.suppress(InfeasibleError):
            yield self._face
        yield self._interior[0]

    def range(self, directions):
        """Lowest and highest value of direction . x over the set.

        Parameters
        ----------
        directions : (n,) or (k, n) array
            Unit vectors for single entries of x: ``np.eye(n)`` for all.

        Returns
        -------
        (2,) or (k, 2) array
            -inf or inf where there is no end.
        """
        given = real_array(directions, "directions", length=self.shape[2])
        flat = np.atleast_2d(given)
        lengths = np.linalg.norm(flat, axis=1, keepdims=True)
        lengths[lengths == 0] = 1
        flat = flat / lengths
        face, along = self._interior[0], self._interior[0].along(flat)
        moves = np.linalg.norm(along, axis=1) > FINE
        endless = np.linalg.norm(along - along @ face.span @ face.span.T, axis=1) > FINE
        ends = np.repeat((flat @ face.origin)[:, None], 2, axis=1)
        ends[endless] = -np.inf, np.inf
        solve = flat[moves & ~endless]
        ends[moves & ~endless] = np.stack([-face.highest(-solve), face.highest(solve)], 1)
        return (ends * lengths * self._unit + 0.0).reshape(*given.shape[:-1], 2)

    def chebyshev(self):
        """Centre and radius of a largest ball in the set, within the set's affine hull.

        Returns
        -------
        centre : (n,) array
        radius : float
            0 for a single point; inf where there is no largest, the centre then that of some ball.
        """
        face, centre, radius = self._interior
        if radius >= 1:
            centre, radius, _ = face.ball() or (centre, np.inf, None)
        return self._unit * (face.origin + centre), self._unit * float(radius)

    def sample(self, n, seed=0, steps=2):
        """Points of the set, by the billiard walk from the centre of a largest ball.

        Every point ends a walk of its own. A step goes in a random direction of the affine hull
        and is reflected by facets, about as often as the hull has dimensions. Steps keep the
        uniform distribution, and near it from the centre: the more of them, the nearer.

        Parameters
        ----------
        n, seed, steps : int

        Returns
        -------
        (n, dimensions) array

        Raises
        ------
        ValueError
            If it is unbounded, and so without a uniform distribution.

        References
        ----------
        Gryazina and Polyak (2014), Random sampling: Billiard Walk algorithm.
        """
        face, z, _ = self._interior
        if face.dimension and not face.bounded:
            raise ValueError(
                "sample: expected a bounded set, got an unbounded one; give a box with finite ends"
            )
        points = walk(face, z, n, seed, steps) if face.dimension else np.tile(z, (n, 1))
        return self._unit * (face.origin + points)
