"""The printed book: two of its pages, printed, and read back."""

import base64
import io
import json
import re

import bookmarks
import numpy as np
import positions
import pypdf
import pytest
from bs4 import BeautifulSoup
from gather import gather, order
from pdf import opened
from pdf import printed as print_page
from PIL import Image
from visit import VIEWS

from vslib.teach import bank
from vslib.teach.maths import rich

PAGES = ["book/index.html", "book/four-subspaces.html"]

# The size and the pixels of every picture that a view has drawn, each pixel once.
DRAWN = """() => [...document.querySelectorAll('.widget-subarea canvas')].map(e => e.toDataURL())"""


def squeezed(text):
    """Without what differs from sheet to screen: blanks, ligatures, the kinds of dashes."""
    return re.sub(r"\s+", "", text.replace("ﬁ", "fi").replace("ﬂ", "fl"))


def picture(stored):
    image = stored if isinstance(stored, Image.Image) else Image.open(io.BytesIO(stored))
    return np.asarray(image.convert("RGB"), dtype=int)


@pytest.fixture(scope="module")
def ready(site, browser):
    page, wrong = opened(browser, site, PAGES)
    assert wrong == []
    yield page
    page.close()


@pytest.fixture(scope="module")
def printed(ready, tmp_path_factory):
    """The printed pages as pypdf reads them."""
    out = tmp_path_factory.mktemp("printed") / "book.pdf"
    print_page(ready, out)
    return pypdf.PdfReader(out)


@pytest.fixture(scope="module")
def lines(printed):
    return [page.extract_text().splitlines() for page in printed.pages]


@pytest.fixture(scope="module")
def words(lines):
    return [squeezed("".join(page)) for page in lines]


@pytest.fixture(scope="module")
def shown(ready):
    """The sentences and pictures of the views, as the browser has them before it prints."""
    pictures = [picture(base64.b64decode(url.split(",")[1])) for url in ready.evaluate(DRAWN)]
    return ready.locator(".vslib-words").all_inner_texts(), pictures


def drawn(words):
    """Words of the bank as the page has them."""
    return BeautifulSoup(rich(words), "html.parser").decode_contents()


def titles(printed):
    """The bookmarks, each with the number of its page and its depth."""

    def below(outline, depth):
        for item in outline:
            if isinstance(item, list):
                yield from below(item, depth + 1)
            else:
                yield item.title, printed.get_destination_page_number(item) + 1, depth

    return list(below(printed.outline, 0))


def soup(site, page):
    return BeautifulSoup((site / page).read_text(encoding="utf-8"), "html.parser")


def test_every_page_is_printed_once_in_the_order_of_the_sidebar(site):
    pages = order(site)
    assert pages[:3] == [PAGES[0], "book/networks-as-matrices.html", PAGES[1]]
    built = {path.relative_to(site).as_posix() for path in (site / "book").glob("*.html")}
    assert len(pages) == len({*pages}) and {*pages} == built


def test_it_is_tagged_in_its_language_and_has_its_title(printed):
    root = printed.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] and root["/Lang"] == "en"
    kinds, waiting = set(), [root["/StructTreeRoot"]]
    while waiting:
        node = waiting.pop().get_object()
        if isinstance(node, pypdf.generic.DictionaryObject):
            kinds.add(node.get("/S"))
            waiting.append(node.get("/K", pypdf.generic.NullObject()))
        elif isinstance(node, list):
            waiting += node
    assert {"/H1", "/H2", "/P", "/Table", "/TH", "/L", "/Figure", "/Link"} <= kinds
    assert printed.metadata.title == "What a Network Keeps"


def test_bookmarks_are_the_headings(site, printed):
    found = titles(printed)
    said = [" ".join(title.split()) for title, _, depth in found if depth < 2]
    for page in PAGES:
        for heading in soup(site, page).select("article h1, article h2"):
            heading.select_one(".headerlink").decompose()
            assert " ".join(heading.get_text().split()) in said
    assert [page for _, page, _ in found] == sorted(page for _, page, _ in found)


def test_bookmarks_that_are_not_one_a_heading_are_refused(printed, tmp_path):
    copy = tmp_path / "copy.pdf"
    pypdf.PdfWriter(clone_from=printed).write(copy)
    with pytest.raises(ValueError, match="one a heading, got"):
        bookmarks.rename(copy, ["only one"])


def test_sheets_have_their_numbers_but_for_the_first(lines):
    """Chromium writes what stands in the margin before the text."""
    assert lines[0][0] == "What a Network Keeps"
    assert [page[0] for page in lines[1:]] == [str(number + 2) for number in range(len(lines) - 1)]


