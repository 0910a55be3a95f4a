"""Each chapter has a deck of its own cells, in its own page: it fits, lives, prints, lets go."""

import io
import re
from pathlib import Path

import nbformat
import pypdf
import pytest
import slides
import yaml
from visit import barriers, open_page, press, serve

ROOT = Path(__file__).resolve().parents[2]
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text())
CHAPTERS = [chapter["file"] for chapter in TOC["parts"][0]["chapters"]]
NOW = ".slide-now"
HANDLE = f"{NOW} .noUi-handle:visible"

every_chapter = pytest.mark.parametrize("name", CHAPTERS)

# Parts of the slide that is shown which reach out of it, or are cut off.
CLIPPED = """() => {
  const slide = document.querySelector('.slide-now'), wide = document.documentElement.clientWidth;
  const apart = '.visually-hidden, mjx-assistive-mml, .headerlink, svg, mjx-container *';
  const seen = [...slide.querySelectorAll('*:not(.noUi-origin)')]
    .filter(e => e.getClientRects().length && !e.closest(apart));
  const scrolls = e => e
    && (/auto|scroll/.test(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
  const out = ({ left, right }) => right > wide + 1 || left < -1;
  return seen.filter(e => out(e.getBoundingClientRect()) && !scrolls(e.parentElement))
    .map(e => e.outerHTML.slice(0, 120));
}"""

# Every element of the article in its order, but for what formulas and controls are made of.
ORDER = """() => [...document.querySelectorAll('article *')]
  .filter(e => !e.closest('mjx-container, .widget-subarea')).map(e => e.tagName + e.id).join()"""


def deck(name):
    """The slides of a chapter: (title, its cells)."""
    found = []
    for cell in nbformat.read(ROOT / f"{name}.ipynb", as_version=4).cells:
        title = cell.metadata.get("slide")
        if title is not None and title != slides.MORE:
            found.append((title, []))
        if title is not None:
            found[-1][1].append(cell)
    return found


@every_chapter
def test_a_chapter_has_a_deck(name):
    titles, cells = zip(*deck(name), strict=True)
    assert 8 <= len(titles) <= 14 and len({*titles}) == len(titles)
    assert all(0 < len(title) <= 48 for title in titles)
    text = ["\n".join(cell.source for cell in some) for some in cells]
    assert text[0].startswith("# ") and "> **" in text[0]
    assert any("{prf:theorem}" in each or "{prf:definition}" in each for each in text)
    assert any("widgets." in each for each in text)
    assert any("figures." in each for each in text)
    assert "{exercise}" in text[-1] and "{solution" not in "".join(text)


@every_chapter
def test_no_slide_has_a_heading_inside(name):
    for _, cells in deck(name):
        for cell in cells:
            if cell.cell_type == "markdown":
                assert not re.search(r"\n#+ ", cell.source), cell.id


def test_marks_stand_inside_the_section_of_a_cell_and_leave_no_trace_in_code():
    text = {"cell_type": "markdown", "id": "a", "source": ["## A\n", "\n", "words\n", "\n", "more"]}
    code = {"cell_type": "code", "id": "b", "source": "1", "metadata": {"tags": ["hide-input"]}}
    text["metadata"] = {"slide": 'Of "x" & y'}
    also = code | {"metadata": code["metadata"] | {"slide": slides.MORE}}
    made = slides.marked({"cells": [text, also, code], "nbformat": 4})
    first, begin, second, end, third = made["cells"]
    heading, mark, *words, last = re.split(r"\n\n+", first["source"])
    assert (heading, words, last.strip()) == ("## A", ["words", "more"], slides.END)
    assert mark.strip() == slides.BEGIN.format("Of &quot;x&quot; &amp; y")
    assert (begin["source"], end["source"]) == (slides.BEGIN.format("+"), slides.END)
    assert second == third == code and made["nbformat"] == 4


@pytest.fixture(scope="module")
def base(site):
    with serve(site.parent) as address:
        yield f"{address}{site.name}/"


@pytest.fixture(scope="module")
def present(browser, base):
    """Opens the deck of a chapter, once; the tests share it."""
    pages = {}

    def present(name):
        if name not in pages:
            page, report = open_page(browser, base, f"{name}.html?present")
            page.wait_for_selector(NOW)
            pages[name] = page, report
        page, report = pages[name]
        page.set_viewport_size({"width": 1280, "height": 720})
        page.evaluate("() => document.activeElement.blur()")
        page.keyboard.press("Home")
        page.wait_for_timeout(1500)  # it is fitted to the window
        return page, report

    yield present
    for page, _ in pages.values():
        page.close()


def where(page):
    return page.locator(".deck-said").text_content()


def through(page, count):
    """Goes through the slides by key; yields their numbers."""
    for number in range(1, count + 1):
        assert where(page).startswith(f"Slide {number} of {count}: ")
        yield number
        page.evaluate("() => document.querySelector('.slide-now h1').focus()")
        page.keyboard.press("ArrowRight")


@every_chapter
def test_every_slide_fits(present, name):
    page, report = present(name)
    titles = [title for title, _ in deck(name)]
    assert page.locator(".slide h1").all_text_contents() == titles
    for number in through(page, len(titles)):
        slide = page.locator(NOW)
        assert slide.evaluate("e => e.scrollHeight <= e.clientHeight"), titles[number - 1]
        assert page.evaluate(CLIPPED) == [], titles[number - 1]
        assert slide.evaluate("e => parseFloat(getComputedStyle(e).fontSize)") >= 12
        page.wait_for_function("() => document.documentElement.scrollHeight <= innerHeight")
    assert report["refused"] == [] and report["failed"] == [] and report["errors"] == []


