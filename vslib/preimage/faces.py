"""The face that a polytope lies in, and what linear programs and least squares tell of it."""

import functools

import numpy as np
from scipy.linalg import solve_triangular
from scipy.optimize import linprog, nnls
from scipy.sparse import csr_array

__all__ = ["FINE", "Face", "InfeasibleError"]

FINE = 1e-9  # a length below this, relative to the unit, is rounding
TINY = 1e-12
HIGHS = {"presolve": False, "primal_feasibility_tolerance": 1e-10}


class InfeasibleError(ValueError):
    """A polytope that holds no point.

    Examples
    --------
    >>> from vslib.preimage import relu_preimage
    >>> try:
    ...     relu_preimage([[0.0]], [0.0], [3.0]).nearest([0.0])
    ... except InfeasibleError:
    ...     print("no input gives 3")
    no input gives 3
    """


class Face:
    """All x = origin + z with z orthogonal to `normals` and G x <= h, no row constant on it.

    The equalities A x = c are eliminated: `normals` is an orthonormal basis of what the rows of A
    span, `origin` their least-squares solution of least norm. Row i of G sees of z ``sizes[i]``
    times its product with the unit vector ``D[i]``, so that ``D z <= room`` says the rest.

    Parameters
    ----------
    A, c : (p, n) array, (p,) array
    G, h : (q, n) array, (q,) array
        Rows of length at most 1, for x whose entries are of the order of 1.
    tolerance : float
        By how much, relative to |x| where that is above 1, a row may be broken.

    Raises
    ------
    InfeasibleError
        If the equalities contradict each other, or an inequality that is constant under them.

    Examples
    --------
    >>> A, c = np.array([[1.0, 0.0]]), np.array([2.0])
    >>> face = Face(A, c, np.empty((0, 2)), np.empty(0), 1e-9)
    >>> face.origin.round(9)
    array([2., 0.])
    """

    def __init__(self, A, c, G, h, tolerance):
        self.equalities, self.tolerance = (A, c), tolerance
        u, s, vt = np.linalg.svd(A, full_matrices=False)
        rank = np.count_nonzero(s > TINY * max(A.shape) * s.max(initial=0))
        self.normals = vt[:rank].T
        self.origin = self.normals @ ((u[:, :rank].T @ c) / s[:rank])
        missed = np.abs(A @ self.origin - c).max(initial=0)
        if missed > self.allowed(self.origin):
            raise InfeasibleError(
                "equalities: expected levels that some x reaches, got some that every x misses, "
                f"the least-squares solution by {missed:.2g} of the size of their terms"
            )
        D, room = self.along(G), h - G @ self.origin
        sizes = np.linalg.norm(D, axis=1)
        moves = sizes > FINE
        broken = -room[~moves].min(initial=0)
        if broken > self.allowed(self.origin):
            raise InfeasibleError(
                "inequalities: expected some that a solution of the equalities can hold, got one "
                f"that all of them break, by {broken:.2g} of the size of its terms"
            )
        self.G, self.h, self.sizes = G[moves], h[moves], sizes[moves]
        self.D, self.room = D[moves] / self.sizes[:, None], room[moves] / self.sizes

    def allowed(self, x):
        """By how much a row may be broken at x."""
        return self.tolerance * max(1, np.linalg.norm(x))

    @property
    def dimension(self):
        return len(self.origin) - self.normals.shape[1]

    def along(self, x):
        """Part of each x orthogonal to the normals."""
        for _ in range(2):
            x = x - (x @ self.normals) @ self.normals.T
        return x

    def nearest(self, z):
        """The point of the face nearest to z, or None where its optimality is not certain.

        Least-distance programming (Lawson and Hanson 1974, chapter 23): `nnls` finds which rows
        are met with equality, least squares where they are.
        """
        gap = self.room - self.D @ z
        if gap.min(initial=0) >= -TINY * (1 + np.linalg.norm(z)):
            return z
        matrix = np.vstack([self.D.T, gap / gap.min()])
        last = np.eye(1, len(matrix), len(matrix) - 1)[0]
        try:
            active = nnls(matrix, last, maxiter=9 * len(gap))[0] > 0
            if np.count_nonzero(active) > self.dimension:
                return None
            q, r = np.linalg.qr(self.D[active].T)
            step = q @ solve_triangular(r, gap[active], trans="T")
            weights = np.maximum(-solve_triangular(r, q.T @ step), 0)
        except (RuntimeError, np.linalg.LinAlgError):
            return None
        misses = [(self.D @ step - gap).max(), np.linalg.norm(weights @ self.D[active] + step)]
        return z + step if max(misses) <= FINE * (1 + np.abs(gap[active]).max()) else None

    @functools.cached_property
    def _bounds(self):
        """Rows of a single entry are bounds: lower and upper ends, and which rows are no such."""
        ends = np.tile([[-np.inf], [np.inf]], len(self.origin))
        single = np.count_nonzero(self.G, axis=1) == 1
        column = np.abs(self.G[single]).argmax(1)
        entry = self.G[single, column]
        level, below = self.h[single] / entry, entry < 0
        np.maximum.at(ends[0], column[below], level[below])
        np.minimum.at(ends[1], column[~below], level[~below])
        return *ends, ~single

    def _highs(self, cost, rows, levels, bounds):
        more = np.zeros((self.normals.shape[1], len(cost) - len(self.origin)))
        # HiGHS stops now and then at the finer tolerance, where it solves with its own settings.
        for options in (HIGHS, None):
            found = linprog(
                -cost,
                A_ub=csr_array(rows),
                b_ub=levels,
                A_eq=np.hstack([self.normals.T, more]),
                b_eq=self.normals.T @ self.origin,
                bounds=bounds,
                method="highs",
                options=options,
            )
            if found.status in (0, 3):
                return found if found.status == 0 else None
        raise ValueError(f"linear program: HiGHS found no answer: {found.message}")

    def ball(self, most=None):
        """Centre and radius, up to `most`, of a largest ball, and the weights of rows in the dual.

        None where there is no largest.
        """
        if not len(self.D):
            return None
        n = len(self.origin)
        bounds = [(None, None)] * n + [(None, most)]
        rows = np.column_stack([self.G, self.sizes])
        found = self._highs(np.eye(1, n + 1, n)[0], rows, self.h, bounds)
        if found is None:
            return None
        z = self.along(found.x[:n] - self.origin)
        return z, found.x[n], -found.ineqlin.marginals

    @functools.cached_property
    def interior(self):
        """The smallest face that holds all points, the centre and radius (up to 1) of a ball in it.

        Rows of positive weight in the dual of a ball of radius 0 leave each other no room: they
        are equalities.
        """
        if not len(self.D):
            return self, np.zeros(len(self.origin)), float(self.dimension > 0)
        z, radius, weights = self.ball(1)
        if radius > FINE:
            return self, z, radius
        broken = (self.sizes * (self.D @ z - self.room)).max()
        if broken > self.allowed(self.origin + z):
            raise InfeasibleError(
                "inequalities: expected compatible ones, got some that no solution of the "
                f"equalities holds, the best breaks them by {broken:.2g} of the size of their terms"
            )
        tight, (A, c) = weights > 1e-6 * weights.max(), self.equalities
        A, c = np.vstack([A, self.G[tight]]), np.append(c, self.h[tight])
        return Face(A, c, self.G[~tight], self.h[~tight], self.tolerance).interior

    @functools.cached_property
    def span(self):
        """Orthonormal basis of the directions in which the face may end."""
        s, vt = np.linalg.svd(self.D, full_matrices=False)[1:]
        return vt[s > TINY * max(self.D.shape) * s.max(initial=0)].T

    @property
    def bounded(self):
        """Whether no direction is open: the rows span all, and a positive sum of them is zero."""
        if np.isfinite(self._bounds[:2]).all():
            return True
        whole = self.span.shape[1] == self.dimension
        return whole and nnls(self.D.T, -self.D.sum(0), maxiter=9 * len(self.D))[1] < FINE

    def highest(self, directions):
        """The largest values of directions . x, of shape (k, n), along the face."""
        low, high, general = self._bounds
        sides = np.where(directions > 0, high, np.where(directions < 0, low, 0))
        most, values = (directions * sides).sum(1), np.full(len(directions), np.nan)
        together = np.isfinite(most).all()
        while (left := np.isnan(values)).any():
            # Bounds that a corner attains need no program of their own; one for the sum of many
            # directions finds a corner that attains many.
            first = np.flatnonzero(left)[0]
            cost = directions[left].sum(0) if together else directions[first]
            found = self._highs(cost, self.G[general], self.h[general], np.stack([low, high], 1))
            if not together:
                values[first] = np.inf if found is None else -found.fun
            if found is not None:
                attained = left & (directions @ found.x >= most - TINY)
                values[attained] = most[attained]
                together &= attained.any()
        return values
