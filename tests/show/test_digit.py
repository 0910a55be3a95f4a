"""A digit of the reader's own: the page's arithmetic is torch's, its centring is MNIST's."""

import base64
import json

import numpy as np
import pytest
import shared
import torch
from controls import answering, digit, projection
from seen import Seen

from vslib import Subspaces, layers, mnist, networks
from vslib.show import widgets

NAMES = ("fc1", "fc5")
FIELD = 280
# Gives the page the functions of the view's module, and the networks as the view reads them.
LOAD = """async ({ source, spec }) => {
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  globalThis.m = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  globalThis.bytes = bytes;
  if (!spec) return;
  globalThis.networks = await m.networksOf({ ...spec, weights: { ...spec.weights,
    bytes: bytes(spec.weights.bytes) } });
  globalThis.spaces = await Promise.all(networks.map(({ layers }) => m.basis(layers[0].rows)));
}"""
EACH = """([text, call]) => {
  const all = bytes(text), f = eval(call);
  return Array.from({ length: all.length / 784 }, (_, i) =>
    f(Float64Array.from(all.subarray(784 * i, 784 * (i + 1)), (v) => v / 255)));
}"""


def text(content):
    return base64.b64encode(content).decode()


@pytest.fixture(scope="module")
def given():
    """The shipped networks, ten stored digits, and the spec of the control that has them."""
    images, labels = mnist.load("test")
    loaded = {name: networks.load(name) for name in NAMES}
    stored = np.stack([images[labels == number][0] for number in range(10)])
    read = {name: layers.matrices(networks.weights(name)) for name in NAMES}
    return loaded, stored, widgets.digit(read, stored, ends_in_selu=["fc1"])


@pytest.fixture(scope="module")
def page(browser, given):
    view = given[2].children[-1]
    spec = {key: view.spec[key] for key in ("networks", "weights")}
    spec["weights"] = spec["weights"] | {"bytes": text(spec["weights"]["bytes"])}
    page = browser.new_page()
    page.evaluate(LOAD, {"source": view._esm, "spec": spec})
    yield page
    page.close()


def for_each(page, images, call):
    """What a function of the page gives for each image, whose values are 0 to 255."""
    return page.evaluate(EACH, [text(np.ascontiguousarray(images, np.uint8).tobytes()), call])


# ---- What the networks answer


@pytest.mark.parametrize("number, name", [*enumerate(NAMES)])
def test_the_page_answers_as_torch_does_for_a_thousand_images(page, given, number, name):
    images = mnist.load("test")[0][:1000]
    expected = given[0][name](torch.tensor(images)).numpy()
    call = f"(x) => m.outputs(networks[{number}].layers, x)"
    found = np.array(for_each(page, np.rint(255 * images), call))
    assert abs(found - expected).max() < 1e-3
    assert (found.argmax(1) == expected.argmax(1)).all()


def test_halves_would_not_do(given):
    """Why the weights travel as multiples of 2^-17: those of float16 miss a thousandth."""
    images = torch.tensor(mnist.load("test")[0][:1000])
    for name, network in given[0].items():
        rounded = networks.assemble(name, networks.weights(name)).double()
        for part in rounded.parameters():
            part.data = part.data.half().double()
        assert (rounded(images.double()) - network(images)).abs().max() > 1e-3


@pytest.mark.parametrize("number, name", [*enumerate(NAMES)])
def test_the_page_splits_as_the_original_weights_do(page, given, number, name):
    images = mnist.load("test")[0][:100]
    W = given[0][name].layer1.weight
    call = f"(x) => m.split(spaces[{number}], x)"
    signal, rejected = np.moveaxis(for_each(page, np.rint(255 * images), call), 1, 0)
    expected = Subspaces(W).split(images.reshape(-1, 784).astype(float))
    assert abs(signal - expected[0]).max() < 1e-3
    assert abs(rejected - expected[1]).max() < 1e-3
    packed = np.rint(W.double().numpy() * 2**17) / 2**17
    assert abs(rejected @ packed.T).max() < 1e-12
    assert abs(np.einsum("ij,ij->i", signal, rejected)).max() < 1e-12