def test_contents_say_on_which_page_a_part_begins(printed, words):
    parts = [(title, page) for title, page, depth in titles(printed) if depth == 0]
    contents = next(page for title, page in parts if title == "Contents")
    for title, page in parts:
        if title != "Contents":
            assert squeezed(f"{title} {page}") in words[contents - 1]


def test_solutions_are_unfolded_at_the_end(site, printed, words):
    begins = next(page for title, page, _ in titles(printed) if title == "Solutions")
    before, appendix = "".join(words[: begins - 1]), "".join(words[begins - 1 :])
    solutions = soup(site, PAGES[1]).select("div.solution")
    assert len(solutions) >= 6
    for solution in solutions:
        title = squeezed(solution.select_one(".admonition-title").get_text())
        assert title in appendix and title not in before
        for code in solution.select("pre"):
            assert (squeezed(code.get_text()) in appendix) != bool(code.find_parent("details"))


def test_every_question_is_printed_and_nothing_of_its_answer(site, words, lines):
    asked = [q for q in bank.read().values() if q.chapter == "four-subspaces"]
    whole = BeautifulSoup(gather(site, PAGES), "html.parser")
    found = whole.select(".print-ask")
    assert len(found) == len(asked) >= 5
    assert whole.select(".ask, [data-question], .print-ask [aria-label]") == []
    for q in asked:
        (made,) = [each for each in found if each.strong.decode_contents() == drawn(q.ask)]
        choices = [each.decode_contents() for each in made.select("ol > li")]
        assert choices == [drawn(option.say) for option in q.options]
        said = [line.get_text() for line in made.select("p")]
        assert said[-1] == "Its answer" and ("Your number: ________" in said) == (not q.options)
        assert ("Mark all that are right." in said) == (q.kind == "many")
        for option in q.options:
            if "$" not in option.say + option.why:  # formulas have words of their own on paper
                assert option.why not in made.get_text()
                assert squeezed(option.say) in "".join(words)
    assert sum(line.strip() == "Its answer" for page in lines for line in page) == len(asked)


def test_an_answer_is_found_in_the_key(site):
    whole = BeautifulSoup(gather(site, [*PAGES, "book/key.html"]), "html.parser")
    links = whole.select(".print-ask .print-see a")
    assert len(links) >= 5
    for link in links:
        key = link["href"].removeprefix("#2-question-")
        answer = whole.find(id=f"2-question-{key}")
        assert answer.h3.get_text().startswith(f"Question: {key}")


def test_folded_code_is_not_printed(site, words):
    folded = [code for page in PAGES for code in soup(site, page).select("details.hide pre")]
    assert folded
    for code in folded:
        assert squeezed(code.get_text()) not in "".join(words)


def test_views_print_their_sentence_and_their_pictures(site, printed, words, shown):
    sentences, pictures = shown
    views = [view for page in PAGES for view in soup(site, page).select(VIEWS)]
    assert len(sentences) == len(views) >= 2 and len(pictures) >= 6
    text = "".join(words)
    for sentence in sentences:
        assert squeezed(sentence) in text
    stored = [picture(image.image) for page in printed.pages for image in page.images]
    for drawn in pictures:
        same = [image for image in stored if image.shape == drawn.shape]
        assert min(np.abs(image - drawn).max() for image in same) <= 2


def test_a_control_that_would_show_nothing_is_printed_where_it_shows_something(shown):
    sentences, _ = shown
    assert not any("Nothing is added" in sentence for sentence in sentences)
    assert any("Adding 1 r" in sentence for sentence in sentences)


def test_sliders_move_by_their_kind():
    saved = {
        "number": {"description": "t, rejected added", "value": 0.0, "max": 2.0},
        "choice": {"description": "step", "index": 0, "_options_labels": ["0", "10", "100"]},
        "whole": {"description": "epoch", "value": 0, "max": 20},
        "other": {"description": "digit", "value": 0, "max": 9},
        "view": {"spec": "</script>"},
    }
    text = positions.placed(json.dumps({"state": {k: {"state": s} for k, s in saved.items()}}))
    assert "</script>" not in text
    moved = {name: model["state"] for name, model in json.loads(text)["state"].items()}
    assert moved["number"]["value"] == 1.0
    assert moved["choice"]["index"] == 2
    assert moved["whole"]["value"] == 20
    assert moved["other"] == saved["other"] and moved["view"] == saved["view"]
