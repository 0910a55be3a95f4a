"""The page of a report in a browser: it sorts, by keyboard too, and asks no other host."""

import math
import re

import numpy as np
import pytest
import torch
from conftest import ROOT
from torch import nn

from vslib.report import report
from vslib.report.page import number
from vslib.report.pictures import bars, spectrum


@pytest.fixture(scope="module")
def found():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(12, 5), nn.ReLU(), nn.Linear(5, 7), nn.LayerNorm(7))
    model.append(nn.Linear(7, 100))
    return report(model, torch.rand(50, 12), initial=model)


@pytest.fixture
def page(found, browser, tmp_path):
    path = tmp_path / "report.html"
    found.save(path)
    asked = []
    page = browser.new_context(color_scheme="light").new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: asked.append(str(error)))
    page.goto(path.as_uri())
    yield page
    assert asked == [path.as_uri()]
    page.close()


def column(page, head):
    heads = page.locator("thead th").all_inner_texts()
    at = next(i for i, text in enumerate(heads) if text.strip(" ↑↓") == head)
    return [row.locator("th, td").nth(at).inner_text() for row in page.locator("tbody tr").all()]


class TestTable:
    def test_shows_every_row_and_every_sentence(self, page, found):
        assert column(page, "name") == found.table["name"].tolist()
        assert page.locator(".vslib-report li").all_inner_texts() == found.words
        assert [int(text) for text in column(page, "m")] == found.table["m"].tolist()

    def test_sorts_by_a_heading_pressed_with_the_mouse_and_with_the_keyboard(self, page):
        button = page.get_by_role("button", name="m", exact=True)
        button.click()
        assert column(page, "m") == ["100", "7", "5"]
        assert column(page, "name") == ["4", "2", "0"]
        head = page.locator("th", has=button)
        assert head.get_attribute("aria-sort") == "descending"
        button.focus()
        page.keyboard.press("Enter")
        assert column(page, "m") == ["5", "7", "100"]
        assert head.get_attribute("aria-sort") == "ascending"
        page.get_by_role("button", name="rejected", exact=True).click()
        assert head.get_attribute("aria-sort") is None
        values = [float(text) for text in column(page, "rejected")]
        assert values == sorted(values, reverse=True)

    def test_the_pictures_say_what_they_show(self, page):
        labels = [svg.get_attribute("aria-label") for svg in page.locator("svg[role=img]").all()]
        assert len(labels) == 6
        assert re.match(r"0: 5 singular values, from .* to .*; chance shows .* to ", labels[0])
        assert re.match(r"0 rejects .* of its centred inputs, .* of them as they come; ", labels[1])

    def test_columns_are_explained_and_what_was_left_out_is_named(self, page):
        page.get_by_text("What the columns mean").click()
        assert page.locator("dt", has_text="rejected_centred").first.is_visible()
        page.get_by_text("What was left out").click()
        assert page.get_by_text("LayerNorm: scales and shifts entries, no matrix").is_visible()

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("width", [1280, 360])
    def test_axe_finds_no_barrier(self, page, scheme, width):
        script = ROOT / "_build" / "axe.min.js"
        if not script.exists():
            pytest.skip("no _build/axe.min.js: run `make book`")
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        page.evaluate(script.read_text(encoding="utf-8"))
        faults = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
        assert [fault["id"] for fault in faults["violations"]] == []
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_names_are_text_and_no_markup(browser):
    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.add_module("<b onclick='x'>&", nn.Linear(3, 2))

    page = report(Odd()).html()
    assert "<b onclick" not in page and "&lt;b onclick" in page


class TestPictures:
    def test_a_spectrum_stands_over_zero(self):
        drawn = spectrum("fc", np.array([10.0, 5.0, 0.0]), 2.0, 8.0)
        points = re.search(r'points="([^"]*)"', drawn)[1].split()
        heights = [float(point.split(",")[1]) for point in points]
        assert heights == pytest.approx([2, 17, 32])
        band = re.search(r'<rect x="0" y="([\d.]+)" width="130" height="([\d.]+)"', drawn)
        top, tall = map(float, band.groups())
        assert (top, tall) == pytest.approx((8, 18))

    def test_bars_are_as_long_as_their_shares(self):
        drawn = bars("fc", 0.25, 0.5, 0.75)
        wide = [float(width) for width in re.findall(r'width="([\d.]+)" height="(?:12|6)"', drawn)]
        assert wide == pytest.approx([62, 31])
        assert float(re.search(r"M([\d.]+) ", drawn)[1]) == pytest.approx(3 + 0.75 * 124)
        assert bars("fc", math.nan, 0.5, 0.5) == "" and spectrum("fc", np.zeros(3)) == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-3, "−3"),
        (0.0, "0"),
        (1234.5, "1,234"),
        (1.5e7, "15,000,000"),
        (-2.5e-7, "−2.50 × 10⁻⁷"),
        (math.inf, "∞"),
        (None, "–"),
    ],
)
def test_numbers_read_well(value, text):
    assert number(value) == text
