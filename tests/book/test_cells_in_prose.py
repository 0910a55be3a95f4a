"""What chapter 6 says of the cells that a plane meets."""

import itertools

import numpy as np

from vslib import mnist, networks
from vslib.preimage import plane_regions


def test_relu3_is_right_on_95_percent_of_the_test_images():
    assert f"{networks.card('relu3')['test_accuracy']:.0%}" == "95%"


def test_the_few_cells_are_not_brought_in_by_training():
    """On other planes than the chapter's: about as many before it, on average more."""
    images, _ = mnist.load("test")
    trios = np.random.default_rng(1).choice(10_000, (30, 3), replace=False)
    cells = {
        epoch: np.array(
            [plane_regions(networks.load("relu3", epoch), images[trio]).cells for trio in trios]
        )
        for epoch in (0, 20)
    }
    assert 1 < cells[0].mean() / cells[20].mean() < 1.5
    assert max(some.max() for some in cells.values()) < 72_473 / 50


def test_three_lines_leave_out_a_pattern():
    """Of eight patterns of three units seven at most occur on a plane, and seven do."""
    found = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        layers = [(rng.normal(size=(3, 2)), 0.1 * rng.normal(size=3)), (np.ones((1, 3)), [0.0])]
        plane = plane_regions(layers, [[-1, -1], [1, -1], [0, 1]])
        found.append(len({region.pattern[0].tobytes() for region in plane.regions}))
    assert max(found) == 7


def test_across_a_thin_line_one_unit_changes():
    """Neighbours across most of an edge differ in one unit, or in the answer alone."""
    images, labels = mnist.load("test")
    some = [np.flatnonzero(labels == digit)[0] for digit in (7, 2, 1)]
    plane = plane_regions(networks.load("relu3"), images[some])
    side = np.ptp(plane.window[:, 0])
    patterns = [np.concatenate(region.pattern) for region in plane.regions]
    step, seen = 1e-7 * side, 0
    for region, pattern in list(zip(plane.regions, patterns, strict=True))[::10]:
        for one, other in itertools.pairwise([*region.polygon, region.polygon[0]]):
            length = np.linalg.norm(other - one)
            if length < 1e-3 * side:
                continue
            out = np.array([other[1] - one[1], one[0] - other[0]]) / length
            points = one + np.array([[0.45], [0.5], [0.55]]) * (other - one) + step * out
            if (points < plane.window[0]).any() or (points > plane.window[2]).any():
                continue
            changed = [(signs != pattern).sum() for signs in active(plane.inputs(points))]
            assert sorted(changed)[1] <= 1
            seen += 1
    assert seen > 100


def active(x):
    arrays, signs = networks.weights("relu3"), []
    for layer in (1, 2):
        x = x @ arrays[f"layer{layer}.weight"].T + arrays[f"layer{layer}.bias"]
        signs.append(x > 0)
        x = np.maximum(x, 0)
    return np.concatenate(signs, axis=1)
