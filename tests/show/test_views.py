"""What the reader sees: each view in a browser, on a model that is only a record of values."""

import re

import ipywidgets
import numpy as np
import pytest
from controls import (
    SENTENCES,
    R,
    W,
    X,
    Y,
    browse,
    each,
    layered,
    mix,
    plane,
    projection,
    rank_k,
)
from seen import Seen

import vslib
from vslib.show import looks, views, widgets


@pytest.fixture
def show(browser):
    opened = []

    def show(box, **options):
        opened.append(Seen(browser, box, **options))
        return opened[-1]

    yield show
    for seen in opened:
        seen.page.close()


def rgb(drawn):
    height, width, values = drawn
    pixels = np.reshape(values, (height, width, 4))
    assert (pixels[..., 3] == 255).all()
    return pixels[..., :3]


def as_grey(values):
    return np.rint(255 * np.clip(values, 0, 1))[..., None].repeat(3, -1)


def as_signed(values, scale):
    return looks.MAP(np.clip(values / scale, -1, 1) / 2 + 0.5, bytes=True)[..., :3].astype(int)


def assert_close(drawn, expected, levels=5):
    assert abs(rgb(drawn) - expected).max() <= levels


@each
def test_each_control_changes_words_or_pictures_and_labels_say_so(show, make):
    *sliders, _ = make().children
    view = show(make())
    before = view.at()
    assert before["words"] and all(before["labels"]) and set(before["roles"]) == {"img"}
    assert not any("undefined" in label for label in before["labels"])
    for number, slider in enumerate(sliders):
        start = slider.index if isinstance(slider, ipywidgets.SelectionSlider) else slider.value
        view.page.evaluate(f"move({number}, {start + 1})")
        after = view.at()
        changed = [key for key in ("words", "pixels", "charts") if after[key] != before[key]]
        assert changed and after["labels"] != before["labels"], slider.description
        before = after


def test_browse_shows_the_frames_of_the_choice(show):
    seen = show(browse()).at(1, 2)
    fixed, by_digit, common, own = seen["pixels"]
    assert_close(fixed, as_grey(X[0]), 1)
    assert_close(by_digit, as_grey(X[2]), 1)
    assert_close(common, as_signed(0.1 * R[2], abs(R).max()))
    assert_close(own, as_signed(R[2], abs(R[2]).max()))
    assert seen["words"] == SENTENCES[1][2]
    assert seen["charts"][0].count("vslib-bar") == 2  # NaN leaves a bar out
    assert seen["charts"][0].count("vslib-band") == 1
    assert seen["charts"][1].count("<circle") == 1
    assert "marked: c, 2" in seen["labels"][5]
    assert "digit 2" in seen["labels"][1] and "layer" not in seen["labels"][1]
    assert seen["titles"] == [
        "fixed",
        "by digit",
        "signed",
        "own (each on its own scale)",
        "bars",
        "line",
    ]


def test_mix_draws_the_sum_and_keeps_the_output(show):
    view = show(mix())
    still, added = view.at(1, 0), view.at(1, 1.5)
    assert_close(added["pixels"][0], as_grey(X[1]), 1)
    assert_close(added["pixels"][1], as_signed(R[1], abs(R[1]).max()))
    assert_close(added["pixels"][2], as_grey(X[1] + 1.5 * R[1]), 1)
    assert still["charts"] == added["charts"] and still["pixels"][2] != added["pixels"][2]
    assert added["titles"][2] == "x + t r, in [0, 1]"
    change = 150 * np.linalg.norm(R[1]) / np.linalg.norm(X[1])
    assert f"changes the input by {change:.1f}\u00a0%" in added["words"]
    assert "× 10⁻¹⁶ of its own" in added["words"]
    assert added["words"].endswith(f"Largest output: {['yes', 'no'][Y[1].argmax()]}.")


def test_mix_follows_the_layer_in_shape_and_in_sign(show):
    view = show(layered())
    first, second = view.at(0, 2, -1), view.at(1, 2, -1)
    assert [pixels[:2] for pixels in first["pixels"]] == [[4, 5]] * 3
    assert [pixels[:2] for pixels in second["pixels"]] == [[2, 5]] * 3
    scale = abs(2 * R[1, :2]).max()  # of this layer's inputs and rejected parts alone
    scale = max(scale, abs(2 * R[:, :2]).max())
    assert_close(second["pixels"][2], as_signed(-R[2, :2], scale))
    assert second["titles"][2] == "x + t r"
    assert "of 4." in second["words"] and "of 4." not in first["words"]