def test_a_basis_is_orthonormal_and_of_the_row_space(page, given):
    for number, name in enumerate(NAMES):
        Q = np.array(page.evaluate(f"spaces[{number}].map((q) => [...q])"))
        W = np.rint(given[0][name].layer1.weight.double().numpy() * 2**17) / 2**17
        assert abs(Q @ Q.T - np.eye(len(Q))).max() < 1e-12
        assert abs(W - W @ Q.T @ Q).max() < 1e-12


@pytest.mark.parametrize("seed", range(3))
def test_weights_come_back_to_half_a_unit(browser, seed):
    rng = np.random.default_rng(seed)
    W, V = rng.normal(size=(3, 784)) * 10.0 ** rng.integers(-6, 1), [[63.99, -63.99, 0.0]]
    view = widgets.digit({"a": answering(W, V)}, np.ones((2, 28, 28))).children[-1]
    page = browser.new_page()
    spec = {key: view.spec[key] for key in ("networks", "weights")}
    spec["weights"] = spec["weights"] | {"bytes": text(spec["weights"]["bytes"])}
    page.evaluate(LOAD, {"source": view._esm, "spec": None})
    call = "async (w) => [...await m.numbers({ ...w, bytes: bytes(w.bytes) })]"
    found = page.evaluate(call, spec["weights"])
    page.close()
    sent = np.concatenate([W.ravel(), np.zeros(3), np.ravel(V), [0]])
    assert abs(sent - found).max() <= 2**-18


# ---- The one script of the site


def test_any_bytes_come_through_the_signs_of_a_script(page):
    rng = np.random.default_rng(0)
    for length in (0, 1, 12, 13, 14, 1000):
        content = rng.integers(0, 256, length, np.uint8).tobytes()
        written = shared.signs(content)
        assert not {*written} & {*'"\\`\n'} and written.isascii()
        assert (
            bytes(page.evaluate("([t, n]) => [...m.fromSigns(t, n)]", [written, length])) == content
        )


def test_the_script_of_the_site_is_light(given):
    content = given[2].children[-1].spec["weights"]["bytes"]
    assert len(shared.script("0" * 16, content)) < 700_000


def test_weights_leave_the_pages_for_one_script_and_the_control_finds_them(browser, tmp_path):
    """From a file, where a page may load nothing but classic scripts."""
    box = digit()
    view = box.children[-1]
    spec = json.loads(json.dumps(view.spec, default=lambda content: None))
    content, found = view.spec["weights"]["bytes"], {}
    buffers = [
        {"path": shared.WEIGHTS, "data": text(content)},
        {"path": ["spec", "images", "bytes"], "data": "eA=="},
    ]
    state = {"state": {"a": {"state": {"spec": spec}, "buffers": buffers}, "b": {"state": {}}}}
    kind = 'type="application/vnd.jupyter.widget-state+json"'
    page = f"<html></i><script {kind}>{json.dumps(state)}</script></html>"
    moved = shared.take(page, "../", found)
    assert [*found.values()] == [content] and text(content) not in moved
    assert shared.take(moved, "../", {}) == moved
    assert shared.take("<p>nothing</p>", "../", {}) == "<p>nothing</p>"
    layer = json.loads(json.dumps(projection().children[-1].spec, default=lambda content: None))
    assert "weights" in layer  # of a layer, which its control reads from the page itself
    state["state"]["a"]["state"]["spec"] = layer
    other = f"<script {kind}>{json.dumps(state)}</script>"
    assert shared.take(other, "../", found) == other and len(found) == 1
    left = json.loads(shared.STATE.search(moved)[2])["state"]["a"]
    assert left["buffers"] == buffers[1:]
    (key,) = found
    where = left["state"]["spec"]["weights"]
    assert where["script"] == f"../_static/shared/{key}.js"
    folder = tmp_path / "a site" / "_static" / "shared"
    folder.mkdir(parents=True)
    (folder / f"{key}.js").write_bytes(shared.script(key, content))
    book = tmp_path / "a site" / "book"
    book.mkdir()
    (book / "page.html").write_text("<!doctype html><title>t</title>")
    opened = browser.new_page()
    opened.goto((book / "page.html").as_uri())
    opened.evaluate(LOAD, {"source": view._esm, "spec": None})
    call = (
        "async (spec) => (await m.networksOf(spec)).map((n) => n.layers.map((l) => [...l.rows[0]]))"
    )
    rows = opened.evaluate(call, left["state"]["spec"])
    opened.close()
    assert [len(layer) for network in rows for layer in network] == [784, 784, 2]
    assert rows[1][1] == [1, 0]


