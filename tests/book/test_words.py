"""Words that explain themselves, ticks that stay in the browser, search while typing: served and
opened from a disk."""

import json
import re
from pathlib import Path

import nbformat
import pytest
import yaml
from visit import barriers, open_page, serve

ROOT = Path(__file__).resolve().parents[2]
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text())
CHAPTERS = [chapter["file"] for chapter in TOC["parts"][0]["chapters"]]
TERM = re.compile(r"\{term\}`([^`<]+?)(?: <([^`]+)>)?`")
TIP = ".term-tip:popover-open"
DONE = "what-a-network-keeps:done"

every_chapter = pytest.mark.parametrize("name", CHAPTERS)


@pytest.fixture(scope="module", params=["served", "file"])
def base(site, request):
    if request.param == "file":
        yield f"{site.as_uri()}/"
        return
    with serve(site.parent) as address:
        yield f"{address}{site.name}/"


@pytest.fixture
def visit(browser, base):
    """Opens pages, each as in a browser that has never been here."""
    pages = []

    def visit(name, **options):
        pages.append(open_page(browser, base, f"{name}.html", **options))
        return pages[-1]

    yield visit
    for page, _ in pages:
        page.close()


@pytest.fixture(scope="module")
def chapter(browser, base):
    """A chapter that several tests share: they leave it as they found it."""
    opened = open_page(browser, base, "book/four-subspaces.html")
    yield opened
    opened[0].close()


def marked(name):
    """Terms that a chapter marks, in its order."""
    notebook = nbformat.read(ROOT / f"{name}.ipynb", as_version=4)
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return [inner or words for words, inner in TERM.findall(text)]


def shown(page):
    """Words of the definitions that are seen."""
    return [text.strip() for text in page.locator(TIP).all_inner_texts()]


@every_chapter
def test_a_chapter_marks_its_terms_once(name):
    found = marked(name)
    assert len(found) >= 3 and len({*found}) == len(found), found


@every_chapter
def test_every_term_has_its_definition_on_the_page(site, name):
    text = (site / f"{name}.html").read_text("utf-8")
    for term in marked(name):
        assert f'id="tip-term-{term.replace(" ", "-")}"' in text


def test_the_glossary_is_in_order_and_each_of_its_words_begins_a_definition(site):
    text = (site / "book" / "glossary.html").read_text("utf-8")
    terms = re.findall(r'<dt id="term-[^"]+">([^<]+)', text)
    assert terms == sorted(terms, key=str.lower) and len(terms) == text.count("<dt id=") > 25
    assert {term for name in CHAPTERS for term in marked(name)} <= {*terms}


def test_search_finds_a_definition_in_the_glossary_alone(site):
    """What stands hidden on every page that uses a word is not indexed there."""
    index = (site / "searchindex.js").read_text("utf-8")
    found = json.loads(index.removeprefix("Search.setIndex(").rstrip().removesuffix(")"))
    where = found["terms"]["cokernel"]
    assert "book/glossary" == found["docnames"][where if isinstance(where, int) else where[0]]


def test_a_word_shows_its_meaning_to_the_pointer(chapter):
    page, report = chapter
    word = page.get_by_role("link", name="pseudoinverse", exact=True)
    word.scroll_into_view_if_needed()
    assert shown(page) == []
    word.hover()
    page.wait_for_selector(TIP)
    assert len(shown(page)) == 1 and "shortest of the inputs" in shown(page)[0]
    assert page.locator(f"{TIP} mjx-container").count() > 0
    page.locator(TIP).hover()  # one may go and read it
    page.wait_for_timeout(600)
    assert len(shown(page)) == 1
    page.keyboard.press("Escape")
    assert shown(page) == []
    word.hover()
    page.wait_for_selector(TIP)
    page.mouse.move(2, 2)
    page.wait_for_selector(TIP, state="detached")
    assert report["errors"] == [] and report["refused"] == []


