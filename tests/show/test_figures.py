"""Each figure is a Figure that is closed, says its scale, and draws what it was given."""

import io

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from vslib.show import figures, looks

matplotlib.use("agg")
RNG = np.random.default_rng(0)
SIGNED = RNG.standard_normal((7, 4, 6)) * np.arange(1, 8)[:, None, None]
GREY = RNG.random((7, 4, 6))
DRAWS = RNG.random((30, 5)) + np.arange(5, 0, -1)

MADE = {
    "images": lambda: figures.images(GREY, titles=range(7)),
    "signed": lambda: figures.images(SIGNED, kind="signed"),
    "spectrum": lambda: figures.spectrum([3, 2, 1.5, 1, 0.5], DRAWS, (1.0, 5.5), ["trained"]),
    "split": lambda: figures.split(GREY[0].ravel(), *np.ones((2, 24)), (4, 6)),
    "curve": lambda: figures.curve([1, 2, 3], [0.2, 0.5, 0.9], "rank", "accuracy"),
    "distribution": lambda: figures.distribution(DRAWS[:, 0], {"fc1": 7.2}, "condition number"),
    "ranges": lambda: figures.ranges({"a": DRAWS, "b": -DRAWS}, (-2.0, np.inf), "value"),
}
each = pytest.mark.parametrize("make", MADE.values(), ids=MADE)


def pictures(figure):
    """The pictures of a figure as rows, without its colour bars."""
    shown = [axis for axis in figure.axes if axis.images and axis.get_label() != "<colorbar>"]
    return [axis.images[0] for axis in shown]


def bars(figure):
    return [axis for axis in figure.axes if axis.get_label() == "<colorbar>"]


@each
def test_a_figure_is_returned_once_and_closed(make):
    before = plt.get_fignums()
    assert isinstance(make(), Figure)
    assert plt.get_fignums() == before


@each
def test_figures_are_transparent_and_leave_matplotlib_as_it_was(make):
    before = dict(matplotlib.rcParams)
    figure = make()
    assert dict(matplotlib.rcParams) == before
    with io.BytesIO() as file:
        figure.savefig(file, facecolor=figure.get_facecolor(), format="rgba")  # as notebooks do
        assert file.getvalue()[3] == 0


@each
def test_words_are_large_enough_for_a_phone(make):
    figure = make()
    words = [text for text in figure.findobj(matplotlib.text.Text) if text.get_text()]
    # A page 350 pixels wide shrinks the whole figure to that width.
    pixels = [text.get_fontsize() * 350 / (72 * figure.get_figwidth()) for text in words]
    assert min(pixels) >= 9


def light(colour):
    channels = np.array(matplotlib.colors.to_rgb(colour))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


@pytest.mark.parametrize(
    "colour, white, black",
    [(looks.INK, 4.5, 4), (looks.BLUE, 3, 3), (looks.ORANGE, 3, 3)],
)
def test_ink_reads_on_white_and_on_black(colour, white, black):
    """Contrast of WCAG 2; the black is that of the book's and JupyterLab's dark themes."""
    assert 1.05 / (light(colour) + 0.05) >= white
    assert (light(colour) + 0.05) / (light("#121212") + 0.05) >= black


def test_the_diverging_map_is_light_in_the_middle_and_tells_signs_apart():
    lights = np.array([light(colour) for colour in looks.MAP(np.linspace(0, 1, 101))[:, :3]])
    assert lights.argmax() in (49, 50, 51) and lights[50] > 0.9
    assert (np.diff(lights[:51]) > -1e-3).all() and (np.diff(lights[50:]) < 1e-3).all()
    below, above = looks.MAP(0.2)[:3], looks.MAP(0.8)[:3]
    # Blue against orange differ along blue - yellow, which the common colour blindnesses keep.
    assert below[2] - below[0] > 0.3 and above[0] - above[2] > 0.3


def test_images_are_drawn_grey_from_black_to_white():
    shown = pictures(figures.images(GREY))
    assert len(shown) == 7
    for picture, values in zip(shown, GREY, strict=True):
        np.testing.assert_array_equal(picture.get_array(), values)
        assert picture.get_clim() == (0, 1) and picture.get_cmap().name == "gray"


