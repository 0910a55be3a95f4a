"""A file given to the page: its columns are those of `vslib.report`, damage is said in words."""

import dataclasses
import json
import os
import re
import struct

import numpy as np
import pytest
import torch
from conftest import ROOT
from safetensors.torch import save_file
from seen import DRAW, PAGE, PLAIN, Seen
from test_hosts import ENOUGH, HOSTS
from visit import contrasts, unnamed, unseen_pictures

from vslib import networks
from vslib.report import COLUMNS, report
from vslib.show import views, widgets

WEIGHTS = ROOT / "vslib" / "networks" / "data" / "weights"
HIDDEN = {"reading", "groups", "chance"}  # the same for all rows, or read with images only


@pytest.fixture(scope="module")
def begin():
    return dataclasses.replace(report(networks.weights("fc5")), kind="this book's fc5")


@pytest.fixture
def given(browser, begin):
    opened = []

    def given(**host):
        opened.append(Page(browser, begin, **host))
        return opened[-1]

    yield given
    for seen in opened:
        assert not seen.errors and not seen.logged
        seen.page.close()


class Page(Seen):
    """The control on a page of its own."""

    def __init__(self, browser, begin, **host):
        super().__init__(browser, widgets.matrices_of_a_file(begin), **host)
        self.logged, self.asked = [], []
        self.page.on("console", lambda line: self.logged.append(line.text))
        self.page.on("request", lambda request: self.asked.append(request.url))

    def give(self, path):
        self.page.set_input_files("input[type=file]", path)
        return self.wait()

    def wait(self):
        self.page.wait_for_selector("progress", state="hidden", timeout=300_000)
        return self

    @property
    def words(self):
        return self.page.locator(".vslib-words li, .vslib-words > p").all_inner_texts()

    @property
    def rows(self):
        """Every number of the table, by the name of the matrix."""
        return self.page.evaluate(
            """() => Object.fromEntries([...document.querySelectorAll("tbody tr")].map((row) => [
              row.querySelector("th").textContent,
              Object.fromEntries([...row.querySelectorAll("td[data-column]")]
                .map(({ dataset }) => [dataset.column, dataset.value]))]))"""
        )

    @property
    def left_out(self):
        terms = self.page.locator("details").nth(1)
        names, reasons = (terms.locator(kind).all_text_contents() for kind in ("dt", "dd"))
        return dict(zip(names, reasons, strict=True))


def assert_same(page, path, tolerance=1e-6):
    """Every column, every sentence and every reason are those of the report on the same file."""
    found = report(path)
    expected = {row["name"] or "the module itself": row for row in found.table.to_dict("records")}
    assert page.rows.keys() == expected.keys()
    for name, row in page.rows.items():
        known = {
            key: value
            for key, value in expected[name].items()
            if key not in HIDDEN | {"name"} and value is not None and value == value
        }
        assert {key for key, value in row.items() if value} == known.keys(), name
        for key, value in known.items():
            if isinstance(value, str):
                assert row[key] == value, (name, key)
            else:
                assert float(row[key]) == pytest.approx(value, rel=tolerance, abs=0), (name, key)
    said = [sentence.replace("in .skipped", "below") for sentence in found.words]
    assert page.words == said
    assert page.left_out == found.skipped


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def planted(m, n, rank, dtype):
    return (draw(m, rank) @ draw(rank, n, seed=1) / rank**0.5).to(dtype)


def saved(folder, tensors, name="given.safetensors"):
    save_file({key: value.contiguous() for key, value in tensors.items()}, folder / name)
    return folder / name