def test_projection_draws_equation_3_on_one_scale(show):
    seen = show(projection()).at(2, 1)
    p, residual = vslib.project(X[2].ravel(), W[1])
    scale = max(abs(values).max() for values in (X[2], p, residual))
    for drawn, values in zip(seen["pixels"][2:], (p, residual), strict=True):
        assert_close(drawn, as_signed(values.reshape(4, 5), scale))
    assert seen["scales"][2] == seen["scales"][3] != seen["scales"][1]
    share = (residual**2).sum() / (X[2] ** 2).sum()
    assert f"Neuron b removes {100 * share:.1f}\u00a0% of the energy of image 2" in seen["words"]


def test_rank_k_ends_at_the_whole_matrix(show):
    view = show(rank_k())
    two, three = view.at(2, 1), view.at(3, 1)
    S = vslib.Subspaces(W)
    scale = max(abs(W).max(), abs(S.signal_vectors[0]).max())
    second = S.signal_out[:, :2] @ S.signal_vectors[:2]
    assert_close(two["pixels"][1], as_signed(second[1].reshape(4, 5), scale))
    assert_close(two["pixels"][2], as_signed(S.signal_vectors[1].reshape(4, 5), scale))
    assert_close(three["pixels"][1], as_signed(W[1].reshape(4, 5), scale))
    assert three["pixels"][1] == three["pixels"][3]
    assert (
        "right on 50\u00a0% of the images" in two["words"] and "off by 0\u00a0%" in three["words"]
    )
    error = np.linalg.norm(W - second) / np.linalg.norm(W)
    assert f"off by {100 * error:.1f}\u00a0% of their norm" in two["words"]


def test_plane_opens_on_the_numbers_of_the_hand_example(show):
    view = show(widgets.plane([[2, 1, 0], [0, 2, 2]], [5, 2, 4]))
    words = view.at()["words"]
    assert words == (
        "Rank 2. x = (5, 2, 4) = signal (4, 4, 2) + rejected (1, −2, 2): "
        "80\u00a0% of its energy is signal, 20\u00a0% is rejected. y = W x = (12, 12). "
        "RejSignalOut(W) is only zero: every answer can be given."
    )


def test_plane_moves_x_but_not_y_along_the_rejected_line(show):
    view = show(widgets.plane([[2, 1, 0], [0, 2, 2]], [4, 4, 2]))
    before = view.at()
    for name, value in [("x, entry 1", "3"), ("x, entry 2", "6"), ("x, entry 3", "0")]:
        view.page.get_by_role("spinbutton", name=name).fill(value)
    after = view.at()
    assert before["charts"][1] != after["charts"][1] and before["charts"][2] == after["charts"][2]
    assert "100\u00a0% of its energy is signal, 0\u00a0% is rejected" in before["words"]
    assert before["words"].split("y =")[1] == after["words"].split("y =")[1]


def test_plane_shows_all_four_spaces_when_the_rank_is_lost(show):
    view = show(widgets.plane([[2, 1, 0], [0, 2, 2]], [5, 2, 4]))
    field = view.page.get_by_role("spinbutton")
    for place, value in zip((3, 4, 5), ("4", "2", "0"), strict=True):
        field.nth(place).fill(value)
    seen = view.at()
    assert seen["words"].startswith("Rank 1. x = (5, 2, 4) = signal (4.8, 2.4, 0) + rejected ")
    assert "RejSignalOut(W) is the line of (4, −2): no answer lies there" in seen["words"]
    assert seen["labels"][0].endswith(
        "Signal has dimension 1, RejSignal has dimension 2, "
        "SignalOut has dimension 1, RejSignalOut has dimension 1"
    )
    for place in range(6):
        field.nth(place).fill("0")
    assert view.at()["words"].endswith("y = W x = (0, 0). W is zero: it rejects everything.")


def test_plane_says_what_is_no_number_and_keeps_its_picture(show):
    view = show(plane())
    before = view.at()
    field = view.page.get_by_role("spinbutton", name="W, row 2, column 3")
    for wrong in ("", "1e9"):
        field.fill(wrong)
        after = view.at()
        assert after["words"] == "W, row 2, column 3: expected a number from −1000 to 1000."
        assert field.get_attribute("aria-invalid") == "true"
        assert after["charts"] == before["charts"]
    field.fill("1")
    assert view.at()["words"] == before["words"]
    assert field.get_attribute("aria-invalid") == "false"
    field.press("ArrowUp")
    assert "Rank 2" in view.at()["words"] != before["words"]


