"""A table says in words and sensible digits what it was given, as text and as HTML."""

from html.parser import HTMLParser

import numpy as np
import pandas
import pytest

from vslib.show import tables

COLUMNS = {
    "layer": ["layer1", "a <b> & c"],
    "rank": np.array([10, 11_175_370]),
    "condition number": [7.3312, 1.84e7],
    "accuracy": [0.92345, None],
    "trained": [True, False],
}
TEXT = """\
Of two layers
layer            rank  condition number  accuracy  trained
layer1             10              7.33     92.3%  yes
a <b> & c  11,175,370        1.84 × 10⁷         –  no"""


def made(**options):
    return tables.table(COLUMNS, "Of two layers", formats={"accuracy": ".1%"}, **options)


class Cells(HTMLParser):
    """The cells of a table as (tag, attributes, text), and the text of its caption."""

    def __init__(self, source):
        super().__init__()
        self.cells, self.caption, self.open, self.attributes = [], None, None, {}
        self.feed(source)

    def handle_starttag(self, tag, attributes):
        if tag in ("th", "td", "caption"):
            self.open = (tag, dict(attributes), "")
        elif tag in ("div", "table"):
            self.attributes[tag] = dict(attributes)

    def handle_data(self, data):
        if self.open:
            tag, attributes, text = self.open
            self.open = tag, attributes, text + data

    def handle_endtag(self, tag):
        if tag == "caption":
            self.caption = self.open[2]
        elif tag in ("th", "td"):
            self.cells.append(self.open)
        self.open = None


def test_text_is_set_in_columns_words_left_and_numbers_right():
    assert repr(made()) == TEXT


def test_html_shows_the_same_cells_as_the_text():
    read = Cells(made()._repr_html_())
    assert read.caption == "Of two layers"
    shown = [text for _, _, text in read.cells]
    lines = [line.split("  ") for line in repr(made()).splitlines()[1:]]
    assert shown == [cell.strip() for line in lines for cell in line if cell.strip()]


def test_every_row_and_column_has_a_head_in_words_with_its_scope():
    cells = Cells(made()._repr_html_()).cells
    heads = [(attributes["scope"], text) for tag, attributes, text in cells if tag == "th"]
    assert [text for scope, text in heads if scope == "col"] == [*COLUMNS]
    assert [text for scope, text in heads if scope == "row"] == COLUMNS["layer"]
    assert all(text for _, _, text in cells)


def test_what_scrolls_on_a_phone_can_be_reached_by_keyboard_and_has_a_name():
    wide = Cells(made()._repr_html_()).attributes["div"]
    assert wide["tabindex"] == "0" and wide["aria-label"] == "Of two layers" and wide["role"]
    narrow = Cells(tables.table({"a": ["some words " * 9], "b": [1]})._repr_html_())
    assert "tabindex" not in narrow.attributes["div"]


@pytest.mark.parametrize("width", [390, 1280])
def test_a_browser_keeps_it_within_the_page(browser, width):
    page = browser.new_page(viewport={"width": width, "height": 600})
    many = {f"unbreakable_head_{i}": [1] for i in range(30)}
    tables_ = [made(), tables.table(many, "many"), tables.table({"a": ["words " * 99], "b": [1]})]
    page.set_content("".join(table._repr_html_() for table in tables_))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    reached = page.evaluate(
        "[...document.querySelectorAll('div')]"
        ".map(e => [e.scrollWidth > e.clientWidth, e.tabIndex])"
    )
    page.close()
    assert all(index == 0 for scrolls, index in reached if scrolls) and reached[1] == [True, 0]


def test_the_frame_holds_the_entries_unrounded():
    frame = made().frame
    assert isinstance(frame, pandas.DataFrame) and [*frame] == [*COLUMNS]
    assert frame["condition number"].tolist() == COLUMNS["condition number"]
    assert repr(tables.table(frame[["layer", "rank"]])).splitlines()[1] == "layer1             10"


@pytest.mark.parametrize(
    "entry, words",
    [
        (0, "0"),
        (0.0, "0"),
        (-0.0, "0"),
        (1234567, "1,234,567"),
        (np.int64(-3), "−3"),
        (np.float32(0.1), "0.100"),
        (9.996, "10.0"),
        (0.99951, "1.00"),
        (999_400.2, "999,400"),
        (1e6, "1.00 × 10⁶"),
        (-1.234e-16, "−1.23 × 10⁻¹⁶"),
        (0.000123, "0.000123"),
        (5e-324, "4.94 × 10⁻³²⁴"),
        (np.inf, "∞"),
        (-np.inf, "−∞"),
        (np.nan, "–"),
        (None, "–"),
        (np.True_, "yes"),
        ("1e-9", "1e-9"),
    ],
)
def test_an_entry_reads_as(entry, words):
    assert tables.table({"head": [entry]}).cells["head"] == [words]


def test_digits_are_significant_ones():
    shown = [tables.table({"x": [12.3456]}, digits=n).cells["x"][0] for n in (1, 2, 3, 5)]
    assert shown == ["12", "12", "12.3", "12.346"]


ERRORS = {
    "no column": ({}, {}, "columns: expected a mapping"),
    "rows": ([["a", 1]], {}, "columns: expected a mapping"),
    "no row": ({"a": []}, {}, r"expected one length, 1 or more, got {'a': 0}"),
    "lengths": ({"a": [1], "b": [1, 2]}, {}, r"got {'a': 1, 'b': 2}"),
    "no head": ({" ": [1]}, {}, "expected heads in words, got ' '"),
    "number as head": ({0: [1]}, {}, "expected heads in words, got 0"),
    "letters": ({"a": "abc"}, {}, "a: expected a column of entries, got 'abc'"),
    "one number": ({"a": 3}, {}, "a: expected a column of entries, got 3"),
    "matrix": ({"a": np.ones((2, 2))}, {}, "a: expected words and real numbers"),
    "complex": ({"a": [1j]}, {}, "a: expected words and real numbers, got 1j"),
    "twice": (pandas.DataFrame([[1, 2]], columns=["a", "a"]), {}, "expected different heads"),
    "digits": ({"a": [1]}, {"digits": 0}, "digits: expected an integer from 1 to 15, got 0"),
    "format": ({"a": [1.5]}, {"formats": {"b": ".1%"}}, r"expected heads of \['a'\], got \['b'\]"),
    "bad format": ({"a": [1.5]}, {"formats": {"a": "d"}}, "a: expected a format for 1.5, got 'd'"),
}


@pytest.mark.parametrize("columns, options, message", ERRORS.values(), ids=ERRORS)
def test_what_does_not_fit_is_said(columns, options, message):
    with pytest.raises(ValueError, match=message):
        tables.table(columns, **options)


def test_a_format_with_a_sign_writes_it_once():
    shown = tables.table({"name": ["a", "b"], "gap": [0.126, -0.041]}, formats={"gap": "+.2f"})
    assert shown.cells["gap"] == ["+0.13", "−0.04"]