class TestColumns:
    def test_it_begins_with_what_it_was_given(self, given, begin):
        page = given()
        assert page.words == [
            "To begin with, this book's fc5:",
            *(words.replace("in .skipped", "below") for words in begin.words),
        ]
        table = begin.table.set_index("name")
        for name, row in page.rows.items():
            assert float(row["s1"]) == table.loc[name, "s1"]
        assert page.left_out == begin.skipped

    def test_fc5_read_in_the_page_is_what_it_began_with(self, given, begin):
        page = given()
        before, drawn = page.rows, page.page.locator("td svg").all()
        drawn = [picture.get_attribute("aria-label") for picture in drawn]
        path = WEIGHTS / "fc5-epoch20.safetensors"
        page.give(path)
        assert_same(page, path)
        for name, row in before.items():
            for key, value in page.rows[name].items():
                same = row[key] == value or float(row[key]) == pytest.approx(float(value), rel=1e-6)
                assert same, (name, key)
        after = page.page.locator("td svg").all()
        assert [picture.get_attribute("aria-label") for picture in after] == drawn

    def test_resnet18_as_it_ships(self, given):
        path = WEIGHTS / "resnet18-epoch20.safetensors"
        page = given().give(path)
        assert len(page.rows) == 21
        assert_same(page, path)

    @pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
    def test_planted_ranks_and_every_odd_shape(self, given, tmp_path, dtype):
        dtype = getattr(torch, dtype)
        dead = draw(40, 30, seed=2)
        dead[[3, 7]] = 0
        dead[:, [1, 2, 29]] = 0
        path = saved(
            tmp_path,
            {
                "planted.weight": planted(120, 90, 11, dtype),
                "planted wide": planted(50, 400, 3, dtype),
                "tall.weight": draw(700, 20).to(dtype),
                "wide.weight": draw(33, 1500).to(dtype),
                "square.weight": draw(65, 65).to(dtype),
                "conv.weight": draw(6, 5, 3, 3).to(dtype),
                "row": draw(1, 37).to(dtype),
                "column": draw(501, 1).to(dtype),
                "one": draw(1, 1).to(dtype),
                "two": draw(2, 3).to(dtype),
                "zero": torch.zeros(7, 9, dtype=dtype),
                "dead.weight": dead.to(dtype),
                "small": (1e-6 * draw(12, 10)).to(dtype),
                "weight": draw(5, 8).to(dtype),
                "bias": draw(5).to(dtype),
                "none": torch.zeros(0, 4, dtype=dtype),
                "steps": torch.zeros(2, 2, dtype=torch.int64),
                "mha.in_proj_weight": draw(24, 8).to(dtype),
                "lstm.weight_ih_l0": draw(12, 5).to(dtype),
                "lstm.weight_hh_l0": draw(12, 2).to(dtype),
                "lstm.weight_hr_l0": draw(2, 3).to(dtype),
                "gru.weight_ih": draw(12, 5).to(dtype),
                "gru.weight_hh": draw(12, 4).to(dtype),
            },
        )
        page = given().give(path)
        assert_same(page, path)
        rows = page.rows
        assert (rows["planted"]["rank"], rows["planted wide"]["rank"]) == ("11", "3")
        assert (rows["zero"]["rank"], rows["zero"]["condition number"]) == ("0", "")
        assert (rows["dead"]["dead inputs"], rows["dead"]["dead outputs"]) == ("3", "2")
        assert {"mha.q_proj", "lstm.ih_l0.forget", "lstm.hr_l0", "gru.hh.new"} < rows.keys()

    @pytest.mark.parametrize("size", [1e-300, 1e300])
    def test_numbers_whose_squares_float64_cannot_hold(self, given, tmp_path, size):
        plain = saved(tmp_path, {"fc": draw(30, 20)}, "plain.safetensors")
        scaled = saved(tmp_path, {"fc": size * draw(30, 20)}, "scaled.safetensors")
        one, other = (given().give(path).rows["fc"] for path in (plain, scaled))
        for key in ("condition number", "stable rank", "effective rank"):
            assert float(other[key]) == pytest.approx(float(one[key]), rel=1e-9)
        assert float(other["s1"]) == pytest.approx(size * float(one["s1"]), rel=1e-9)
        assert other["rank"] == "20" and other["above"] == one["above"]

    def test_what_is_too_large_is_listed_and_the_rest_read(self, given, tmp_path):
        tensors = {"huge.weight": torch.zeros(2049, 2050, dtype=torch.float16), "fc": draw(3, 2)}
        page = given().give(saved(tmp_path, tensors))
        assert [*page.rows] == ["fc"]
        assert page.left_out == {
            "huge": "2,049 × 2,050, more than 2,048 on its smaller side: too large for a page; "
            "vslib.report reads it"
        }
        assert page.words[0].endswith("left out, with reasons below: 1.")

    def test_numbers_that_are_not_finite_are_named(self, given, tmp_path):
        bad, worse = draw(5, 4), draw(6, 3)
        bad[2, 1], worse[0, 0], worse[1] = np.nan, np.inf, -np.inf
        path = saved(tmp_path, {"bad.weight": bad, "fc.weight": draw(5, 4), "worse": worse})
        page = given().give(path)
        assert_same(page, path)
        assert "bad: expected finite numbers, got 1 NaN or infinite of 20." in page.words

    def test_only_numbers_that_are_not_finite(self, given, tmp_path):
        path = saved(tmp_path, {"bad": torch.full((2, 2), torch.nan)})
        page = given().give(path)
        assert page.words[-1] == "bad: expected finite numbers, got 4 NaN or infinite of 4."

    def test_columns_are_explained_as_in_the_report(self, given):
        terms = given().page.locator("details").first
        names, words = (terms.locator(kind).all_text_contents() for kind in ("dt", "dd"))
        assert names and all(COLUMNS[name] == said for name, said in zip(names, words, strict=True))