@each
def test_sliders_get_names_and_words(show, make):
    *sliders, _ = make().children
    view = show(make())
    view.page.evaluate(
        "() => document.querySelectorAll('.noUi-handle')"
        ".forEach((handle) => handle.setAttribute('aria-valuetext', '3.00'))"
    )
    view.page.wait_for_timeout(50)
    for slider in sliders:
        name = slider.description
        handle = view.page.get_by_role("slider", name=name, exact=True)
        assert handle.get_attribute("aria-valuetext") == f"word {name}"
        assert view.page.get_by_role("textbox", name=f"{name}, as a number").count() == 1


@each
def test_nothing_is_wider_than_a_phone(show, make):
    view = show(make(), width=340)
    view.at()
    assert view.page.evaluate("document.documentElement.scrollWidth") <= 380
    sizes = view.page.evaluate(
        "[...document.querySelectorAll('svg text')].map((e) => e.getBoundingClientRect().height)"
    )
    assert all(size >= 11 for size in sizes)


@each
def test_a_view_that_is_taken_away_stops(show, make):
    *sliders, _ = make().children
    view = show(make())
    before = view.at()
    view.page.evaluate("stop()")
    assert view.at(*[1 for _ in sliders]) == before
    handle = view.page.locator(".noUi-handle").first
    handle.evaluate("handle => handle.setAttribute('aria-valuetext', '3.00')")
    view.page.wait_for_timeout(50)
    assert handle.get_attribute("aria-valuetext") == "3.00"


def test_consecutive_integers_give_an_int_slider_and_anything_else_a_selection():
    assert isinstance(views.choices("k", range(1, 11)), ipywidgets.IntSlider)
    assert isinstance(views.choices("k", np.arange(3)), ipywidgets.IntSlider)
    assert isinstance(views.choices("k", np.arange(3)), ipywidgets.IntSlider)
    for options in (
        [1, 2, 4],
        ["a", "b"],
        [0.1, 0.2],
        [2, 1],
        range(0, 10, 2),
        range(3, -3, -1),
        [0.0, 1.0, 2.0],
        [False, True],
        [None, 0],
        [1, True],
        [2**53, 2**53 + 1],
    ):
        slider = views.choices("k", options)
        assert isinstance(slider, ipywidgets.SelectionSlider)
        assert slider.options == tuple(str(option) for option in options)
    for options in (np.array([False, True]), [np.False_, np.True_]):
        assert views.choices("k", options).options == ("False", "True")
    assert views.choices("k", [np.float32(0.5), np.int64(1), "a"]).options == ("0.5", "1", "a")


CHOICES = [
    ([False, True], ["False", "True"]),
    (np.array([False, True]), ["False", "True"]),
    (range(-2, 1), ["-2", "-1", "0"]),
    (np.arange(-1, 1), ["-1", "0"]),
    ([0.5, None, 1], ["0.5", "None", "1"]),
    (range(10, 0, -5), ["10", "5"]),
]


@pytest.mark.parametrize("options, read", CHOICES, ids=str)
def test_a_view_says_what_was_chosen(show, options, read):
    """In its words, and to those who cannot see the picture; the slider shows the same."""
    frames = np.arange(len(read))[:, None] * np.ones(2)
    panel = widgets.Panel("frame", frames, "bars")
    box = widgets.browse([panel], {"trained": options}, [f"word {name}" for name in read])
    slider, view = box.children
    first = view.spec["controls"][0]["first"]
    seen = show(box)
    for number, name in enumerate(read):
        at = seen.at(first + number)
        assert at["words"] == f"word {name}"
        assert f"trained {name};" in at["labels"][0]
        assert f"from {number} to {number}" in at["labels"][0]
    values = getattr(slider, "options", None) or range(slider.min, slider.max + 1)
    assert [str(value) for value in values] == read


def test_a_gap_stays_where_it_is_and_shorter_frames_end_earlier(show):
    frames = [[1, np.nan, 3, 4], [2, 5, np.nan, np.nan], [np.nan] * 4]
    panels = [widgets.Panel(kind, frames, kind, mark="k") for kind in ("bars", "line")]
    view = show(widgets.browse(panels, {"k": range(3)}, list("abc")))
    bars, line = view.at(0)["charts"]
    assert bars.count("vslib-bar") == 3 and line.count("vslib-line") == 1
    whole = [float(x) for x in re.findall(r'class="vslib-bar[^"]*" x="([\d.]+)"', bars)]
    assert whole[1] - whole[0] == pytest.approx(2 * (whole[2] - whole[1]), abs=0.03)
    assert len(re.findall("M", line.split("vslib-line")[1])) == 2
    assert view.at(0)["labels"] == [
        f"{kind}; k 0; 3 values from 1 to 4; marked: 1, 1" for kind in ("bars", "line")
    ]
    shorter = view.at(1)
    assert shorter["charts"][0].count("vslib-bar") == 2
    assert shorter["labels"][0] == "bars; k 1; 2 values from 2 to 5; marked: 2, 5"
    assert view.at(2)["labels"][1] == "line; k 2; no values; marked: 3: no value"


