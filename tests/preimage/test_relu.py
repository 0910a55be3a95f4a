"""Preimages of ReLU layers and linear regions: what must hold, and what brute force says."""

import itertools

import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import linprog, lsq_linear, minimize
from strategies import FORMS, dense

from vslib import layers, mnist, networks
from vslib.preimage import InfeasibleError, Polytope, linear_region, relu_preimage

BOXES = st.sampled_from([None, (0, 1)])
NONE = (np.empty((0, 2)), np.empty(0))


def relu(x):
    return np.maximum(x, 0)


@st.composite
def reached(draw, longest=12, box=BOXES):
    """A layer, an input in [0, 1] and its output: rows and inputs often degenerate."""
    m, n = draw(st.integers(1, longest)), draw(st.integers(1, longest))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    W, b, x = rng.normal(size=(m, n)), rng.normal(size=m), rng.uniform(size=n)
    if draw(st.booleans()):
        W, b, x = np.rint(W), np.rint(b), np.rint(x)
    if draw(st.booleans()):
        W[rng.integers(m)] = rng.choice([-1, 0, 1]) * W[rng.integers(m)]
    shift = draw(st.sampled_from([-9, 0, 0, 0, 9]))  # none active, some, or all
    scale = 10.0 ** draw(st.integers(-6, 6))
    W, b = scale * W, scale * (b + shift)
    return W, b, relu(W @ x + b), x, draw(box)


def points_around(x, count=3):
    return x + np.random.default_rng(0).normal(size=(count, len(x)))


def rows_of(W, b, y, box):
    """Equalities and inequalities, written down anew: A x = c, G x <= h."""
    on, n = y > 0, W.shape[1]
    G, h = W[~on], -b[~on]
    if box is not None:
        G = np.vstack([G, np.eye(n), -np.eye(n)])
        h = np.concatenate([h, np.full(n, box[1]), np.full(n, -box[0])])
    return W[on], (y - b)[on], G, h


def unit_rows(A, c):
    norms = np.linalg.norm(A, axis=1)
    return A[norms > 0] / norms[norms > 0, None], c[norms > 0] / norms[norms > 0]


def kkt_residual(p, q, A, c, G, h):
    """How far q is from being the projection of p: the worst broken row, and what is left of
    p - q beside multipliers, those of inequalities that q meets nonnegative."""
    (A, c), (G, h) = unit_rows(A, c), unit_rows(G, h)
    broken = max(np.abs(A @ q - c).max(initial=0), (G @ q - h).max(initial=0))
    meets = G @ q - h > -1e-8
    columns = np.vstack([A, G[meets]]).T
    if not columns.size:
        return max(broken, np.linalg.norm(p - q))
    low = np.concatenate([np.full(len(A), -np.inf), np.zeros(meets.sum())])
    found = lsq_linear(columns, p - q, (low, np.inf), method="bvls", tol=1e-14, max_iter=9999)
    return max(broken, np.linalg.norm(found.fun))


def corners(A, c, G, h):
    """All vertices of a bounded polytope, by solving every square subsystem."""
    n, found = A.shape[1] if len(A) else G.shape[1], []
    rank = np.linalg.matrix_rank(A) if len(A) else 0
    for chosen in itertools.combinations(range(len(G)), n - rank):
        rows, levels = np.vstack([A, G[list(chosen)]]), np.append(c, h[list(chosen)])
        if np.linalg.matrix_rank(rows, 1e-9) == n:
            x = np.linalg.lstsq(rows, levels, rcond=None)[0]
            if np.abs(rows @ x - levels).max() < 1e-9 and (G @ x - h).max() < 1e-9:
                found.append(x)
    return np.array(found)