def limits(figure):
    return [picture.get_clim() for picture in pictures(figure)]


def test_signed_pictures_are_centred_with_one_scale_for_a_row():
    figure = figures.images(SIGNED, kind="signed", columns=3)
    for row, start in enumerate((0, 3, 6)):
        top = abs(SIGNED[start : start + 3]).max()
        assert limits(figure)[start : start + 3] == [(-top, top)] * len(SIGNED[start : start + 3])
        low, zero, high = (label.get_text() for label in bars(figure)[row].get_yticklabels())
        assert (low, zero, high) == (f"−{top:.2g}", "0", f"{top:.2g}")


def test_signed_pictures_may_share_one_scale_or_be_given_one():
    top = abs(SIGNED).max()
    assert limits(figures.images(SIGNED, kind="signed", scale="all")) == [(-top, top)] * 7
    assert limits(figures.images(SIGNED, kind="signed", scale=2.5)) == [(-2.5, 2.5)] * 7


def test_grey_pictures_need_no_colour_bar():
    assert not bars(figures.images(GREY))


def test_zero_pictures_are_white():
    figure = figures.images(np.zeros((2, 4, 6)), kind="signed")
    assert limits(figure) == [(-1, 1)] * 2


def test_titles_stand_over_their_pictures():
    figure = figures.images(GREY, titles="abcdefg", columns=4)
    assert [picture.axes.get_title() for picture in pictures(figure)] == list("abcdefg")


def test_a_spectrum_shows_values_draws_and_edges():
    figure = MADE["spectrum"]()
    (axis,) = figure.axes
    *draws, values = axis.lines
    np.testing.assert_array_equal(np.array([line.get_ydata() for line in draws]), DRAWS)
    np.testing.assert_array_equal(values.get_xydata(), [[1, 3], [2, 2], [3, 1.5], [4, 1], [5, 0.5]])
    (band,) = axis.patches
    assert (band.get_y(), band.get_y() + band.get_height()) == (1.0, 5.5)
    named = [text.get_text() for text in axis.get_legend().get_texts()]
    assert named == ["Marchenko–Pastur edges", "chance, seeded draws", "trained"]
    assert axis.get_ylim()[0] == 0


def test_spectra_of_different_lengths_stand_beside_each_other():
    (axis,) = figures.spectrum([[2, 1], [3, 2, 1e-3]], names=["a", "b"]).axes
    assert [len(line.get_ydata()) for line in axis.lines] == [2, 3]
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["a", "b"]


def test_a_split_gives_energies_and_one_scale_to_the_parts():
    x = GREY[0].ravel()
    figure = figures.split(x, 0.8 * x, 0.2 * x, (4, 6))
    whole, signal, rejected = pictures(figure)
    assert whole.get_clim() == (0, 1)
    assert signal.get_clim() == rejected.get_clim() == (-0.8 * x.max(), 0.8 * x.max())
    assert [p.axes.get_title() for p in (whole, signal, rejected)] == [
        "x", "signal, 64%", "rejected, 4%",
    ]  # fmt: skip
    signs = [text.get_text() for axis in figure.axes for text in axis.texts]
    assert signs == ["=", "+"]


def test_a_curve_goes_through_its_points():
    (axis,) = MADE["curve"]().axes
    (line,) = axis.lines
    np.testing.assert_array_equal(line.get_xydata(), [[1, 0.2], [2, 0.5], [3, 0.9]])
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("rank", "accuracy")


