"""The map of a network in a browser: its polygons are Python's, and a keyboard reaches all."""

import re

import numpy as np
import pytest
from controls import CORNERS, RELU, regions
from seen import Seen

from vslib import mnist, networks
from vslib.preimage import plane_regions
from vslib.show import widgets

SUBDIVIDE = """async ({ source, inputs, values, size, layers }) => {
  const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const { coordinates, subdivide, area } = await import(address);
  const plane = coordinates(inputs);
  return plane && subdivide(plane, values, size, layers)
    .map((region) => ({ ...region, area: area(region.polygon) }));
}"""


@pytest.fixture
def view(browser):
    seen = Seen(browser, regions())
    yield seen
    assert not seen.errors
    seen.page.close()


def shipped():
    arrays = networks.weights("relu3")
    return [
        (arrays[f"layer{i}.weight"].astype(float), arrays[f"layer{i}.bias"].astype(float))
        for i in (1, 2, 3)
    ]


def in_the_page(page, network, inputs):
    (W, b), *rest = network
    given = {
        "source": regions().children[-1]._esm,
        "inputs": inputs.tolist(),
        "values": (inputs @ W.T + b).tolist(),
        "size": (abs(W) @ inputs.max(0) + abs(b)).tolist(),
        "layers": [{"W": W.tolist(), "b": b.tolist()} for W, b in rest],
    }
    return page.evaluate(SUBDIVIDE, given)


@pytest.mark.parametrize("which", [(0, 1, 2), (3, 5, 8), (4, 9, 7)])
def test_the_polygons_of_the_page_are_pythons(view, which):
    images, labels = mnist.load("test")
    some = [np.flatnonzero(labels == digit)[0] for digit in which]
    inputs = images[some].reshape(3, 784).astype(float)
    drawn = in_the_page(view.page, shipped(), inputs)
    plane = plane_regions(shipped(), inputs)
    assert len(drawn) == len(plane.regions) > 100
    side = np.ptp(plane.window[:, 0])
    for ours, theirs in zip(plane.regions, drawn, strict=True):
        assert theirs["answer"] == ours.answer
        assert [*map(list, ours.pattern)] == theirs["pattern"]
        np.testing.assert_allclose(theirs["polygon"], ours.polygon, atol=1e-9 * side)
    assert abs(sum(region["area"] for region in drawn) / side**2 - 1) < 1e-12


def test_the_page_cuts_lines_through_corners_as_python_does(view):
    """Whole numbers: lines that meet in corners, units that are constant, answers that tie."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        network = [
            (rng.integers(-1, 2, (m, n)).astype(float), rng.integers(-1, 2, m).astype(float))
            for n, m in ((2, 6), (6, 4), (4, 3))
        ]
        inputs = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]])
        drawn = in_the_page(view.page, network, inputs)
        ours = plane_regions(network, inputs).regions
        assert [(one["answer"], one["pattern"]) for one in drawn] == [
            (one.answer, [*map(list, one.pattern)]) for one in ours
        ]


def test_all_of_its_javascript_is_below_60_kilobytes():
    assert len(regions().children[-1]._esm.encode()) < 60_000


def test_words_count_what_python_counts(view):
    plane = plane_regions(RELU, CORNERS[[0, 2, 4]])
    words = view.at()["words"]
    assert f"{plane.cells} cells, in {len(plane.regions)} polygons" in words
    outputs = CORNERS[[0, 2, 4]].mean(0).ravel()
    active = []
    for number, (W, b) in enumerate(RELU):
        outputs = W @ outputs + b
        if number < 2:
            active.append(f"{(outputs > 0).sum()} of {len(b)}")
            outputs = np.maximum(outputs, 0)
    assert words.startswith("At the probe, 0.33 A + 0.33 B + 0.33 C, ")
    assert f"the answer is {['yes', 'no', 'all'][outputs.argmax()]}" in words
    assert f"active are {active[0]} and {active[1]} units" in words


def test_arrow_keys_move_the_probe_and_shift_moves_it_farther(view):
    area = view.page.get_by_role("application")
    area.focus()

    def share():
        sign, size = re.search(r"([+−]) ([\d.]+) B", view.at()["words"]).groups()
        return float(size) * (-1 if sign == "−" else 1)

    before = share()
    view.page.keyboard.press("ArrowRight")
    one = share()
    view.page.keyboard.press("Shift+ArrowRight")
    assert before < one and share() - one > 3 * (one - before)
    lit = view.at()["pixels"]
    for _ in range(60):
        view.page.keyboard.press("Shift+ArrowUp")
    stopped = view.at()
    view.page.keyboard.press("ArrowUp")
    assert view.at()["words"] == stopped["words"] and stopped["pixels"] != lit


def test_the_pointer_moves_the_probe(view):
    before = view.at()["words"]
    box = view.page.locator(".vslib-map").bounding_box()
    view.page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.2 * box["height"])
    assert view.at()["words"] != before


def test_a_corner_is_dragged_through_the_images(view):
    before = view.at()
    corner = view.page.locator(".vslib-corner").nth(1).bounding_box()
    x, y = corner["x"] + corner["width"] / 2, corner["y"] + corner["height"] / 2
    view.page.mouse.move(x, y)
    view.page.mouse.down()
    view.page.mouse.move(x + 14, y)
    after = view.at()
    assert "B, s," in after["labels"][0] and "B, r," in before["labels"][0]
    view.page.mouse.move(x - 400, y)
    assert "B, p," in view.at()["labels"][0] or "no plane" in view.at()["labels"][0]
    view.page.mouse.up()


def test_equal_corners_are_said_and_draw_nothing(view):
    seen = view.at(2)
    assert "span no plane" in seen["words"]
    assert view.page.locator(".vslib-part").count() == 0
    assert "cells" in view.at(1)["words"] and view.page.locator(".vslib-part").count() > 0


def test_answers_are_told_without_colour(view):
    """Each answer that covers a tenth of the map has its name on it; lines divide them."""
    names = view.page.locator(".vslib-answer").all_text_contents()
    parts = re.findall(r"(yes|no|all) on ([\d.]+)", view.at()["words"])
    assert {name for name, share in parts if float(share) > 10} <= set(names)
    assert len(view.page.locator(".vslib-border").get_attribute("d")) > 10


@pytest.mark.parametrize(
    "change, words",
    [
        ({"start": (0, 1)}, "start: expected three of 0 to 5"),
        ({"start": (0, 1, 6)}, "start: expected three of 0 to 5"),
        ({"start": (0, 1, 1)}, "three inputs that span a plane"),
        ({"labels": ["yes"]}, "3 outputs and 1 labels"),
        ({"images": 2 * CORNERS}, "expected grey values"),
        ({"names": "pq"}, "expected shape"),
    ],
)
def test_what_does_not_fit_is_refused(change, words):
    given = {"network": RELU, "images": CORNERS, "names": "pqrstu"} | change
    with pytest.raises(ValueError, match=words):
        widgets.regions(**given)


def test_more_outputs_than_colours_are_refused():
    wide = [*RELU[:-1], (np.ones((11, 5)), np.zeros(11))]
    with pytest.raises(ValueError, match="up to 10 outputs, got 11 outputs"):
        widgets.regions(wide, CORNERS, "pqrstu")