def test_a_word_shows_its_meaning_to_the_keyboard(chapter):
    page, report = chapter
    word = page.get_by_role("link", name="chance", exact=True)
    page.evaluate("() => scrollTo(0, 0)")
    word.focus()
    page.wait_for_selector(TIP)
    described = page.locator(f"#{word.get_attribute('aria-describedby')}")
    assert described.inner_text().strip() == shown(page)[0]
    page.keyboard.press("Escape")
    assert shown(page) == []
    assert word.evaluate("e => e === document.activeElement")
    word.evaluate("e => e.blur()")
    assert report["errors"] == [] and report["refused"] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_an_open_meaning_has_no_barrier(chapter, width, scheme):
    page, _ = chapter
    page.set_viewport_size({"width": width, "height": 900})
    word = page.get_by_role("link", name="rejected part", exact=True)
    word.focus()
    page.wait_for_selector(TIP)
    assert barriers(page, ROOT / "_build" / "axe.min.js", width, scheme) == []
    word.evaluate("e => e.blur()")
    page.set_viewport_size({"width": 1280, "height": 900})


def test_a_word_shows_its_meaning_to_a_finger(visit):
    page, _ = visit("book/four-subspaces", has_touch=True)
    page.set_viewport_size({"width": 390, "height": 844})
    before = page.url
    word = page.get_by_role("link", name="singular value decomposition", exact=True)
    word.tap()
    page.wait_for_selector(TIP)
    box = page.locator(TIP).bounding_box()
    assert page.url == before
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    assert box["y"] >= 0 and box["y"] + box["height"] <= 844
    page.evaluate("() => scrollTo(0, 0)")
    page.wait_for_selector(TIP, state="detached")
    word.tap()
    page.wait_for_selector(TIP)
    word.tap()
    page.wait_for_url("**/book/glossary.html#term-singular-value-decomposition")


def test_a_tick_stays_in_this_browser_and_nowhere_else(visit, base):
    page, report = visit("book/four-subspaces")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    box = page.get_by_label("I have worked through this chapter")
    link = page.locator("nav.bd-links a", has_text="The four subspaces")
    assert not box.is_checked() and "worked through" not in link.inner_text()
    said = f"1 of {len(CHAPTERS)} chapters."
    box.focus()
    page.keyboard.press("Space")
    assert page.locator(".chapter-done [role=status]").inner_text() == said
    assert "worked through" in link.text_content()
    assert asked == [] and page.context.cookies() == []
    kept = page.evaluate("() => Object.keys(localStorage)")
    assert DONE in kept and page.evaluate("() => sessionStorage.length") == 0
    assert [*json.loads(page.evaluate(f"() => localStorage['{DONE}']"))] == ["book/four-subspaces"]
    page.reload()
    assert page.get_by_label("I have worked through this chapter").is_checked()
    page.goto(f"{base}book/projections.html")  # another chapter knows of it
    assert not page.get_by_label("I have worked through this chapter").is_checked()
    link = page.locator("nav.bd-links a", has_text="The four subspaces")
    assert "worked through" in link.text_content()
    page.goto(f"{base}book/four-subspaces.html")
    page.get_by_label("I have worked through this chapter").uncheck()
    page.reload()
    assert page.evaluate(f"() => localStorage['{DONE}']") == "{}"
    assert report["errors"] == []


def test_only_chapters_can_be_ticked(visit):
    page, _ = visit("book/glossary")
    assert page.locator(".chapter-done").count() == 0


def test_a_browser_that_keeps_nothing_says_so(visit):
    page, report = visit("book/projections")
    page.evaluate("() => { Storage.prototype.setItem = () => { throw new Error('full'); }; }")
    page.get_by_label("I have worked through this chapter").check()
    assert "keeps nothing" in page.locator(".chapter-done").inner_text()
    assert report["errors"] == []


def test_search_finds_while_one_types(visit):
    page, report = visit("book/projections")
    page.keyboard.press("Control+k")
    page.keyboard.type("pseudoinv", delay=20)
    found = page.locator("#pst-search-dialog #search-results li a")
    found.first.wait_for()
    said = page.locator("#pst-search-dialog [role=status]")
    finished = "e => /found [0-9]+ page/.test(e.textContent)"
    page.wait_for_function(finished, arg=said.element_handle())
    names = found.all_inner_texts()
    assert any("four subspaces" in name for name in names)
    found.filter(has_text="four subspaces").first.click()
    page.wait_for_url("**/book/four-subspaces.html**")
    assert report["refused"] == [] and report["failed"] == [] and report["errors"] == []