class TestContains:
    @given(reached())
    def test_the_input_that_gave_the_output(self, case):
        W, b, y, x, box = case
        assert relu_preimage(W, b, y, box).contains(x)

    @given(reached(box=st.none()))
    def test_agrees_with_the_layer_itself(self, case):
        W, b, y, x, _ = case
        others = np.vstack([x, x + 1e-13, points_around(x), points_around(x) * 1e3])
        wrong = np.abs(relu(others @ W.T + b) - y).max(1) / (np.abs(W).max() or 1)
        clear = (wrong < 1e-10) | (wrong > 1e-1)
        got = relu_preimage(W, b, y).contains(others)
        assert_array_equal(got[clear], wrong[clear] < 1e-10)

    def test_up_to_the_tolerance_and_no_farther(self):
        P = Polytope(([[3.0, 4]], [10]), ([[0.0, 2]], [2]), tolerance=1e-4)
        x = np.array([2.0, 1])
        for normal in ([0.6, 0.8], [-0.6, -0.8]):
            assert P.contains(x + 1e-4 * np.array(normal))
            assert not P.contains(x + 1e-3 * np.array(normal))
        along = np.array([-0.8, 0.6])
        assert not P.contains(x + 1e-2 * along) and P.contains(x - 1e-2 * along)
        boxed = Polytope(NONE, NONE, (0, 1))
        assert_array_equal(
            boxed.contains([[0, 1], [0.5, -1e-4], [1.0001, 0]]), [True, False, False]
        )

    def test_many_at_once(self):
        P = Polytope(([[1.0, 1]], [1]), NONE)
        x = np.array([[[1.0, 0], [1, 1]], [[0.5, 0.5], [0, 0]], [[2, -1], [0, 1]]])
        assert_array_equal(P.contains(x), [[True, False], [True, False], [True, True]])
        assert_allclose(P.nearest(x)[0, 1], [0.5, 0.5])
        assert P.nearest(x).shape == x.shape

    @given(reached(box=st.none()), st.sampled_from(sorted(FORMS)))
    def test_whatever_the_form_of_the_layer(self, case, form):
        W, _, y, x, _ = case
        W = FORMS[form](W / (np.abs(W).max() or 1))
        y = relu(dense(W) @ x)
        assert relu_preimage(W, np.zeros(len(W)), y).contains(torch.tensor(x))


class TestNearest:
    @given(reached())
    def test_satisfies_the_optimality_conditions(self, case):
        W, b, y, x, box = case
        P = relu_preimage(W, b, y, box)
        for p in points_around(x):
            q = P.nearest(p)
            assert kkt_residual(p, q, *rows_of(W, b, y, box)) < 1e-8
            assert P.contains(q)

    @given(reached())
    def test_gives_the_output(self, case):
        W, b, y, x, box = case
        q = relu_preimage(W, b, y, box).nearest(points_around(x))
        sizes = np.linalg.norm(W, axis=1) * (1 + np.linalg.norm(q, axis=1, keepdims=True)) + abs(b)
        assert (np.abs(relu(q @ W.T + b) - y) <= 1e-8 * sizes).all()

    @given(reached())
    def test_of_a_point_inside_is_itself(self, case):
        W, b, y, x, box = case
        P = relu_preimage(W, b, y, box)
        assert_allclose(P.nearest(x), x, atol=1e-8)
        q = P.nearest(points_around(x))
        assert_allclose(P.nearest(q), q, atol=1e-8)

    @given(reached(longest=5, box=st.just((0, 1))))
    def test_agrees_with_a_general_solver(self, case):
        W, b, y, x, box = case
        A, c, G, h = rows_of(W, b, y, None)
        assume(len(A) < W.shape[1])
        p = points_around(x)[0]
        A, c = unit_rows(A, c)
        G, h = unit_rows(G, h)
        found = minimize(
            lambda q: ((q - p) ** 2).sum(),
            x,
            jac=lambda q: 2 * (q - p),
            bounds=[(0, 1)] * len(x),
            constraints=[
                *[{"type": "eq", "fun": lambda q: A @ q - c}] * (len(A) > 0),
                *[{"type": "ineq", "fun": lambda q: h - G @ q}] * (len(G) > 0),
            ],
            method="SLSQP",
            options={"ftol": 1e-14, "maxiter": 500},
        )
        assume(found.success)
        assert_allclose(relu_preimage(W, b, y, box).nearest(p), found.x, atol=1e-5)

    @given(reached(box=st.just((0, 1))))
    def test_is_nearer_than_any_sample(self, case):
        W, b, y, x, box = case
        P = relu_preimage(W, b, y, box)
        p = points_around(x)[0]
        distances = np.linalg.norm(P.sample(9) - p, axis=1)
        assert np.linalg.norm(P.nearest(p) - p) <= distances.min() + 1e-8


