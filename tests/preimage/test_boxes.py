"""Boxes that are open at some of their ends, against HiGHS and the conditions of optimality."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import linprog
from test_relu import kkt_residual, relu, unit_rows

from vslib.preimage import InfeasibleError, Polytope, linear_region, relu_preimage

NONE = (np.empty((0, 2)), np.empty(0))
INF = np.inf


@st.composite
def open_boxes(draw):
    """A layer, an input that is 0 or more, and a box around it with some of its ends open."""
    m, n = draw(st.integers(1, 8)), draw(st.integers(1, 8))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    W, b, x = rng.normal(size=(m, n)), rng.normal(size=m), relu(rng.normal(size=n))
    if draw(st.booleans()):
        W, b, x = np.rint(W), np.rint(b), np.rint(x)
    scale = 10.0 ** draw(st.integers(-3, 3))
    x, b = scale * x, scale * b
    ends = np.array([x - scale * rng.uniform(size=n), x + scale * rng.uniform(size=n)])
    box = draw(
        st.sampled_from(
            [
                (0, INF),
                (-INF, ends[1]),
                (ends[0], INF),
                np.where(rng.uniform(size=(2, n)) < 0.5, ends, np.array([[-INF], [INF]])),
            ]
        )
    )
    return W, b, relu(W @ x + b), x, tuple(box)


def spread(box, n):
    return np.array([np.broadcast_to(np.asarray(side, float), n) for side in box])


def rows_of(W, b, y, box):
    """A x = c and G x <= h, written down anew."""
    on, n = y > 0, W.shape[1]
    low, high = spread(box, n)
    G = np.vstack([W[~on], np.eye(n)[np.isfinite(high)], -np.eye(n)[np.isfinite(low)]])
    h = np.concatenate([-b[~on], high[np.isfinite(high)], -low[np.isfinite(low)]])
    return W[on], (y - b)[on], G, h


@given(open_boxes())
def test_nearest_points_satisfy_the_conditions_of_optimality(case):
    W, b, y, x, box = case
    P = relu_preimage(W, b, y, box)
    assert P.contains(x) and P.feasible()
    for p in x + np.random.default_rng(0).normal(size=(3, len(x))):
        q = P.nearest(p)
        assert P.contains(q)
        size = max(1, np.abs(x).max(), np.abs(b).max())
        A, c, G, h = rows_of(W, b, y, box)
        assert kkt_residual(p / size, q / size, A, c / size, G, h / size) < 1e-7


@given(open_boxes())
def test_ranges_are_those_of_linear_programs(case):
    W, b, y, x, box = case
    A, c, G, h = rows_of(W, b, y, box)
    (A, c), (G, h) = unit_rows(A, c), unit_rows(G, h)
    n, size = len(x), max(np.abs(x).max(), np.abs(b).max(), 1e-3)
    directions = np.vstack([np.eye(n)[:3], np.random.default_rng(0).normal(size=(2, n))])
    got = relu_preimage(W, b, y, box).range(directions)
    for direction, ends in zip(directions, got, strict=True):
        for sign, end in zip((1, -1), ends, strict=True):
            plain = linprog(
                sign * direction, G if len(G) else None, h / size + 1e-9 if len(G) else None,
                *((A, c / size) if len(A) else ()), bounds=(None, None),
            )  # fmt: skip
            if plain.status == 0:
                assert_allclose(end / size, sign * plain.fun, atol=1e-5)
            elif plain.status == 3:
                assert end == -sign * INF


@given(open_boxes())
def test_samples_and_centres_lie_inside_or_the_set_is_refused_for_having_no_end(case):
    W, b, y, x, box = case
    P = relu_preimage(W, b, y, box)
    centre, radius = P.chebyshev()
    assert P.contains(centre) and radius >= 0
    closed = np.isfinite(P.range(np.eye(len(x)))).all()
    if not closed:
        with pytest.raises(ValueError, match="expected a bounded set, got an unbounded one"):
            P.sample(3)
        return
    points = P.sample(5)
    assert P.contains(points).all()
    assert np.isfinite(radius)


def test_by_hand():
    # Outputs of a ReLU that a second layer maps to 1 and to 0.
    P = relu_preimage([[1.0, 1], [1, -1]], [0, 0], [1, 0], (0, INF))
    assert_allclose(P.range(np.eye(2)), [[0, 0.5], [0.5, 1]], atol=1e-12)
    assert_allclose(P.nearest([1, 0]), [0.5, 0.5])
    assert_allclose(P.nearest([-9, 0]), [0, 1], atol=1e-12)
    assert P.contains([0.25, 0.75]) and not P.contains([-0.25, 1.25])
    assert P.sample(50).min() > -1e-9
    quadrant = Polytope(NONE, NONE, (0, INF))
    assert_array_equal(quadrant.range(np.eye(2)), [[0, INF], [0, INF]])
    assert_array_equal(
        quadrant.range([[-1, 0], [1, 1], [1, -1]]), [[-INF, 0], [0, INF], [-INF, INF]]
    )
    assert quadrant.chebyshev()[1] == INF
    assert_array_equal(Polytope(NONE, NONE, (-INF, INF)).range([1, 0]), [-INF, INF])
    half = Polytope(NONE, NONE, ([-INF, 0], [2, INF]))
    assert_array_equal(half.nearest([5, -1]), [2, 0])


def test_an_output_that_needs_a_negative_input_is_infeasible():
    for box, feasible in (((0, INF), False), ((-INF, 0), True), (None, True)):
        P = relu_preimage([[-1.0, -2.0]], [0], [3], box)
        assert P.feasible() == feasible
        if not feasible:
            with pytest.raises(InfeasibleError):
                P.nearest([1, 1])


@pytest.mark.parametrize("scale", [1e-6, 1, 1e6])
def test_lengths_are_measured_by_the_rows_where_the_box_has_no_end(scale):
    W, b = np.array([[1.0, 2], [3, -1]]), scale * np.array([0.5, -2])
    x = scale * np.array([2.0, 0.5])
    P = relu_preimage(W, b, relu(W @ x + b), (0, INF))
    assert P.contains(x) and not P.contains(x + 1e-3 * scale)
    assert_allclose(P.nearest(np.zeros(2)), x, rtol=1e-9)


@pytest.mark.parametrize("form", [np.asarray, torch.tensor, np.ndarray.tolist])
def test_sides_in_any_form(form):
    low, high = np.array([0.0, -INF]), np.array([INF, 1.0])
    P = Polytope(NONE, NONE, (form(low), form(high)))
    assert_array_equal(P.range(np.eye(2)), [[0, INF], [-INF, 1]])
    region = linear_region([(np.eye(2), [0, 0]), (np.eye(2), [0, 0])], [1, 1], (form(low), INF))
    assert_array_equal(region.range(np.eye(2)), [[0, INF], [0, INF]])


@pytest.mark.parametrize(
    "box, words",
    [
        ((0, -1), "expected low <= high with some number between them, got 0 and -1 at 0"),
        ((INF, INF), "got inf and inf at 0"),
        ((-INF, [1, -INF]), "got -inf and -inf at 1"),
        ((0, np.nan), "expected finite numbers, got 1 NaN"),
        ((0, [1, 2, 3]), "numbers or of length 2"),
        ((0, "a"), "box: expected"),
        ((0, 1, 2), "expected a pair of low and high"),
        (5, "expected a pair of low and high"),
    ],
)
def test_what_is_no_box_is_said(box, words):
    with pytest.raises(ValueError, match=words):
        Polytope(NONE, NONE, box)


ROUNDED = [torch.float32, torch.float16, torch.bfloat16]


@pytest.mark.parametrize("dtype", ROUNDED)
@pytest.mark.parametrize("box", [None, (0, 1), (0, INF)])
def test_an_output_as_the_layer_itself_rounds_it_is_reached(dtype, box):
    torch.manual_seed(0)
    for _ in range(5):
        layer = torch.nn.Linear(9, 12).to(dtype)
        x, z = torch.rand(2, 9).to(dtype)
        y = torch.relu(layer(x)).detach()
        P = relu_preimage(layer.weight, layer.bias, y, box)
        assert P.contains(x) and P.feasible() and not P.contains(z)
        assert P.contains(P.nearest(z))
        strict = relu_preimage(layer.weight, layer.bias, y, box, tolerance=1e-9)
        assert not strict.contains(x)


def test_the_precision_of_the_layer_plays_no_part():
    # Weights are what they are, in whatever precision they come: only y says how exact it is.
    W, x = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float16), np.ones(3)
    y = relu(W.astype(float) @ x)
    for form in (np.asarray, np.float32, np.float64, torch.tensor):
        P = relu_preimage(form(W), np.zeros(4), y)
        assert P.contains(x) and not P.contains(x + 1e-4)
        assert P.tolerance == 1e-6