def raw(header, data=b"", length=None):
    header = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(header) if length is None else length) + header + data


def entry(shape=(2, 2), dtype="F32", start=0, stop=16):
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}


NOT = r"expected a safetensors file, got "
DAMAGED = {
    "empty": (b"", NOT + "a file of 0 bytes"),
    "short": (b"abc", NOT + "a file of 3 bytes"),
    "a picture": (b"GIF89a and so on", NOT + r"a header of [\d,]+ bytes in a file of 16"),
    "an archive": (b"PK\3\4" + bytes(90), NOT + r"an archive, as torch\.save and numpy\.savez"),
    "header length": (raw({"a": entry()}, bytes(16), 10**6), NOT + "a header of 1,000,000 bytes"),
    "largest length": (raw({}, b"", 2**64 - 1), NOT + r"a header of 18,446,744,073,709,551,615"),
    "no JSON": (raw(b'{"a": 3'), NOT + "a header that is no JSON"),
    "not UTF-8": (raw(b'{"\xff": 3}'), NOT + "a header that is no JSON"),
    "a list": (raw(b"[1]"), NOT + "a header that names no tensors"),
    "null": (raw(b"null"), NOT + "a header that names no tensors"),
    "an entry of null": (raw({"a": None}), NOT + "no dtype, shape or data_offsets for a"),
    "no shape": (raw({"a": {"dtype": "F32"}}), NOT + "no dtype, shape or data_offsets for a"),
    "truncated": (raw({"a": entry()}, bytes(15)), NOT + r"a at bytes 73 to 89 of 88"),
    "backwards": (raw({"a": entry(start=16, stop=0)}, bytes(16)), NOT + r"a at bytes \d+ to \d+"),
    "one offset": (
        raw({"a": entry() | {"data_offsets": [0]}}),
        NOT + r"the data_offsets \(0\) of a",
    ),
    "negative": (raw({"a": entry((-2, -2))}, bytes(16)), NOT + r"the shape \(-2, -2\) of a"),
    "a fraction": (raw({"a": entry((2, 2.5))}, bytes(16)), NOT + r"the shape \(2, 2\.5\) of a"),
    "wrong shape": (
        raw({"a": entry((3, 2))}, bytes(16)),
        NOT + r"16 bytes for a of shape \(3, 2\) and F32",
    ),
    "beyond all": (raw({"a": entry((2**31, 2**31))}, bytes(16)), NOT + "16 bytes for a of shape"),
    "overlapping": (
        raw({"a": entry(), "b": entry(start=8, stop=24)}, bytes(24)),
        NOT + "a and b on the same bytes",
    ),
    "unknown dtype": (
        raw({"a": entry(dtype="F17")}, bytes(16)),
        "expected tensors that are matrices, got none; a: of F17: packed, quantised",
    ),
    "a dtype that objects have": (
        raw({"a": entry(dtype="toString")}, bytes(16)),
        "expected tensors that are matrices, got none; a: of toString",
    ),
    "nothing in it": (raw({}), "expected tensors that are matrices, got none"),
    "vectors": (raw({"a": entry((4,))}, bytes(16)), "got none; a: a vector, no matrix"),
}