def test_a_distribution_counts_all_draws_and_names_the_marks():
    marks = {"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.25}
    (axis,) = figures.distribution(DRAWS.ravel(), marks, "condition number").axes
    assert sum(bar.get_height() for bar in axis.patches) == DRAWS.size
    assert [line.get_xdata()[0] for line in axis.lines] == list(marks.values())
    named = [text.get_text() for text in axis.get_legend().get_texts()]
    assert named == ["a: 1", "b: 2", "c: 3", "d: 4.25"]


@pytest.mark.parametrize("size", [1e-300, 1e300])
def test_very_small_and_very_large_values_keep_their_colours_and_shares(size):
    figure = figures.images(size * SIGNED[:2], kind="signed", columns=2)
    for picture, plain in zip(pictures(figure), SIGNED[:2], strict=True):
        shown = picture.to_rgba(picture.get_array())
        expected = looks.MAP(plain / abs(SIGNED[:2]).max() / 2 + 0.5)
        np.testing.assert_allclose(shown, expected, atol=0.02)
    labels = [label.get_text() for label in bars(figure)[0].get_yticklabels()]
    assert labels[2] == f"{size * abs(SIGNED[:2]).max():.2g}"
    x = size * GREY[0].ravel()
    titles = [axis.get_title() for axis in figures.split(x, 0.8 * x, 0.2 * x, (4, 6)).axes]
    assert titles[::2] == ["x", "signal, 64%", "rejected, 4%"]


def test_a_range_beyond_the_values_colours_nothing():
    axis = figures.ranges({"a": [0.0, 1.0]}, (5, 6), "value").axes[0]
    band = axis.patches[-1]
    assert band.get_width() == pytest.approx(0) and axis.get_xlim()[1] < 2


ERRORS = {
    "axes": (lambda: figures.images(GREY[0]), r"arrays: expected 3 axes, got shape \(4, 6\)"),
    "titles": (lambda: figures.images(GREY, titles="abc"), "titles: expected 7, got 3"),
    "kind": (lambda: figures.images(GREY, kind="gray"), "kind: expected 'image' .* got 'gray'"),
    "scale": (lambda: figures.images(GREY, scale="frame"), "expected 'row', .* got 'frame'"),
    "no scale": (lambda: figures.images(GREY, scale=0), "or a positive number, got 0"),
    "infinite scale": (lambda: figures.images(GREY, scale=np.inf), "positive number, got inf"),
    "columns": (lambda: figures.images(GREY, columns=0), "columns: expected 1 or more, got 0"),
    "no spectrum": (lambda: figures.spectrum([]), "singular_values: expected at least one entry"),
    "negative": (lambda: figures.spectrum([1, -2]), "numbers of 0 or more, got -2"),
    "edges": (lambda: figures.spectrum([1], edges=[1]), "edges: expected length 2"),
    "chance": (lambda: figures.spectrum([1], chance=[1]), "chance: expected 2 axes"),
    "spectrum": (lambda: figures.spectrum(SIGNED), r"singular_values: expected .* got shape"),
    "names": (lambda: figures.spectrum([2, 1], names="ab"), "names: expected 1, got 2"),
    "shape": (
        lambda: figures.split(*GREY.reshape(7, 24)[:3], (5, 5)),
        r"x: expected length 25 .* got shape \(24,\)",
    ),
    "lengths": (lambda: figures.curve([1, 2], [1], "", ""), r"y: expected length 2 .* \(1,\)"),
    "negative shape": (
        lambda: figures.split(*GREY.reshape(7, 24)[:3], (-4, -6)),
        r"shape: expected h and w of 1 or more, got \(-4, -6\)",
    ),
    "mark": (lambda: figures.distribution([1], {"a": np.inf}, ""), "mark 'a': expected finite"),
    "no ranges": (lambda: figures.ranges({}, (0, 1), ""), "values: expected arrays by name"),
    "layer": (lambda: figures.ranges({"a": [np.nan]}, (0, 1), ""), "a: expected finite numbers"),
    "ends": (lambda: figures.ranges({"a": [1]}, (1, 0), ""), "ends: expected a lower"),
    "nan": (lambda: figures.distribution([np.nan], {}, ""), "draws: expected finite numbers"),
}


@pytest.mark.parametrize("make, message", ERRORS.values(), ids=ERRORS)
def test_what_does_not_fit_is_said(make, message):
    before = plt.get_fignums()
    with pytest.raises(ValueError, match=message):
        make()
    assert plt.get_fignums() == before


def test_ranges_reach_from_the_lowest_to_the_highest_value():
    axis = MADE["ranges"]().axes[0]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["a", "b"]
    caps = sorted({round(float(x), 9) for line in axis.lines for x in line.get_xdata()})
    ends = {DRAWS.min(), DRAWS.max(), -DRAWS.min(), -DRAWS.max()}
    assert {round(float(end), 9) for end in ends} <= set(caps)
    band = axis.patches[-1]
    assert band.get_x() == -2
    assert band.get_x() + band.get_width() == pytest.approx(axis.get_xlim()[1])