# ---- A drawing becomes an image


def centre(box):
    """Centre of mass of an image, in pixels from its upper left corner."""
    total = box.sum()
    return [box.sum(1 - axis) @ (np.arange(box.shape[axis]) + 0.5) / total for axis in (0, 1)]


def area_mean(ink, scale):
    """Along the first axis: the running sum, read off at the borders of the new pixels."""
    length = len(ink)
    summed = np.concatenate([np.zeros((1, ink.shape[1])), np.cumsum(ink, 0)]) * scale
    borders = np.arange(int(np.ceil(length * scale - 1e-9)) + 1) / scale
    read = [np.interp(borders, np.arange(length + 1), column) for column in summed.T]
    return np.diff(np.array(read).T, axis=0)


def expected_centred(ink):
    ink = crop(ink)
    scale = 20 / max(ink.shape)
    box = area_mean(area_mean(ink, scale).T, scale).T
    image = np.zeros((28, 28))
    corner = [
        np.clip(14 - np.floor(c + 1e-9).astype(int), 0, 28 - n)
        for c, n in zip(centre(box), box.shape, strict=True)
    ]
    image[corner[0] : corner[0] + box.shape[0], corner[1] : corner[1] + box.shape[1]] = box
    return image


def crop(ink):
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def centred(page, ink):
    call = "([ink, wide]) => m.centred(ink, wide)"
    found = page.evaluate(call, [np.asarray(ink, float).ravel().tolist(), ink.shape[1]])
    return found if found is None else np.reshape(found, (28, 28))


@pytest.mark.parametrize("seed", range(8))
def test_a_drawing_is_scaled_and_centred_as_numpy_does_it(page, seed):
    """Random strokes, of any size, thick and thin, in a field of any shape."""
    rng = np.random.default_rng(seed)
    shape = rng.integers(30, 120, 2)
    y, x = np.indices(shape)
    ink = np.zeros(shape)
    for _ in range(rng.integers(1, 5)):
        (a, b), radius = rng.uniform(0, shape, (2, 2)), rng.uniform(1, 6)
        for t in np.linspace(0, 1, 30):
            row, column = a + t * (b - a)
            ink = np.maximum(ink, np.clip(radius - np.hypot(y - row, x - column), 0, 1))
    found = centred(page, ink)
    assert abs(found - expected_centred(ink)).max() < 1e-9
    assert 0 <= found.min() and found.max() <= 1


def test_in_mnist_the_centre_of_mass_lies_in_pixel_14_and_the_box_has_20():
    """What the page does to a drawing was done to these: by whole pixels, hence anywhere in it."""
    for part in ("train", "test"):
        images = mnist.load(part)[0].astype(float)
        means = np.array([images.sum((1, 2))] * 2)
        for axis in (1, 2):
            means[axis - 1] = images.sum(3 - axis) @ (np.arange(28) + 0.5) / means[axis - 1]
        assert means.min() > 13.95 and means.max() < 15
        inside = (np.floor(means) == 14).all(0)
        assert inside.mean() > 0.999
        sides = [images.any(axis).sum(1).max() for axis in (1, 2)]
        assert max(sides) == 20


def test_an_image_of_mnist_is_left_as_it_is(page):
    images = mnist.load("test")[0]
    longer = [max(crop(image).shape) for image in images]
    whole = images[np.array(longer) == 20][:500]
    found = np.array(for_each(page, np.rint(255 * whole), "(x) => m.centred(x, 28)"))
    same = abs(found.reshape(-1, 28, 28) - whole).max((1, 2)) < 1e-6
    assert same.mean() > 0.995