@pytest.mark.parametrize("size", [1e-300, 1e-44, 1e-7, 1e37])
def test_charts_of_very_small_and_very_large_numbers_are_drawn_as_any_others(show, size):
    values = np.array([[3, 1, 2], [2, 1, 1.5]])

    def drawn(values):
        panels = [widgets.Panel(kind, values, kind) for kind in ("bars", "line")]
        seen = show(widgets.browse(panels, {"k": range(2)}, ["a", "b"])).at(1)
        bars, line = seen["charts"]
        heights = re.findall(r'class="vslib-bar"[^>]* height="([\d.]+)"', bars)
        path = re.search(r'class="vslib-line" d="([^"]+)"', line)[1]
        found = heights + re.findall(r"[\d.]+", path)[1::2]
        return np.array(found, float), seen["labels"]

    plain, _ = drawn(values)
    scaled, labels = drawn(size * values)
    assert len(plain) == 6
    np.testing.assert_allclose(scaled, plain, atol=0.03)
    assert "NaN" not in "".join(labels) and "Infinity" not in "".join(labels)
    assert " × 10" in labels[0]


@pytest.mark.parametrize("size", [5e-324, 1e-300, 1e-9, 1e300])
def test_signed_pictures_of_any_size_keep_their_colours(show, size):
    frames = np.stack([R, 0.01 * R, 0 * R])
    panels = [widgets.Panel(str(s), size * frames, "signed", scale=s) for s in (None, "frame")]
    view = show(widgets.browse(panels, {"k": range(3), "digit": range(3)}, [["w"] * 3] * 3))
    if size > 1e-320:
        common, own = view.at(1, 2)["pixels"]
        assert_close(common, as_signed(0.01 * R[2], abs(R).max()))
        assert_close(own, as_signed(R[2], abs(R[2]).max()))
    for drawn in view.at(2, 0)["pixels"]:
        assert (rgb(drawn) == 250).all()
    assert not any(word in "".join(view.at(0, 0)["scales"]) for word in ("NaN", "Infinity", "e"))


@pytest.mark.parametrize("size", [1e-200, 1e-44, 1e37])
def test_projection_and_mix_do_not_depend_on_the_size_of_weights_and_outputs(show, size):
    plain, scaled = (
        show(widgets.projection(X, s * W, range(3), "abc")).at(2, 1) for s in (1, size)
    )
    assert scaled["words"] == plain["words"] and scaled["pixels"] == plain["pixels"]
    plain, scaled = (
        show(widgets.mix(X, R, s * Y, 1e-3 * s * Y, {"k": range(3)})).at(1, 1.5) for s in (1, size)
    )
    assert scaled["words"] == plain["words"] and "NaN" not in scaled["charts"][0]


# ---- What does not fit is said

F = np.zeros((2, 3, 4, 5))


@each
def test_keys_pressed_in_a_control_are_no_commands_of_jupyterlab(show, make):
    """It looks for the mark on the element that has the focus, before it looks at what holds it."""
    page = show(make()).page
    for control in page.locator(".vslib :is(input, button, select, [tabindex='0'])").all():
        control.evaluate("element => element.focus()")
    page.locator("[role=slider]").first.evaluate("element => element.focus()")
    focused = page.locator(":focus")
    assert focused.get_attribute("data-lm-suppress-shortcuts") == "true"
    marked = "[role=slider][data-lm-suppress-shortcuts=true]"
    assert page.locator(marked).count() == page.locator("[role=slider]").count()
    shown = page.locator(".vslib button:enabled:visible, .vslib select:enabled:visible")
    assert all(each.get_attribute("data-lm-suppress-shortcuts") for each in shown.all())


@each
def test_views_of_different_style_do_not_share_its_id(make):
    """Of one id the browser keeps the style that came last."""
    view, other = make().children[-1], rank_k().children[-1]
    assert (view._anywidget_id == other._anywidget_id) == (view._esm == other._esm)