class TestRange:
    @given(reached(longest=3, box=st.just((0, 1))))
    def test_is_that_of_all_corners(self, case):
        W, b, y, x, box = case
        A, c, G, h = rows_of(W, b, y, box)
        found = corners(*unit_rows(A, c), *unit_rows(G, h))
        assume(len(found))
        directions = np.vstack([np.eye(len(x)), points_around(0 * x)])
        values = directions @ found.T
        expected = np.stack([values.min(1), values.max(1)], 1)
        got = relu_preimage(W, b, y, box).range(directions)
        assert_allclose(got, expected, atol=1e-8)

    @given(reached())
    def test_is_that_of_a_linear_program_in_plain_form(self, case):
        W, b, y, x, box = case
        A, c, G, h = rows_of(W, b, y, None)
        (A, c), (G, h) = unit_rows(A, c), unit_rows(G, h)
        directions = np.vstack([np.eye(len(x))[:2], points_around(0 * x, 2)])
        got = relu_preimage(W, b, y, box).range(directions)
        for direction, ends in zip(directions, got, strict=True):
            for sign, end in zip((1, -1), ends, strict=True):
                plain = linprog(
                    sign * direction, G, h + 1e-9, *((A, c) if len(A) else ()),
                    bounds=(None, None) if box is None else box,
                )  # fmt: skip
                if plain.status == 0:
                    assert_allclose(end, sign * plain.fun, atol=1e-5)
                elif plain.status == 3:
                    assert end == -sign * np.inf

    @given(reached())
    def test_holds_the_input_and_nearest_points(self, case):
        W, b, y, x, box = case
        P = relu_preimage(W, b, y, box)
        points = np.vstack([x, P.nearest(points_around(x))])
        low, high = P.range(np.eye(len(x))).T
        assert ((points >= low - 1e-7) & (points <= high + 1e-7)).all()
        if box is not None:
            assert (low >= -1e-7).all() and (high <= 1 + 1e-7).all()

    def test_many_directions_agree_with_each_alone(self):
        rng = np.random.default_rng(3)
        W, x = rng.normal(size=(9, 12)), rng.uniform(size=12)
        y = relu(W @ x)
        many = relu_preimage(W, np.zeros(9), y, (0, 1)).range(np.eye(12))
        for direction, ends in zip(np.eye(12), many, strict=True):
            alone = relu_preimage(W, np.zeros(9), y, (0, 1)).range(direction)
            assert alone.shape == (2,)
            assert_allclose(ends, alone, atol=1e-9)

    @pytest.mark.parametrize("scale", [1e-9, 1, 1e9])
    def test_grows_with_the_direction(self, scale):
        P = Polytope(([[1.0, 1, 1]], [1]), ([[1.0, -1, 0]], [0.2]), (0, 1))
        assert_allclose(P.range([0, scale, 0]), [0, scale], rtol=1e-9)
        assert_allclose(P.range([scale, 0, 0]), [0, 0.6 * scale], rtol=1e-9)
        assert_array_equal(P.range([0, 0, 0]), [0, 0])
        assert_allclose(P.range([scale] * 3), [scale, scale], rtol=1e-9)

    def test_by_hand_without_an_end(self):
        wedge = Polytope(NONE, ([[1.0, 0], [1, 1]], [1, 5]))
        assert_array_equal(wedge.range([[1, 0], [0, 1]]), [[-np.inf, 1], [-np.inf, np.inf]])
        assert_allclose(wedge.range([1, 1]), [-np.inf, 5])
        strip = Polytope(([[0.0, 0, 1]], [7]), ([[1.0, 0, 0], [-1, 0, 0]], [2, 0]))
        ends = strip.range([[1, 0, 0], [0, 1, 0], [0, 0, 2], [1, 0, 1]])
        assert_allclose(ends, [[0, 2], [-np.inf, np.inf], [14, 14], [7, 9]])