def test_what_is_hardly_a_drawing(page):
    assert centred(page, np.zeros((FIELD, FIELD))) is None
    square = np.zeros((28, 28))
    square[4:24, 4:24] = 1
    full = centred(page, np.ones((FIELD, FIELD)))
    assert abs(full - square).max() < 1e-9
    for place in ((0, 0), (140, 33), (279, 279)):
        dot = np.zeros((FIELD, FIELD))
        dot[place] = 1
        assert abs(centred(page, dot) - square).max() < 1e-9
    line = np.zeros((FIELD, FIELD))
    line[:, 7] = 1
    thin = centred(page, line)
    assert abs(thin.sum() - 20 * 20 / FIELD) < 1e-9 and thin[4:24, 14].all()


def test_a_digit_moves_by_whole_pixels_and_stays_in_the_image(page, given):
    image = given[1][3]
    rows, columns = np.flatnonzero(image.any(1)), np.flatnonzero(image.any(0))
    for by in ((3, 0), (-2, 1), (0, 100), (-100, -100)):
        call = "([image, by]) => m.moved(image, by)"
        found, (dx, dy) = page.evaluate(call, [image.ravel().tolist(), by])
        assert -columns[0] <= dx <= 27 - columns[-1] and -rows[0] <= dy <= 27 - rows[-1]
        assert (dx, dy) == by or max(map(abs, by)) == 100
        expected = np.roll(image, (dy, dx), (0, 1))
        np.testing.assert_array_equal(np.reshape(found, (28, 28)), expected)


# ---- What the reader does


@pytest.fixture
def show(browser):
    opened = []

    def show(box, **options):
        opened.append(Seen(browser, box, **options))
        return opened[-1]

    yield show
    for seen in opened:
        assert not seen.errors
        seen.page.close()


def place(view, x, y):
    box = view.page.locator(".vslib-pad").bounding_box()
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def stroke(view, *points, lift=True):
    view.page.locator(".vslib-pad").scroll_into_view_if_needed()
    mouse = view.page.mouse
    mouse.move(*place(view, *points[0]))
    mouse.down()
    for point in points[1:]:
        mouse.move(*place(view, *point), steps=8)
    if lift:
        mouse.up()
    view.page.wait_for_timeout(100)


SEVEN = (0.25, 0.2), (0.75, 0.22), (0.45, 0.85)


def grey_of(drawn):
    height, width, values = drawn
    return np.reshape(values, (height, width, 4))[..., 0]


def test_a_drawn_seven_is_a_seven_to_both(show, given):
    view = show(given[2])
    assert view.at()["words"].startswith("The stored 0: fc1 answers 0 and rejects ")
    stroke(view, *SEVEN)
    seen = view.at()
    assert seen["words"].startswith("Your digit: fc1 answers 7 and rejects ")
    assert "fc5 answers 7, its layer 1 rejects" in seen["words"]
    assert [seen["titles"][i] for i in (5, 8)] == ["fc1 answers 7", "fc5 answers 7"]
    field, x = (grey_of(pixels) for pixels in seen["pixels"][:2])
    assert field.shape == (FIELD, FIELD) and x.shape == (28, 28)
    assert abs(x - 255 * expected_centred(field / 255)).max() <= 1
    crossing = (0.3, 0.5), (0.7, 0.5)
    stroke(view, *crossing)
    assert (grey_of(view.at()["pixels"][0]) >= field).all()  # a second stroke adds to the first


def test_the_parts_add_up_and_have_one_scale(show, given):
    view = show(given[2])
    seen = view.at(4, 2, 1)
    loaded, stored, _ = given
    eye = Subspaces(loaded["fc1"].layer1.weight)
    r = eye.split(stored[2].ravel().astype(float))[1]
    x = stored[4].ravel() + r
    parts = [p for n in loaded.values() for p in Subspaces(n.layer1.weight).split(x)]
    scale = max(abs(part).max() for part in parts)
    assert len({*seen["scales"][3:5], *seen["scales"][6:8]}) == 1
    assert f"\n0\n{scale:.2g}" in "\n" + seen["scales"][3].replace(" ", "\n")
    for pixels, part in zip([*seen["pixels"][3:5], *seen["pixels"][5:7]], parts, strict=True):
        strong = abs(part) > 0.3 * scale
        red_less_blue = np.reshape(pixels[2], (784, 4)) @ [1, 0, -1, 0]
        assert (np.sign(red_less_blue[strong]) == np.sign(part[strong])).all()


