"""The map of a ReLU network on a plane: every point in its polygon, every cell found."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from vslib import mnist, networks
from vslib.inference import NotAChainError
from vslib.preimage import plane_regions
from vslib.preimage.cuts import cut, winners


def shipped():
    arrays = networks.weights("relu3")
    return [
        (arrays[f"layer{i}.weight"].astype(float), arrays[f"layer{i}.bias"].astype(float))
        for i in (1, 2, 3)
    ]


def digits(*which):
    images, labels = mnist.load("test")
    return images[[np.flatnonzero(labels == digit)[0] for digit in which]].astype(float)


def random_layers(seed, widths):
    rng = np.random.default_rng(seed)
    return [
        (rng.normal(size=(m, n)), 0.5 * rng.normal(size=m)) for n, m in itertools.pairwise(widths)
    ]


def run(layers, x, least=0.0):
    """Outputs, and for each input which hidden units are above `least`; the plain way."""
    signs = []
    for number, (W, b) in enumerate(layers):
        x = x @ W.T + b
        if number < len(layers) - 1:
            signs.append(x > least)
            x = np.maximum(x, 0)
    return x, np.concatenate(signs, axis=1)


def depth(polygon, points):
    """How far within a convex polygon points lie; negative: how far beyond a side."""
    edges = np.roll(polygon, -1, 0) - polygon
    lengths = np.linalg.norm(edges, axis=1)
    edges, polygon = edges[lengths > 0], polygon[lengths > 0]
    normals = np.stack([-edges[:, 1], edges[:, 0]], 1) / lengths[lengths > 0][:, None]
    return ((points[:, None] - polygon) * normals).sum(2).min(1)


def side_of(plane):
    return np.ptp(plane.window[:, 0])


def key(pattern, answer):
    return np.concatenate(pattern).tobytes(), answer


@pytest.mark.parametrize("which, count", [((7, 2, 1), 1_000_000), ((3, 5, 8), 100_000)])
def test_none_of_a_million_points_is_misplaced(which, count):
    """The network itself says pattern and answer; no polygon but theirs may hold the point."""
    layers, plane = shipped(), plane_regions(shipped(), digits(*which))
    rng = np.random.default_rng(0)
    side, low = side_of(plane), plane.window[0]
    points = low + side * rng.random((count, 2))
    patterns, answers = [], []
    for some in np.array_split(points, count // 10_000):
        outputs, signs = run(layers, plane.inputs(some))
        patterns.append(np.packbits(signs, axis=1))
        answers.append(outputs.argmax(1))
    patterns, answers = np.concatenate(patterns), np.concatenate(answers)
    together = np.concatenate([patterns, answers[:, None]], axis=1).astype(np.uint8)
    kinds, which_kind = np.unique(together, axis=0, return_inverse=True)
    order = np.argsort(which_kind, kind="stable")
    groups = np.split(points[order], np.searchsorted(which_kind[order], range(1, len(kinds))))
    polygons = {}
    for region in plane.regions:
        bits = np.packbits(np.concatenate(region.pattern))
        name = (*bits.tolist(), region.answer)
        assert name not in polygons  # a cell is convex, and so is its part with one answer
        polygons[name] = region.polygon
    for kind, group in zip(kinds, groups, strict=True):
        assert depth(polygons[tuple(kind.tolist())], group).min() > -1e-9 * side


@pytest.mark.parametrize("which", [(7, 2, 1), (3, 5, 8), (4, 9, 7), (0, 1, 6)])
def test_the_polygons_of_digits_are_the_whole_square_and_convex(which):
    plane = plane_regions(shipped(), digits(*which))
    assert abs(plane.areas.sum() / side_of(plane) ** 2 - 1) < 1e-12
    assert plane.areas.min() > 0 and plane.error < 1e-12
    for region in plane.regions:
        assert depth(region.polygon, region.polygon).min() > -1e-12 * side_of(plane)


def test_the_corners_are_the_images():
    images = digits(7, 2, 1)
    plane = plane_regions(shipped(), images)
    np.testing.assert_allclose(plane.inputs(plane.corners), images.reshape(3, -1), atol=1e-12)
    sides = np.linalg.norm(np.diff(plane.corners, axis=0), axis=1)
    given_sides = np.linalg.norm(np.diff(images.reshape(3, -1), axis=0), axis=1)
    np.testing.assert_allclose(sides, given_sides)
    assert depth(plane.window, plane.corners).min() > 0


def enumerated(layers, plane, least):
    """All patterns and answers that hold a disc in the square, by linear programs alone."""
    side = side_of(plane)
    W1, b1 = layers[0]
    origin = plane.inputs(np.zeros((1, 2)))[0]
    axes = plane.inputs(np.eye(2)) - origin
    square = [([1, 0], plane.window[1, 0]), ([-1, 0], -plane.window[0, 0])]
    square += [([0, 1], plane.window[2, 1]), ([0, -1], -plane.window[0, 1])]
    found = set()
    widths = [len(b) for _, b in layers[:-1]]
    for signs in itertools.product([False, True], repeat=sum(widths)):
        pattern = np.split(np.array(signs), np.cumsum(widths)[:-1])
        A, c, rows = W1 @ axes.T, W1 @ origin + b1, list(square)
        for on, (W, b) in zip(pattern, layers[1:], strict=True):
            signs_of = np.where(on, -1, 1)
            rows += [*zip(signs_of[:, None] * A, -signs_of * c, strict=True)]
            A, c = W @ (on[:, None] * A), W @ (on * c) + b
        for answer in range(len(c)):
            others = [(A[k] - A[answer], c[answer] - c[k]) for k in range(len(c)) if k != answer]
            left = np.array([[*a, np.linalg.norm(a)] for a, _ in rows + others], dtype=float)
            right = np.array([level for _, level in rows + others])
            if (right[~left.any(1)] < 0).any():
                continue
            disc = linprog([0, 0, -1], left, right, bounds=[(None, None)] * 2 + [(0, side)])
            if disc.status == 0 and disc.x[2] > least * side:
                found.add((np.array(signs).tobytes(), answer))
    return found


@pytest.mark.parametrize("widths", [(2, 5, 3), (3, 3, 3, 2), (5, 4, 2, 2, 3)])
@pytest.mark.parametrize("seed", range(4))
def test_regions_are_those_of_an_enumeration_by_linear_programs(widths, seed):
    layers = random_layers(seed, widths)
    corners = np.random.default_rng(seed + 100).normal(size=(3, widths[0]))
    plane = plane_regions(layers, corners)
    assert abs(plane.areas.sum() / side_of(plane) ** 2 - 1) < 1e-12
    ours = {key(region.pattern, region.answer) for region in plane.regions}
    expected = enumerated(layers, plane, 1e-7)
    assert expected <= ours and len(ours) == len(plane.regions)
    # What only we have is thinner than the programs can see.
    for region in plane.regions:
        if key(region.pattern, region.answer) not in expected:
            assert depth(region.polygon, region.polygon.mean(0)[None])[0] < 1e-6 * side_of(plane)


@given(st.integers(0, 10_000))
def test_small_whole_numbers_meet_in_corners_and_nothing_is_lost(seed):
    """Lines through corners, lines that coincide, units that are constant, answers that tie."""
    rng = np.random.default_rng(seed)
    layers = [
        (rng.integers(-1, 2, (m, n)).astype(float), rng.integers(-1, 2, m).astype(float))
        for n, m in ((2, 6), (6, 4), (4, 3))
    ]
    plane = plane_regions(layers, [[0, 0], [2, 0], [0, 2]])
    side = side_of(plane)
    assert abs(plane.areas.sum() / side**2 - 1) < 1e-12
    assert plane.areas.min() > 0
    points = plane.window[0] + side * rng.random((500, 2))
    # Units that are 0 throughout come as 1e-16 where their terms cancel.
    outputs, signs = run(layers, plane.inputs(points), 1e-12)
    polygons = {key(region.pattern, region.answer): region.polygon for region in plane.regions}
    assert len(polygons) == len(plane.regions)
    for point, one, pattern in zip(points, outputs, signs, strict=True):
        (tied,) = np.nonzero(one >= one.max() - 1e-12)
        polygon = polygons[pattern.tobytes(), int(tied[0])]
        assert depth(polygon, point[None])[0] > -1e-9 * side


def test_a_unit_that_is_constant_or_parallel_cuts_nothing():
    """The third coordinate does not change in the plane: units that see it alone are constant."""
    W = np.array([[0.0, 0.0, 1.0], [0.0, 0.0, -1.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    layers = [(W, np.array([0.0, 0.0, 0.0, -1.0])), (np.eye(1, 4), np.zeros(1))]
    plane = plane_regions(layers, [[0, 0, 5], [2, 0, 5], [1, 2, 5]])
    patterns = sorted(region.pattern[0].tolist() for region in plane.regions)
    assert patterns == [[True, False, False, False], [True, False, False, True]]


def test_what_rounding_leaves_of_terms_that_cancel_cuts_nothing():
    """0.1 + 0.2 - 0.3 is no zero in float64; as a unit it would have a line of its own."""
    first = np.array([[0.1, 0.7], [0.2, -0.3], [0.3, 0.4]]), np.array([7.0, 7.0, 14.0])
    layers = [first, (np.array([[1.0, 1.0, -1.0]]), np.zeros(1)), (np.ones((1, 1)), np.zeros(1))]
    left = layers[1][0] @ layers[0][0]
    assert 0 < abs(left).min() < 1e-15
    (region,) = plane_regions(layers, [[-2, -2], [2, -2], [0, 2]]).regions
    assert [on.tolist() for on in region.pattern] == [[True, True, True], [False]]


def test_a_line_through_two_corners_of_the_square_cuts_it_once():
    square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    below, above = cut(square, square @ [1, -1] + np.array([0, 0, 1e-15, 0]), 1e-12)
    assert len(below) == len(above) == 3
    below, above = cut(square, square @ [1, 1], 1e-12)
    assert below is None and above is square


def test_a_sliver_a_billion_times_thinner_than_the_square_is_kept():
    W = np.array([[1.0, 0.0], [1.0, 0.0]])
    plane = plane_regions(
        [(W, np.array([-0.5, -0.5 - 1e-9])), (np.eye(2), np.zeros(2))], [[0, 0], [1, 0], [0, 1]]
    )
    assert plane.cells == 3
    thin = [r for r in plane.regions if r.pattern[0].tolist() == [True, False]]
    assert len(thin) == 1
    np.testing.assert_allclose(np.ptp(thin[0].polygon[:, 0]), 1e-9, rtol=1e-6)


def test_where_answers_are_equal_throughout_the_first_has_it():
    square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    W = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    found = winners(square, W, np.zeros(3), lambda W, b: np.full(len(b), 1e-12))
    assert [one for _, one in found] == [0, 2]


@pytest.mark.parametrize(
    "corners",
    [
        [[1, 2], [1, 2], [0, 1]],
        [[1, 2], [0, 1], [1, 2]],
        [[0, 0], [1, 1], [3, 3]],
        [[0, 1], [2, 2], [2, 2]],
        [[0, 0], [0, 0], [0, 0]],
        [[0, 0], [1, 0], [2, 1e-8]],
    ],
)
def test_corners_that_span_no_plane_are_refused(corners):
    with pytest.raises(ValueError, match="expected three inputs that span a plane"):
        plane_regions(random_layers(0, (2, 3, 2)), corners)


def test_what_does_not_fit_is_refused():
    layers = random_layers(0, (2, 3, 2))
    with pytest.raises(ValueError, match=r"expected three inputs, got shape \(2, 2\)"):
        plane_regions(layers, np.eye(2))
    with pytest.raises(ValueError, match="at least one ReLU"):
        plane_regions(layers[:1], [[0, 0], [1, 0], [0, 1]])
    with pytest.raises(ValueError, match="weight of layer 1"):
        plane_regions(layers, np.eye(3))


def test_a_module_of_torch_gives_the_same_and_is_asked_itself():
    images = digits(7, 2, 1)
    ours = plane_regions(shipped(), images)
    network = networks.load("relu3")
    theirs = plane_regions(network, images)
    assert len(ours.regions) == len(theirs.regions) and theirs.error < 1e-12
    for one, other in zip(ours.regions, theirs.regions, strict=True):
        np.testing.assert_allclose(one.polygon, other.polygon, atol=1e-9)
        assert one.answer == other.answer


def test_a_network_that_does_more_than_its_layers_is_refused():
    class Odd(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = torch.nn.Linear(2, 2)

        def forward(self, x):
            return torch.relu(self.inner(x)) + 0.1 * torch.sin(x)

    with pytest.raises(NotAChainError):
        plane_regions(Odd(), [[0, 0], [1, 0], [0, 1]])