@every_chapter
def test_every_slide_fits_a_phone(present, name):
    page, _ = present(name)
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(1500)
    titles = [title for title, _ in deck(name)]
    for number in through(page, len(titles)):
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
        assert page.evaluate(CLIPPED) == [], titles[number - 1]
        end = page.evaluate("() => document.documentElement.scrollHeight")
        foot = page.locator(NOW).evaluate("e => e.getBoundingClientRect().bottom + scrollY")
        assert foot + page.locator(".deck-bar").bounding_box()["height"] <= end + 1


@every_chapter
def test_controls_live_on_slides(present, name):
    page, _ = present(name)
    alive = 0
    for number in through(page, len(deck(name))):
        for control in page.locator(HANDLE).all():
            now, most = (control.get_attribute(f"aria-value{part}") for part in ("now", "max"))
            assert press(page, control, "ArrowLeft" if now == most else "ArrowRight")
            assert where(page).startswith(f"Slide {number} ")  # the key was the control's
            alive += 1
        if page.locator(HANDLE).count():
            control = page.locator(HANDLE).first
            before = control.get_attribute("aria-valuenow")
            box, track = control.bounding_box(), page.locator(f"{NOW} .noUi-base").first
            page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
            page.mouse.down()
            line = track.bounding_box()
            at_end = before == control.get_attribute("aria-valuemax")
            page.mouse.move(line["x"] + (0 if at_end else line["width"]), box["y"] + 5, steps=4)
            page.mouse.up()
            assert control.get_attribute("aria-valuenow") != before
    assert alive > 0


@every_chapter
def test_a_sheet_for_each_slide(present, name):
    page, _ = present(name)
    sheets = pypdf.PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True))).pages
    titles = [title for title, _ in deck(name)]
    text = [re.sub(r"\s+", " ", sheet.extract_text()) for sheet in sheets]
    assert len(sheets) == len(titles), [words[:40] for words in text]
    for title, words, sheet in zip(titles, text, sheets, strict=True):
        assert title.split(" ")[0] in words
        assert abs(sheet.mediabox.width - 960) < 2 and abs(sheet.mediabox.height - 540) < 2


@every_chapter
@pytest.mark.parametrize("width, scheme", [(1280, "light"), (390, "dark")])
def test_slides_have_no_barrier(present, name, width, scheme):
    page, _ = present(name)
    found = []
    page.set_viewport_size({"width": width, "height": 900})
    for _ in through(page, len(deck(name))):
        if page.locator(HANDLE).count() or not found:
            found += [barriers(page, ROOT / "_build" / "axe.min.js", width, scheme)]
    page.emulate_media(color_scheme="light")
    assert len(found) > 1 and not any(found), found


@pytest.fixture(scope="module", params=["served", "file"])
def chapter(browser, base, site, request):
    """A chapter as it is read, from where its deck is entered and left."""
    where_from = base if request.param == "served" else f"{site.as_uri()}/"
    page, report = open_page(browser, where_from, "book/four-subspaces.html")
    yield page, report
    page.close()


def test_keys_lead_through_a_deck_and_out_of_it(chapter):
    page, report = chapter
    before, address = page.evaluate(ORDER), page.url
    page.get_by_role("link", name="Present").click()
    page.wait_for_selector(NOW)
    count = len(deck("book/four-subspaces"))
    assert where(page) == f"Slide 1 of {count}: The four subspaces"
    assert page.evaluate("() => document.activeElement.textContent") == "The four subspaces"
    for key, number in [
        ("ArrowRight", 2),
        ("PageDown", 3),
        ("ArrowLeft", 2),
        ("PageUp", 1),
        ("ArrowLeft", 1),
        ("End", count),
        ("ArrowRight", count),
        ("Home", 1),
        ("PageDown", 2),
    ]:
        page.keyboard.press(key)
        assert where(page).startswith(f"Slide {number} of "), key
        assert page.locator(".deck-number").inner_text() == f"{number} / {count}"
        assert page.evaluate("() => document.activeElement.closest('.slide-now h1') !== null")
        assert page.url.endswith(f"?present#slide-{number}")
    page.get_by_role("button", name="Next").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")  # the button keeps the focus
    assert where(page).startswith("Slide 4 of ")
    page.reload()  # the address has kept the place
    page.wait_for_selector(NOW)
    assert where(page).startswith("Slide 4 of ")
    page.keyboard.press("Escape")
    assert page.locator(".deck").count() == 0 and page.url == address
    assert page.evaluate(ORDER) == before
    assert page.evaluate("() => document.activeElement.textContent.trim()") == "Present"
    assert page.locator("h2", has_text="Two spaces split in two").is_visible()
    assert report["refused"] == [] and report["failed"] == [] and report["errors"] == []


def test_a_control_keeps_its_state_on_the_way_there_and_back(chapter):
    page, report = chapter
    handle = page.locator(".noUi-handle:visible").first.element_handle()
    start = handle.get_attribute("aria-valuenow")
    assert press(page, handle, "ArrowRight") or press(page, handle, "ArrowLeft")
    moved = handle.get_attribute("aria-valuenow")
    page.get_by_role("link", name="Present").click()
    page.wait_for_selector(NOW)
    assert moved == handle.get_attribute("aria-valuenow") != start
    page.get_by_role("button", name="Leave").click()
    assert moved == handle.get_attribute("aria-valuenow")
    assert report["errors"] == []


def test_pages_without_slides_have_no_button(site):
    for name in ("book/index", "book/glossary", "book/api"):
        assert "?present" not in (site / f"{name}.html").read_text("utf-8")