def test_what_the_first_rejects_moves_its_outputs_by_rounding_alone(show, given):
    view = show(given[2])
    still, added = view.at(4, 2, 0), view.at(4, 2, 1)
    assert still["charts"][0] == added["charts"][0]
    assert still["charts"][1] != added["charts"][1]
    assert "Nothing is added yet: t = 0" in still["words"]
    moves = added["words"].split("moves the outputs of fc1 by ")[1]
    assert "× 10⁻¹" in moves.split(" at most")[0] and "still answers 4" in moves


def test_the_outputs_of_fc5_do_move_with_what_fc1_rejects(given):
    """The landing page says so: for every pair of the stored digits but a digit with itself too."""
    loaded, stored, _ = given
    eye = Subspaces(loaded["fc1"].layer1.weight)
    x = stored.reshape(10, 784).astype(float)
    added = x[:, None] + eye.split(x)[1]
    with torch.no_grad():
        before, after = (
            loaded["fc5"](torch.tensor(some, dtype=torch.float32))
            for some in (x, added.reshape(-1, 784))
        )
    moved = (after.reshape(10, 10, 10) - before[:, None]).abs().amax(2)
    assert moved.min() > 1


def test_a_digit_that_is_moved_gets_other_answers_at_most_places(given):
    """Chapter 2 says so, of either network and each stored digit, and of what a layer sees."""
    loaded, stored, _ = given
    for network in loaded.values():
        eye = Subspaces(network.layer1.weight)
        for image in stored:
            rows, columns = np.flatnonzero(image.any(1)), np.flatnonzero(image.any(0))
            places = [
                np.roll(image, (y, x), (0, 1))
                for y in range(-rows[0], 28 - rows[-1])
                for x in range(-columns[0], 28 - columns[-1])
            ]
            answers = network(torch.tensor(np.stack([image, *places]))).argmax(1).numpy()
            assert (answers[1:] != answers[0]).mean() > 0.5
            lost = eye.rejected_energy(np.reshape(places, (-1, 784)).astype(float))
            assert lost.max() - lost.min() > 0.1


def test_the_digit_moves_by_buttons_and_by_arrow_keys(show, given):
    view = show(given[2])
    view.at(7)
    before = grey_of(view.at()["pixels"][1])
    button = view.page.get_by_role("button", name="move the digit right")
    button.click()
    assert (grey_of(view.at()["pixels"][1]) == np.roll(before, 1, 1)).all()
    assert view.at()["words"].startswith("The stored 7, moved: fc1 answers ")
    button.press("ArrowDown")
    button.press("ArrowLeft")
    assert (grey_of(view.at()["pixels"][1]) == np.roll(before, 1, 0)).all()
    view.page.get_by_role("button", name="Stored digit").click()
    assert (grey_of(view.at()["pixels"][1]) == before).all()


def test_an_empty_field_gets_no_answer(show, given):
    view = show(given[2])
    stroke(view, *SEVEN)
    view.page.get_by_role("button", name="Clear").click()
    seen = view.at()
    assert seen["words"] == "Nothing is drawn. Draw a digit, or take the stored one."
    assert [seen["titles"][i] for i in (5, 8)] == ["fc1: no answer yet", "fc5: no answer yet"]
    assert not grey_of(seen["pixels"][0]).any() and not grey_of(seen["pixels"][1]).any()
    view.page.get_by_role("button", name="move the digit up").click()
    assert view.at()["words"] == seen["words"]
    view.page.get_by_role("button", name="Stored digit").click()
    assert view.at()["words"].startswith("The stored 0: ")


def test_a_dot_and_a_full_field_are_answered(show, given):
    view = show(given[2])
    stroke(view, (0.5, 0.5))
    assert view.at()["words"].startswith("Your digit: ")
    zigzag = [point for x in range(0, 41) for point in ((0.0, x / 40), (1.0, x / 40))]
    stroke(view, *zigzag)
    assert view.at()["words"].startswith("Your digit: ")