class TestDamaged:
    @pytest.mark.parametrize(("content", "words"), DAMAGED.values(), ids=DAMAGED)
    def test_each_kind_gets_a_sentence(self, given, tmp_path, content, words):
        (tmp_path / "given.safetensors").write_bytes(content)
        page = given().give(tmp_path / "given.safetensors")
        [said] = page.words
        assert said.startswith("given.safetensors: expected ") and re.search(words, said), said
        assert not page.rows and said.endswith(".")
        with pytest.raises(ValueError):
            report(tmp_path / "given.safetensors")
        # Nothing is stuck: the next file is read.
        page.give(WEIGHTS / "fc1-epoch00.safetensors")
        assert [*page.rows] == ["layer1"]

    def test_a_file_that_changed_after_it_was_chosen(self, given, tmp_path):
        path = saved(tmp_path, {"a": draw(900, 900), "b": draw(900, 900)})
        page = given()
        page.page.set_input_files("input[type=file]", path)
        path.write_bytes(path.read_bytes()[:5000])
        os.utime(path, (1, 1))
        [*_, said] = page.wait().words
        assert "expected a file, got one that cannot be read" in said

    def test_begin_is_the_report_of_a_checkpoint(self):
        with pytest.raises(ValueError, match="begin: expected the report of a checkpoint, got mat"):
            widgets.matrices_of_a_file(report(networks.load("fc5")))


