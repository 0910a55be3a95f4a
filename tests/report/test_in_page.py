"""The control that takes a file of weights apart in the browser, against `report` on the file."""

import json
import struct

import numpy as np
import pytest
from numpy.testing import assert_allclose
from safetensors.numpy import save_file
from seen import Seen

from vslib import networks
from vslib.report import in_page, report

RNG = np.random.default_rng(0)
EXACT = ["dtype", "m", "n", "rank", "above", "below", "dead inputs", "dead outputs"]
CLOSE = ["condition number", "stable rank", "effective rank", "s1"]
ROWS = """() => {
  const heads = [...document.querySelectorAll("thead th")].map((cell) => cell.textContent);
  return [...document.querySelectorAll("tbody tr")].map((row) => Object.fromEntries(
    [...row.cells].map((cell, i) => [heads[i], cell.dataset.value])));
}"""


class Control(Seen):
    def __init__(self, browser, width=720):
        example = {"first.weight": np.eye(3, 5), "second.weight": RNG.normal(size=(4, 4))}
        super().__init__(browser, in_page(example, "an example"), width)

    def take(self, path, wait=60):
        self.page.set_input_files("input[type=file]", path)
        return self.wait(wait)

    def wait(self, seconds=60):
        done = "() => document.querySelector('progress').hidden"
        self.page.wait_for_function(done, timeout=1000 * seconds)
        return self.said

    @property
    def said(self):
        return self.page.inner_text(".vslib-words")

    @property
    def words(self):
        return self.page.locator(".vslib-view > ul li").all_inner_texts()

    @property
    def rows(self):
        return {row["name"]: row for row in self.page.evaluate(ROWS)}


@pytest.fixture
def control(browser):
    made = Control(browser)
    yield made
    assert made.errors == []
    made.page.close()


def same(control, path):
    """Every column of every matrix is that of `report`, to 1e-6."""
    expected = report(path)
    found = control.rows
    assert sorted(found) == sorted(expected.table["name"])
    for row in expected.table.to_dict("records"):
        seen = found[row["name"]]
        for key in EXACT:
            assert seen[key] == str(row[key]), (row["name"], key)
        for key in CLOSE:
            if seen[key] == "":
                assert np.isnan(row[key]), (row["name"], key)
            else:
                assert_allclose(
                    float(seen[key]), row[key], rtol=1e-6, err_msg=f"{row['name']} {key}"
                )
    assert {*control.page.locator("dt").all_text_contents()} == {*expected.skipped}
    return expected


def planted(m, n, rank):
    return RNG.normal(size=(m, rank)) @ RNG.normal(size=(rank, n))


@pytest.mark.parametrize("name", ["fc5", "resnet18"])
def test_networks_of_this_book(control, tmp_path, name):
    path = tmp_path / f"{name}.safetensors"
    weights = networks.weights(name)
    if name == "resnet18":  # half a minute without the largest ones
        weights = {key: a for key, a in weights.items() if np.size(a) < 600_000}
    save_file({key: np.ascontiguousarray(a) for key, a in weights.items()}, path)
    assert "all" in control.take(path, 300)
    same(control, path)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_matrices_of_every_shape(control, tmp_path, dtype):
    dead = RNG.normal(size=(30, 20))
    dead[[3, 7]] = 0
    dead[:, 11] = 0
    made = {
        "planted.weight": planted(60, 50, 7),
        "wide.weight": RNG.normal(size=(8, 90)),
        "tall.weight": RNG.normal(size=(90, 8)),
        "square.weight": RNG.normal(size=(40, 40)),
        "row.weight": RNG.normal(size=(1, 17)),
        "long.weight": RNG.normal(size=(1, 5000)),
        "column.weight": RNG.normal(size=(17, 1)),
        "one.weight": np.array([[2.5]]),
        "zero.weight": np.zeros((4, 6)),
        "dead.weight": dead,
        "ones.weight": np.ones((9, 9)),
        "kernels.weight": RNG.normal(size=(12, 3, 3, 3)),
        "graded.weight": np.diag(2.0 ** -np.arange(12)),
        "small.weight": 1e-3 * RNG.normal(size=(5, 6)),
        "bias": np.ones(7),
        "counts": np.ones((3, 3), np.int64),
    }
    floats = {k: a.astype(dtype) if a.dtype == float else a for k, a in made.items()}
    path = tmp_path / "made.safetensors"
    save_file(floats, path)
    control.take(path)
    same(control, path)