def test_who_listens_is_told_once_the_stroke_has_ended(show, given):
    view = show(given[2])
    view.page.evaluate(
        """() => {
          globalThis.said = [];
          const live = document.querySelector("[data-live]");
          new MutationObserver(() => said.push(live.textContent)).observe(live,
            { childList: true, characterData: true, subtree: true });
        }"""
    )
    before = view.at()
    stroke(view, *SEVEN, lift=False)
    during = view.at()
    assert during["words"] == before["words"] and during["titles"][5] == "fc1 answers 7"
    view.page.mouse.up()
    view.page.wait_for_timeout(100)
    words = {*view.page.evaluate("said")} - {before["words"]}
    assert words == {view.at()["words"]}


def test_a_finger_draws(browser, given):
    view = Seen(browser, given[2], width=340)
    client = view.page.context.new_cdp_session(view.page)
    view.page.locator(".vslib-pad").scroll_into_view_if_needed()
    x, y = place(view, 0.5, 0.2)
    touch = {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]}
    client.send("Input.dispatchTouchEvent", touch)
    for part in np.linspace(0.2, 0.8, 10):
        x, y = place(view, 0.5, float(part))
        client.send(
            "Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x, "y": y}]}
        )
    client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    view.page.wait_for_timeout(100)
    assert view.at()["words"].startswith("Your digit: fc1 answers 1 ")
    style = "(e) => getComputedStyle(e).touchAction"
    elements = view.page.locator("#view, #view *")
    held = [e for e in elements.all() if e.evaluate(style) == "none"]
    assert [e.get_attribute("class") for e in held] == ["vslib-pad"]
    view.page.close()


def test_weights_that_do_not_arrive_are_missed_in_words(browser, given):
    box = given[2]
    spec = box.children[-1].spec
    lost = {"unit": 2**-17, "key": "k", "size": 3, "script": "data:text/javascript,0"}
    try:
        box.children[-1].spec = spec | {"weights": lost}
        view = Seen(browser, box)
    finally:
        box.children[-1].spec = spec
    assert view.at()["words"].startswith("The weights of the networks did not arrive.")
    view.page.close()


# ---- What is refused

BARS = np.ones((2, 28, 28))
ONE = answering(np.eye(3, 784))
ILL = answering(np.diag([1, 1e-7, 1]) @ np.eye(3, 784))
ERRORS = {
    "no networks": (lambda: widgets.digit({}, BARS), "expected one or more"),
    "shapes": (lambda: widgets.digit({"a": ONE}, BARS[:, :4]), r"\(N, 28, 28\), got \(2, 4, 28\)"),
    "black": (lambda: widgets.digit({"a": ONE}, 0.001 * BARS), "images: expected ink in each"),
    "grey": (lambda: widgets.digit({"a": ONE}, 2 * BARS), r"grey values in \[0, 1\]"),
    "one digit": (lambda: widgets.digit({"a": ONE}, BARS[:1]), "expected two or more"),
    "outputs": (
        lambda: widgets.digit({"a": ONE, "b": answering(np.eye(4, 784))}, BARS),
        r"of as many outputs, got \{'a': 3, 'b': 4\}",
    ),
    "layers": (lambda: widgets.digit({"a": {}}, BARS), "a: expected layers, got none"),
    "bias": (
        lambda: widgets.digit({"a": layers.matrices({"l.weight": np.eye(3, 784)})}, BARS),
        "a, l: expected a layer with a bias, got none",
    ),
    "selu": (
        lambda: widgets.digit({"a": ONE}, BARS, ends_in_selu=["b"]),
        r"ends_in_selu: expected names of \['a'\], got \['b'\]",
    ),
    "inputs": (lambda: widgets.digit({"a": answering(np.eye(3))}, BARS), "expected length 784"),
    "dependent": (
        lambda: widgets.digit({"a": answering(np.ones((2, 784)))}, BARS),
        "a: expected 2 independent rows first, got rank 1",
    ),
    "ill": (
        lambda: widgets.digit({"a": ILL}, BARS),
        r"rank 3, condition number 1e\+07",
    ),
    "large": (
        lambda: widgets.digit({"a": answering(64 * np.eye(3, 784))}, BARS),
        "below 64, got 64",
    ),
}


@pytest.mark.parametrize("make, message", ERRORS.values(), ids=ERRORS)
def test_what_does_not_fit_is_said(make, message):
    with pytest.raises(ValueError, match=message):
        make()