class TestReader:
    def test_a_file_that_is_dropped(self, given):
        page = given()
        content = (WEIGHTS / "fc1-epoch00.safetensors").read_bytes()
        page.page.evaluate(
            """(bytes) => {
              const file = new File([Uint8Array.from(bytes)], "dropped.safetensors");
              const dataTransfer = new DataTransfer();
              dataTransfer.items.add(file);
              for (const kind of ["dragenter", "dragover", "drop"]) {
                const options = { dataTransfer, bubbles: true, cancelable: true };
                const event = new DragEvent(kind, options);
                document.querySelector(".vslib-place").dispatchEvent(event);
                if (!event.defaultPrevented) throw new Error(kind);
              }
            }""",
            list(content),
        )
        assert page.wait().words[0].startswith("One matrix with 7,840 weights in dropped.safe")
        assert page.page.evaluate("document.querySelector('input').files[0].name").startswith("dro")

    def test_by_keyboard_alone_and_the_file_goes_nowhere(self, given):
        page, choosers = given(), []
        # Heard from here on: the browser must know of it before the key is pressed.
        page.page.on("filechooser", lambda chooser: choosers.append(chooser))
        page.page.bring_to_front()
        page.page.keyboard.press("Tab")
        assert page.page.evaluate("document.activeElement.type") == "file"
        with page.page.expect_event("filechooser"):
            page.page.keyboard.press("Enter")
        choosers[0].set_files(WEIGHTS / "fc5-epoch00.safetensors")
        page.wait()
        focus = "document.activeElement.textContent"
        page.page.keyboard.press("Tab")
        assert page.page.evaluate("document.activeElement.className") == "vslib-rows"
        for _ in range(4):
            page.page.keyboard.press("Tab")
        assert page.page.evaluate(focus) == "n"
        for key, order in (("Space", "largest"), ("Enter", "smallest")):
            page.page.keyboard.press(key)
            sizes = [int(row["n"]) for row in page.rows.values()]
            assert sizes == sorted(sizes, reverse=order == "largest")
            assert page.page.locator("[data-live]").nth(1).inner_text() == (
                f"Sorted by n, {order} first."
            )
        assert all(address.startswith("blob:") for address in page.asked)

    def test_from_a_file_on_a_disk(self, given, tmp_path):
        page = given()
        (tmp_path / "page.html").write_text(PAGE.format(width=720, sliders="", **PLAIN))
        page.page.goto((tmp_path / "page.html").as_uri())
        page.page.evaluate(DRAW, page.given)
        page.give(WEIGHTS / "fc1-epoch00.safetensors")
        assert [*page.rows] == ["layer1"]

    def test_it_can_be_stopped_and_what_was_found_stays(self, given, tmp_path):
        path = saved(tmp_path, {"a": draw(9, 9), "b": draw(2000, 2000)})
        page = given()
        page.page.set_input_files("input[type=file]", path)
        page.page.wait_for_selector("tbody tr")
        share = float(page.page.locator("progress").get_attribute("value") or 0)
        assert 0 <= share < 1
        page.page.wait_for_function("document.querySelector('progress').value > 0.05")
        assert "b, 2000 × 2000: 2 of 2" in page.page.locator(".vslib-working").inner_text()
        page.page.get_by_role("button", name="Stop").press("Enter")
        assert page.page.locator("progress").is_hidden()
        assert page.words[:2] == [
            "Stopped after 1 of 2 matrices.",
            "One matrix with 81 weights in given.safetensors.",
        ]
        assert page.page.evaluate("document.activeElement.type") == "file"

    def test_a_second_file_takes_the_place_of_one_that_is_being_read(self, given, tmp_path):
        page = given()
        page.page.set_input_files("input[type=file]", saved(tmp_path, {"b": draw(1500, 1500)}))
        page.page.wait_for_function("document.querySelector('progress').value > 0.02")
        path = WEIGHTS / "fc1-epoch00.safetensors"
        assert_same(page.give(path), path)

    def test_names_are_no_markup(self, given, tmp_path):
        name = "<img src=x onerror=alert(1)>"
        page = given().give(saved(tmp_path, {name: draw(3, 3)}))
        assert [*page.rows] == [name] and page.page.locator("img").count() == 0

    def test_everything_has_a_name_and_pictures_say_what_is_seen(self, given):
        page = given().page
        assert not unnamed(page) and not unseen_pictures(page)
        assert page.get_by_label("A .safetensors file").count() == 1

    def test_nothing_is_wider_than_a_phone(self, given, tmp_path):
        page = given(width=350)
        size = "document.documentElement.scrollWidth"
        assert page.page.evaluate(size) <= 390
        page.give(saved(tmp_path, {"a_very_long_name." * 12 + "weight": draw(30, 20)}))
        assert page.page.evaluate(size) <= 390

    @pytest.mark.parametrize("where", HOSTS.values(), ids=HOSTS)
    def test_words_stand_out(self, given, where):
        page = given(**where).page
        page.locator("details").first.evaluate("details => details.open = true")
        for media in ("screen", "print"):
            page.emulate_media(media=media)
            found = contrasts(page, media == "print")
            assert len(found) > 50
            assert [each for each in found if each[1] < ENOUGH] == []

    def test_a_view_that_is_taken_away_stops(self, given, tmp_path):
        page = given()
        page.page.set_input_files("input[type=file]", saved(tmp_path, {"b": draw(1500, 1500)}))
        page.page.wait_for_function("document.querySelector('progress').value > 0.02")
        page.page.evaluate("stop()")
        share = page.page.evaluate("document.querySelector('progress').value")
        page.page.wait_for_timeout(500)
        assert page.page.evaluate("document.querySelector('progress').value") == share


def test_it_is_light_and_carries_no_comments(begin):
    [view] = widgets.matrices_of_a_file(begin).children
    assert len(views.source("common", "found", "matrices") + view.spec["worker"]) < 50_000
    assert "export " not in view.spec["worker"] and "\n//" not in view.spec["worker"]