def test_bfloat16_and_numbers_of_any_size(control, tmp_path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file as save

    made = {
        "short.weight": torch.tensor(planted(64, 48, 9)).bfloat16(),
        "noise.weight": torch.randn(30, 40).bfloat16(),
        "huge.weight": 1e200 * torch.randn(6, 5).double(),
        "tiny.weight": 1e-200 * torch.randn(6, 5).double(),
        "subnormal.weight": (1e-6 * torch.randn(9, 8)).half(),
    }
    path = tmp_path / "made.safetensors"
    save(made, path)
    control.take(path)
    same(control, path)


def test_packed_layers_are_taken_apart_as_report_does(control, tmp_path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file as save

    class Packed(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = torch.nn.LSTM(5, 4, proj_size=3, bidirectional=True)
            self.gru = torch.nn.GRU(5, 4)
            self.rnn = torch.nn.RNN(5, 4)
            self.heads = torch.nn.MultiheadAttention(8, 2)

    path = tmp_path / "packed.safetensors"
    save(Packed().state_dict(), path)
    control.take(path)
    expected = same(control, path)
    assert {"heads.q_proj", "gru.hh_l0.new"} <= {*expected.table["name"]}


def test_words_are_those_of_report(control, tmp_path):
    path = tmp_path / "made.safetensors"
    spiked = RNG.normal(size=(40, 60))
    spiked[:, 0] *= 9
    save_file({"a.weight": planted(9, 8, 3), "b.weight": spiked, "c": np.ones(3)}, path)
    control.take(path)
    first, *others = report(path).words
    assert control.words[0] == first.replace("with reasons in .skipped", "see below")
    assert control.words[1:] == others


def test_the_example_is_shown_without_a_file(control):
    control.page.get_by_role("button", name="Show an example").click()
    assert control.wait() == "an example: all 2 matrices computed, on this machine."
    assert control.rows["first"]["rank"] == "3"


def test_a_larger_matrix_is_listed_with_the_reason(control, tmp_path):
    path = tmp_path / "large.safetensors"
    save_file({"large.weight": np.zeros((2050, 2049), np.float16), "b.weight": np.eye(2)}, path)
    control.take(path)
    assert [*control.rows] == ["b"]
    reasons = control.page.locator("dd").all_text_contents()
    assert reasons == ["2050 × 2049: more than 2048 on the smaller side; ask vslib.report"]


def test_a_heading_sorts_and_says_so(control, tmp_path):
    path = tmp_path / "made.safetensors"
    save_file({f"l{k}.weight": np.eye(k, 12) for k in (3, 10, 2)}, path)
    control.take(path)
    heading = control.page.get_by_role("button", name="rank", exact=True)
    heading.focus()
    control.page.keyboard.press("Enter")
    assert [*control.rows] == ["l10", "l3", "l2"]
    control.page.keyboard.press("Enter")
    assert [*control.rows] == ["l2", "l3", "l10"]
    assert control.page.locator("[aria-sort=ascending]").inner_text() == "rank"


def test_it_stops_when_told(control, tmp_path):
    path = tmp_path / "slow.safetensors"
    save_file({f"l{k}.weight": RNG.normal(size=(1500, 1500)) for k in range(3)}, path)
    control.page.set_input_files("input[type=file]", path)
    control.page.wait_for_function("() => document.querySelector('progress').value > 0.01")
    control.page.get_by_role("button", name="Stop").click()
    assert control.said.startswith("Stopped after")
    assert control.page.evaluate("document.activeElement.textContent") == "Show an example"


def test_a_dropped_file_is_taken(control, tmp_path):
    path = tmp_path / "dropped.safetensors"
    save_file({"a.weight": np.eye(2)}, path)
    drop = """(bytes) => {
      const held = new DataTransfer();
      held.items.add(new File([new Uint8Array(bytes)], "dropped.safetensors"));
      document.querySelector(".vslib-drop").dispatchEvent(
        new DragEvent("drop", { dataTransfer: held, bubbles: true, cancelable: true }));
    }"""
    control.page.evaluate(drop, [*path.read_bytes()])
    assert control.wait() == "dropped.safetensors: all 1 matrices computed, on this machine."


def header(entries, rest=b"", length=None):
    text = json.dumps(entries).encode() if isinstance(entries, dict | list) else entries
    return struct.pack("<Q", len(text) if length is None else length) + text + rest


FLOATS = {"dtype": "F32", "shape": [1, 2], "data_offsets": [0, 8]}
DAMAGED = {
    "an empty file": (b"", "0 bytes"),
    "a poem": (b"so much depends upon", "a header of"),
    "a header that is cut off": (header({"a": FLOATS}, length=10**6), "a header of 1,000,000"),
    "a header that is no JSON": (header(b"{not json}"), "no JSON"),
    "a list": (header([1, 2]), "lists no tensors"),
    "numbers that are cut off": (header({"a": FLOATS}, bytes(4)), "a at bytes"),
    "an entry without a shape": (header({"a": {"dtype": "F32"}}, bytes(8)), "of a"),
    "a negative shape": (header({"a": FLOATS | {"shape": [-1, -2]}}, bytes(8)), "of a"),
    "an entry that is null": (header({"a": None}, bytes(8)), "of a"),
    "other bytes than its shape": (header({"a": FLOATS | {"shape": [3, 2]}}, bytes(8)), "8 bytes"),
    "tensors in one place": (header({"a": FLOATS, "b": FLOATS}, bytes(8)), "the same place"),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_file_gets_a_sentence(control, tmp_path, kind):
    content, words = DAMAGED[kind]
    path = tmp_path / "damaged.safetensors"
    path.write_bytes(content)
    said = control.take(path)
    assert said.startswith("damaged.safetensors: expected a .safetensors file, got ")
    assert words in said and control.rows == {}


def test_files_without_matrices_get_a_sentence(control, tmp_path):
    path = tmp_path / "bare.safetensors"
    path.write_bytes(header({}))
    assert control.take(path) == "bare.safetensors: no tensor that is a matrix of floats."
    save_file({"bias": np.ones(3)}, path)
    assert "no tensor that is a matrix" in control.take(path)


def test_numbers_that_are_not_finite_are_named_and_cost_no_other_row(control, tmp_path):
    path = tmp_path / "bad.safetensors"
    save_file({"bad.weight": np.array([[1, np.nan], [np.inf, 2]]), "good.weight": np.eye(3)}, path)
    control.take(path)
    assert control.rows["good"]["rank"] == "3"
    assert control.words[-1] == "bad: expected finite numbers, got 2 NaN or infinite of 4."


def test_a_second_file_takes_the_place_of_the_first(control, tmp_path):
    for name, n in (("one", 2), ("two", 3)):
        path = tmp_path / f"{name}.safetensors"
        save_file({f"{name}.weight": np.eye(n)}, path)
        control.take(path)
    assert [*control.rows] == ["two"]


def test_nothing_is_wider_than_a_phone(browser):
    narrow = Control(browser, width=350)
    narrow.page.get_by_role("button", name="Show an example").click()
    narrow.wait()
    assert narrow.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    narrow.page.close()


def test_examples_must_be_floats():
    with pytest.raises(ValueError, match="expected float64, float32 or float16, got int64 in 'a'"):
        in_page({"a": np.ones((2, 2), int)}, "counts")