class TestChebyshev:
    @given(reached())
    def test_ball_lies_in_the_set(self, case):
        W, b, y, x, box = case
        P = relu_preimage(W, b, y, box)
        centre, radius = P.chebyshev()
        assert P.contains(centre) and radius >= 0
        A, c, G, h = rows_of(W, b, y, box)
        (A, c), (G, h) = unit_rows(A, c), unit_rows(G, h)
        null = scipy.linalg.null_space(A) if len(A) else np.eye(len(x))
        along = G @ null
        moves = np.linalg.norm(along, axis=1) > 1e-9
        # Else the hull may be smaller than what solves the equalities.
        if (G @ x - h < -1e-6)[moves].all() and null.size:
            steps = np.random.default_rng(0).normal(size=(9, null.shape[1]))
            steps = np.vstack([steps, along[moves]])
            # Where there is no largest ball, the centre is that of some ball.
            size = radius if np.isfinite(radius) else 1e-6
            steps *= size / np.linalg.norm(steps, axis=1, keepdims=True)
            points = centre + steps @ null.T
            assert radius > 0 and ((points @ G.T - h)[:, moves] <= 1e-6).all()

    @given(reached(longest=6, box=st.just((0, 1))))
    def test_radius_agrees_with_coordinates_of_the_null_space(self, case):
        W, b, y, x, box = case
        A, c, G, h = rows_of(W, b, y, box)
        (A, c), (G, h) = unit_rows(A, c), unit_rows(G, h)
        null = scipy.linalg.null_space(A) if len(A) else np.eye(len(x))
        sizes = np.linalg.norm(G @ null, axis=1)
        moves = sizes > 1e-9
        assume(moves.any())
        found = linprog(
            np.append(np.zeros(null.shape[1]), -1),
            np.column_stack([G @ null, sizes])[moves],
            (h - G @ x)[moves],
            bounds=[(None, None)] * null.shape[1] + [(0, None)],
        )
        assume(found.status == 0 and -found.fun > 1e-6)
        assert_allclose(relu_preimage(W, b, y, box).chebyshev()[1], -found.fun, rtol=1e-6)

    def test_by_hand(self):
        triangle = Polytope(NONE, ([[-1.0, 0], [0, -1], [3, 4]], [0, 0, 12]))
        centre, radius = triangle.chebyshev()
        assert_allclose(centre, [1, 1])
        assert_allclose(radius, 1)
        segment = Polytope(([[1.0, 1]], [1]), NONE, (0, 1))
        assert_allclose(segment.chebyshev()[1], 0.5**0.5)
        wide = Polytope(NONE, ([[1.0, 0], [-1, 0], [0, 1], [0, -1]], [900, 0, 1e4, 1e4]))
        assert_allclose(wide.chebyshev()[1], 450)

    def test_has_radius_0_for_a_point_and_no_end_for_an_open_cone(self):
        point = Polytope(([[1.0, 0], [1, 1]], [2, 5]), NONE)
        assert_allclose(point.chebyshev()[0], [2, 3])
        assert point.chebyshev()[1] == 0
        cone = Polytope(NONE, ([[-1.0, 0], [0, -1]], [-1, -1]))
        centre, radius = cone.chebyshev()
        assert radius == np.inf and (centre > 1).all()
        assert Polytope(([[1.0, 0]], [2]), NONE).chebyshev()[1] == np.inf

    def test_is_relative_to_the_hull_that_inequalities_make(self):
        # Two rows and their negatives: x0 + x1 = 1 and nothing else is left of the square.
        P = Polytope(NONE, ([[1.0, 1], [-1, -1]], [1, -1]), (0, 1))
        centre, radius = P.chebyshev()
        assert_allclose(centre, [0.5, 0.5])
        assert_allclose(radius, 0.5**0.5)
        assert_allclose(P.sample(9).sum(1), 1)
        corner = Polytope(NONE, ([[-1.0, -1]], [-2]), (0, 1))
        assert_allclose(corner.chebyshev()[0], [1, 1])
        assert corner.chebyshev()[1] == 0


