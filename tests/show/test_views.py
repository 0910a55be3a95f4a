"""What the reader sees: each view in a browser, on a model that is only a record of values."""

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
from vslib.show import looks, views


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
    for number, slider in enumerate(sliders):
        start = 0 if isinstance(slider, ipywidgets.SelectionSlider) else slider.value
        view.page.evaluate(f"move('control_{number}', {start + 1})")
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


def test_plane_moves_x_but_not_y_with_t(show):
    view = show(plane())
    before, after = view.at(30, 20, 1, 0.5, 0), view.at(30, 20, 1, 0.5, 1.5)
    assert before["charts"][0] != after["charts"][0]
    assert before["charts"][1] == after["charts"][1]
    assert "100\u00a0% of its energy is signal, 0\u00a0% is rejected" in before["words"]
    assert before["words"].split("y =")[1] == after["words"].split("y =")[1]


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
    view = show(make())
    before = view.at()
    view.page.evaluate("stop()")
    assert view.at(1, 1) == before
    handle = view.page.locator(".noUi-handle").first
    handle.evaluate("handle => handle.setAttribute('aria-valuetext', '3.00')")
    view.page.wait_for_timeout(50)
    assert handle.get_attribute("aria-valuetext") == "3.00"


def test_consecutive_integers_give_an_int_slider_and_anything_else_a_selection():
    assert isinstance(views.choices("k", range(1, 11)), ipywidgets.IntSlider)
    assert isinstance(views.choices("k", np.arange(3)), ipywidgets.IntSlider)
    for options in ([1, 2, 4], ["a", "b"], [0.1, 0.2], [2, 1]):
        slider = views.choices("k", options)
        assert isinstance(slider, ipywidgets.SelectionSlider)
        assert slider.options == tuple(str(option) for option in options)


# ---- What does not fit is said

F = np.zeros((2, 3, 4, 5))