class TestSample:
    @given(reached(box=st.just((0, 1))))
    def test_gives_the_output(self, case):
        W, b, y, x, box = case
        P = relu_preimage(W, b, y, box)
        s = P.sample(7)
        assert s.shape == (7, len(x)) and P.contains(s).all()
        sizes = np.linalg.norm(W, axis=1) * (1 + np.linalg.norm(x)) + abs(b)
        assert (np.abs(relu(s @ W.T + b) - y) <= 1e-8 * sizes).all()
        assert (s >= -1e-8).all() and (s <= 1 + 1e-8).all()

    def test_is_uniform_on_a_square_a_triangle_and_a_slice(self):
        # Means and variances of each entry as calculus has them; 4000 points, five deviations.
        count = 4000
        triangle = ([[-1.0, 0], [0, -1], [1, 1]], [0, 0, 1])
        for P, mean, variance in (
            (Polytope(NONE, NONE, (0, 1)), 1 / 2, 1 / 12),
            (Polytope(NONE, triangle), 1 / 3, 1 / 18),
            (Polytope((np.ones((1, 6)), [1.0]), NONE, (0, 1)), 1 / 6, 5 / 252),
        ):
            s = P.sample(count, steps=6)
            assert_allclose(s.mean(0), mean, atol=5 * (variance / count) ** 0.5)
            assert_allclose(s.var(0), variance, rtol=0.15)

    def test_reaches_into_corners_of_a_cube_of_many_dimensions(self):
        s = Polytope((np.ones((1, 60)), [30.0]), NONE, (0, 1)).sample(200)
        assert_allclose(s.var(), 1 / 12, rtol=0.1)
        assert_allclose(s.sum(1), 30)

    def test_is_no_slave_to_a_seed_that_made_the_layer_too(self):
        # Drawn from one stream, the first direction would be the row, which leads nowhere.
        W = np.random.default_rng(0).normal(size=(1, 2))
        x = np.array([0.5, 0.5])
        b = 1 - W @ x
        s = relu_preimage(W, b, [1], (0, 1)).sample(9)
        assert_allclose(s @ W[0] + b, 1)
        assert len(np.unique(s, axis=0)) == 9

    def test_repeats_with_its_seed(self):
        P = Polytope(NONE, NONE, (0, 1))
        assert_array_equal(P.sample(4), P.sample(4, seed=0))
        assert not np.allclose(P.sample(4), P.sample(4, seed=1))
        assert len(np.unique(P.sample(50), axis=0)) == 50

    def test_of_a_point_is_that_point(self):
        P = relu_preimage(np.eye(3), np.zeros(3), [1, 2, 3])
        assert_allclose(P.sample(2), [[1, 2, 3], [1, 2, 3]])

    @pytest.mark.parametrize(
        "rows",
        [
            [[1.0, 0], [0, 1]],
            [[1.0, 0], [-1, 0]],
            [[1.0, 0], [-1, 0], [0, 1]],
            [[1.0, 1], [1, -1], [1, 0]],
        ],
    )
    def test_of_an_unbounded_set_is_an_error_that_asks_for_a_box(self, rows):
        with pytest.raises(ValueError, match="expected a bounded set, got an unbounded one; give"):
            Polytope(NONE, (rows, np.ones(len(rows)))).sample(3)
        assert Polytope(NONE, (rows, np.ones(len(rows))), (-2, 2)).sample(3).shape == (3, 2)


def everything(P):
    n = P.shape[2]
    yield lambda: P.nearest(np.ones(n))
    yield lambda: P.range(np.ones(n))
    yield P.chebyshev
    yield lambda: P.sample(2)


def assert_infeasible(P, why):
    assert not P.feasible()
    assert not P.contains(np.random.default_rng(0).normal(size=(9, P.shape[2]))).any()
    for ask in everything(P):
        with pytest.raises(InfeasibleError, match=why):
            ask()


class TestInfeasible:
    @given(reached(), st.floats(1e-3, 1e3))
    def test_where_two_active_rows_contradict_each_other(self, case, gap):
        W, b, y, x, box = case
        w = W[0] if W[0].any() else np.ones(len(x))
        size = np.linalg.norm(w) * (1 + np.linalg.norm(x))
        W = np.vstack([W, w, -w])
        b = np.append(b, [size - w @ x, size + w @ x])
        y = np.append(y, [size * (1 + gap), size])
        assert_infeasible(relu_preimage(W, b, y, box), "equalities: .* misses, the least-squares")

    @given(reached(), st.floats(1e-3, 1e3))
    def test_where_two_inactive_rows_leave_nothing_between_them(self, case, gap):
        W, b, y, x, box = case
        w = W[0] if W[0].any() else np.ones(len(x))
        size = gap * np.linalg.norm(w) * (1 + np.linalg.norm(x))
        W, y = np.vstack([W, w, -w]), np.append(y, [0, 0])
        b = np.append(b, [size - w @ x, size + w @ x])
        assert_infeasible(relu_preimage(W, b, y, box), "inequalities: expected")

    @given(reached(box=st.just((0, 1))))
    def test_where_the_box_is_too_small(self, case):
        W, b, y, x, box = case
        w = np.ones(len(x))
        W, b, y = np.vstack([W, w]), np.append(b, 0), np.append(y, 1.01 * len(x))
        P = relu_preimage(W, b, y, box)
        assert not P.feasible()
        for ask in everything(P):
            with pytest.raises(InfeasibleError):
                ask()

    @pytest.mark.parametrize(
        "b, y, feasible", [(-1, 0, True), (1, 1, True), (1, 0, False), (1, 2, False)]
    )
    def test_or_not_where_a_row_is_zero(self, b, y, feasible):
        assert relu_preimage([[0.0, 0], [1, 1]], [b, 0], [y, 1]).feasible() == feasible
        assert relu_preimage([[0.0, 0]], [b], [y]).feasible() == feasible

    def test_negative_outputs_are_named(self):
        with pytest.raises(ValueError, match=r"got 2 negative of 4, at 1, 3; the lowest is -0\.5"):
            relu_preimage(np.eye(4), np.zeros(4), [0, -0.25, 1, -0.5])
        assert not issubclass(InfeasibleError, UserWarning) and issubclass(
            InfeasibleError, ValueError
        )

    def test_is_told_from_what_float32_lost(self):
        rng = np.random.default_rng(0)
        for m in (20, 60):
            W, b, x = rng.normal(size=(m, 9)), rng.normal(size=m), rng.uniform(size=9)
            y = relu(W @ x + b)
            rounded = relu_preimage(W, b, y.astype(np.float32), (0, 1))
            assert rounded.feasible() and rounded.contains(x)
            assert_allclose(rounded.nearest(np.zeros(9)), x, atol=1e-6)
            assert not relu_preimage(W, b, y + 1e-3 * (y > 0) * rng.normal(size=m)).feasible()
            strict = relu_preimage(W, b, y.astype(np.float32), tolerance=1e-9)
            assert not strict.feasible()

    def test_is_told_from_what_float32_lost_of_a_large_bias(self):
        # W x is all that is left of y - b, and here that is rounding.
        W, b = np.random.default_rng(0).normal(size=(8, 5)), np.full(8, 0.1)
        P = relu_preimage(W, b, b.astype(np.float32))
        assert P.contains(np.zeros(5)) and P.feasible()
        # A row that says x = 1.001 for 1 + 1e-7 in y; the other one ends at x = 1.
        P = relu_preimage([[1e-4], [1]], [1, -1], [1.0001 + 1e-7, 0], (0, 2))
        assert P.contains([1]) and P.feasible()
        assert_allclose(P.nearest([2]), [1], atol=1e-5)
        assert not relu_preimage([[1e-4], [1]], [1, -1], [1.0001 + 1e-4, 0], (0, 2)).feasible()

    @given(reached())
    def test_float32_outputs_are_reached(self, case):
        W, b, y, x, box = case
        P = relu_preimage(W, b, y.astype(np.float32), box)
        assert P.contains(x) and P.feasible()
        assert P.contains(P.nearest(points_around(x))).all()
        assert P.contains(P.chebyshev()[0])


class TestDegenerate:
    def test_no_active_row(self):
        P = relu_preimage([[1.0, 0], [0, 1]], [0, 0], [0, 0])
        assert P.shape == (0, 2, 2)
        assert_allclose(P.nearest([3, -1]), [0, -1])
        assert_array_equal(P.range([1, 0]), [-np.inf, 0])

    def test_all_active(self):
        P = relu_preimage([[1.0, 1, 0], [0, 0, 2]], [0, 1], [2, 5])
        assert P.shape == (2, 0, 3)
        assert_allclose(P.nearest([0, 0, 0]), [1, 1, 2])
        assert_allclose(P.range([0, 0, 1]), [2, 2])
        assert_allclose(
            relu_preimage(np.eye(3), np.zeros(3), [1, 0.5, 2]).nearest([9, 9, 9]), [1, 0.5, 2]
        )

    def test_one_number(self):
        P = relu_preimage([[2.0]], [1], [0], (-3, 3))
        assert_allclose(P.range([1]), [-3, -0.5])
        assert_allclose(P.chebyshev()[0], [-1.75])
        assert_allclose(P.chebyshev()[1], 1.25)
        assert_allclose(P.nearest([7]), [-0.5])
        s = P.sample(500)
        assert ((s >= -3) & (s <= -0.5)).all()
        assert_allclose(s.mean(), -1.75, atol=0.15)

    def test_dependent_rows(self):
        W = np.array([[1.0, 2, 3], [2, 4, 6], [-1, -2, -3], [1, 0, 0]])
        x = np.array([0.25, 0.5, 0.125])
        P = relu_preimage(W, np.zeros(4), relu(W @ x), (0, 1))
        q = P.nearest([1, 1, 1])
        assert_allclose(relu(W @ q), relu(W @ x), atol=1e-12)
        assert_allclose(q[0], 0.25)

    def test_a_box_of_its_own_for_each_entry(self):
        P = Polytope(NONE, ([[1.0, 1]], [3]), ([0, 1], [4, 1]))
        assert_allclose(P.range(np.eye(2)), [[0, 2], [1, 1]])
        assert_allclose(P.chebyshev()[0], [1, 1])
        assert_allclose(P.sample(5)[:, 1], 1)


@st.composite
def relu_networks(draw):
    """Weights and biases of 1 to 3 hidden layers, and an input."""
    widths = draw(st.lists(st.integers(1, 9), min_size=3, max_size=5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    pairs = [(rng.normal(size=(m, n)), rng.normal(size=m)) for n, m in itertools.pairwise(widths)]
    return pairs, rng.uniform(size=widths[0])


def forward(pairs, x):
    """Output and the values at all hidden units, of each x."""
    hidden = []
    for W, b in pairs[:-1]:
        hidden.append(x @ W.T + b)
        x = relu(hidden[-1])
    return x @ pairs[-1][0].T + pairs[-1][1], np.concatenate(hidden, -1)


class TestLinearRegion:
    @given(relu_networks())
    def test_has_one_pattern_and_one_affine_map(self, case):
        pairs, x = case
        region = linear_region(pairs, x, (0, 1))
        assert region.contains(x)
        points = np.vstack([x, region.sample(9), region.nearest(points_around(x))])
        outputs, hidden = forward(pairs, points)
        assert_array_equal(np.concatenate(region.pattern), hidden[0] > 0)
        sides = np.where(hidden[0] > 0, 1, -1)
        assert (hidden * sides >= -1e-8 * (1 + np.abs(hidden))).all()
        assert_allclose(points @ region.W.T + region.b, outputs, atol=1e-7)

    @given(relu_networks())
    def test_holds_exactly_the_inputs_of_that_pattern(self, case):
        pairs, x = case
        region = linear_region(pairs, x)
        points = x + 0.3 * np.random.default_rng(0).normal(size=(40, len(x)))
        _, hidden = forward(pairs, np.vstack([x, points]))
        assume((np.abs(hidden) > 1e-4).all())
        same = ((hidden > 0) == (hidden[0] > 0)).all(1)[1:]
        assert_array_equal(region.contains(points), same)

    @given(relu_networks())
    def test_with_one_output_is_a_polytope_too(self, case):
        pairs, x = case
        y, _ = forward(pairs, x)
        P = linear_region(pairs, x, (0, 1)).with_output(y)
        points = np.vstack([P.nearest(points_around(x)), P.sample(5)])
        assert P.contains(x) and P.contains(points).all()
        assert_allclose(forward(pairs, points)[0], np.tile(y, (8, 1)), atol=1e-6)

    @given(relu_networks())
    def test_of_one_hidden_layer_and_its_output_is_the_preimage(self, case):
        ((W, b), *_), x = case
        region = linear_region([(W, b), (np.eye(len(b)), 0 * b)], x, (0, 1))
        P = relu_preimage(W, b, relu(W @ x + b), (0, 1))
        # In the region, active units may take any positive value; with the output they may not.
        p = points_around(x)
        assert_allclose(region.with_output(relu(W @ x + b)).nearest(p), P.nearest(p), atol=1e-6)

    def test_of_a_torch_network_and_an_image(self):
        torch.manual_seed(0)
        nn = torch.nn
        network = nn.Sequential(
            nn.Flatten(),
            nn.Linear(16, 9),
            nn.ReLU(),
            nn.Linear(9, 5, bias=False),
            nn.ReLU(),
            nn.Linear(5, 3),
        )
        image = torch.rand(4, 4)
        region = linear_region(network, image, (0, 1))
        points = torch.tensor(region.sample(20)).float().reshape(20, 4, 4)
        outputs = network(points).detach().numpy()
        assert_allclose(points.reshape(20, 16).numpy() @ region.W.T + region.b, outputs, atol=1e-5)
        parts = network[1], network[3], network[5]
        pairs = [(p.weight, torch.zeros(5) if p.bias is None else p.bias) for p in parts]
        same = linear_region(pairs, image, (0, 1))
        assert_array_equal(same.W, region.W)
        assert same.shape == region.shape == (0, 14, 16)

    @pytest.mark.parametrize(
        "network, message",
        [
            (torch.nn.Sequential(torch.nn.Linear(4, 2), torch.nn.SELU()), "got SELU as '1'"),
            (torch.nn.Sequential(torch.nn.Linear(4, 2)), "expected at least one ReLU, got none"),
            ([(np.ones((2, 3)), np.ones(2))] * 2, "expected length 4 along the last axis, got"),
            ([(np.ones((2, 4)), np.ones(3))] * 2, "bias of layer 1: expected length 2"),
        ],
    )
    def test_of_another_network_is_an_error(self, network, message):
        with pytest.raises(ValueError, match=message):
            linear_region(network, np.ones(4))


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: relu_preimage(np.ones(3), np.ones(3), np.ones(3)), "W: expected 2 axes"),
        (lambda: relu_preimage(np.eye(3), np.ones(2), np.ones(3)), "b: expected length 3"),
        (lambda: relu_preimage(np.eye(3), np.ones(3), np.ones(4)), "y: expected length 3"),
        (lambda: relu_preimage(np.eye(3), np.ones(3), [1, np.nan, 1]), "y: expected finite"),
        (lambda: relu_preimage(np.eye(3), [1, 1, 1], [1, 1, 1], (1, 0)), "box: expected low <= hi"),
        (lambda: relu_preimage(np.eye(3), [1, 1, 1], [1, 1, 1], ([0, 0], 1)), "or of length 3,"),
        (lambda: Polytope(NONE, NONE, (0, 1), tolerance=0), "tolerance: expected a number in"),
        (lambda: Polytope(([[1.0, 2]], [1]), ([[1.0]], [1])), "inequalities, rows: expected len"),
        (lambda: Polytope(([[1.0, 2]], [1, 2]), NONE), "equalities, levels: expected length 1"),
        (lambda: Polytope(NONE, NONE, (0, 1)).contains([1, 2, 3]), "x: expected length 2"),
        (lambda: Polytope(NONE, NONE, (0, 1)).nearest([np.inf, 2]), "x: expected finite"),
        (lambda: Polytope(NONE, NONE, (0, 1)).range([1]), "directions: expected length 2"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_an_error(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.fixture(scope="module")
def layer():
    return layers.matrices(networks.weights("fc5"))["layer1"]


@pytest.fixture(scope="module")
def digits():
    images, labels = mnist.load("test")
    assert labels[0] != labels[1]
    return images[:2].reshape(2, -1).astype(float)


@pytest.fixture(scope="module", params=[None, (0, 1)])
def seven(request, layer, digits):
    y = relu(layer.values @ digits[0] + layer.bias)
    return relu_preimage(layer, layer.bias, y, request.param), y, request.param


class TestDigits:
    """fc5's first layer, 784 -> 256, with ReLU: a 7, and the way to a 2."""

    def test_nearest_to_the_other_digit_is_optimal(self, seven, layer, digits):
        P, y, box = seven
        x, p = digits
        q = P.nearest(p)
        assert_allclose(relu(layer.values @ q + layer.bias), y, atol=1e-12)
        assert 1 < np.linalg.norm(q - p) < np.linalg.norm(x - p)
        A, c, G, h = rows_of(layer.values, layer.bias, y, box)
        (A, c), (G, h) = unit_rows(A, c), unit_rows(G, h)
        assert (G @ q - h).max() < 1e-9
        meets = G @ q - h > -1e-9
        columns = np.vstack([A, G[meets]]).T
        weights, *_ = np.linalg.lstsq(columns, p - q, rcond=None)
        assert np.linalg.norm(columns @ weights - (p - q)) < 1e-9
        assert weights[len(A) :].min() > -1e-9

    def test_pixels_range_over_all_that_there_is(self, seven):
        P, _, box = seven
        expected = [-np.inf, np.inf] if box is None else box
        assert_allclose(P.range(np.eye(784)[::56]), np.tile(expected, (14, 1)), atol=1e-9)

    def test_ball_and_samples(self, seven, layer):
        P, y, box = seven
        centre, radius = P.chebyshev()
        assert P.contains(centre)
        if box is None:
            assert radius == np.inf
            return
        assert 0.01 < radius < 0.5
        s = P.sample(5)
        assert_allclose(relu(s @ layer.values.T + layer.bias), np.tile(y, (5, 1)), atol=1e-10)
        assert s.min() > -1e-10 and s.max() < 1 + 1e-10
        assert np.linalg.norm(s[0] - s[1]) > 1

    def test_an_output_of_noise_is_not_reached_in_the_box(self, layer):
        y = relu(np.random.default_rng(0).normal(size=256)) * 5
        P = relu_preimage(layer, layer.bias, y, (0, 1))
        assert not P.feasible()
        with pytest.raises(InfeasibleError, match="inequalities: expected compatible ones"):
            P.nearest(np.zeros(784))
