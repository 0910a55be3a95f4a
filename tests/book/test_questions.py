"""Questions on the built pages: all of them, in order, their script once, from a disk too."""

import re
from pathlib import Path

import pytest

from vslib.teach import bank

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"
QUESTIONS = bank.read()
CHAPTERS = sorted({q.chapter for q in QUESTIONS.values()})
SHOWS = "e => e.getClientRects().length > 0"

every_chapter = pytest.mark.parametrize("chapter", CHAPTERS)


def own(chapter):
    return {key: q for key, q in QUESTIONS.items() if q.chapter == chapter}


@pytest.fixture
def opened(browser, site):
    """Opens a chapter from the disk, on a phone, as a new reader does."""
    pages = []

    def opened(chapter, **options):
        page = browser.new_page(**{"viewport": {"width": 390, "height": 844}} | options)
        page.set_default_timeout(120_000)
        page.goto((site / "book" / f"{chapter}.html").as_uri())
        page.wait_for_selector("form.ask[data-awake]", state="attached")
        pages.append(page)
        return page

    yield opened
    for page in pages:
        page.close()


@every_chapter
def test_page_has_its_questions_and_their_script_once(site, chapter):
    page = (site / "book" / f"{chapter}.html").read_text("utf-8")
    assert sorted(re.findall(r'<form class="ask" id="ask-([\w-]+)"', page)) == sorted(own(chapter))
    assert len(re.findall(r'<script defer="defer" src="[^"]*/ask\.js', page)) == 1
    assert len(re.findall(r'<link rel="stylesheet"[^>]*/ask\.css', page)) == 1
    assert "judgeNumber" not in page and "<!-- ask" not in page


def test_pages_without_questions_do_not_load_the_script(site):
    assert "/ask.js" not in (site / "book" / "references.html").read_text("utf-8")


@every_chapter
def test_results_wait_for_the_answer_wrong_or_right(opened, chapter):
    page = opened(chapter)
    shut = page.locator('form[data-gate="shut"]')
    keys = shut.evaluate_all("all => all.map((e) => e.id.slice(4))")
    assert keys
    for key in keys:
        gate = page.locator(f"#ask-{key}")
        waits = page.evaluate_handle(
            """form => {
              if (form.dataset.hides === "view") return form.closest(".output").nextElementSibling;
              let next = form.closest(".cell").nextElementSibling;
              if (next.matches(".slide-begin")) next = next.nextElementSibling;
              return next.querySelector(".cell_output");
            }""",
            gate.element_handle(),
        )
        assert not waits.evaluate(SHOWS), f"{key}: what it hides is seen"
        q = QUESTIONS[key]
        if q.options:
            wrong = next(i for i, option in enumerate(q.options) if not option.right)
            gate.locator("input").nth(wrong).check()
        else:
            gate.locator("[type=text]").fill(repr(q.slips[0].value))
        gate.locator("[type=submit]").click()
        assert gate.get_attribute("data-result") == "wrong"
        assert "Not yet." in gate.locator("[role=status]").inner_text()
        assert waits.evaluate(SHOWS), f"{key}: what it hid is still hidden"


@every_chapter
def test_formulas_are_drawn_in_questions_and_in_replies(opened, chapter):
    page = opened(chapter)
    page.wait_for_function("() => window.MathJax?.startup?.promise")
    page.evaluate("() => MathJax.startup.promise")
    for key, q in own(chapter).items():
        form = page.locator(f"#ask-{key}")
        if q.options:
            form.locator("input").first.check()
        else:
            form.locator("[type=text]").fill("0")
        form.locator("[type=submit]").click()
    page.wait_for_timeout(500)
    assert page.locator("form.ask mjx-merror").count() == 0
    assert not any(set("$\\") & {*form.inner_text()} for form in page.locator("form.ask").all())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize(
    ("chapter", "key", "words"),
    [
        ("svd-of-weights", "nine-of-ten", "Each of the first nine directions makes the network"),
        ("inversion", "cells-of-the-map", "Thin lines divide cells"),  # behind a slide
        ("inversion", "half-way", "has other outputs, if only by a little"),
        ("synthesis", "pixels-moved", "To the eye the trained images"),
        ("whole-network", "same-places", "the untrained network loses in the same four places"),
        ("whole-network", "shuffled-labels", "With true labels the outputs respond"),
        ("invertible", "match", "Read the table by its recipes"),
        ("invertible", "half-in-pixels", "The walk is straight in codes"),
        ("your-network", "own-shuffled", "Labels that mean nothing move the matrices as well"),
    ],
)
def test_the_paragraph_that_tells_the_result_waits_too(opened, chapter, key, words):
    page = opened(chapter)
    told = page.get_by_text(words)
    assert not told.is_visible()
    page.locator(f"#ask-{key} .ask-skip").click()
    assert told.is_visible()


def test_a_view_that_was_hidden_draws_itself_when_it_appears(opened):
    page = opened("four-subspaces")
    page.wait_for_selector(".vslib-view", state="attached")
    form = page.locator("form[data-hides=view]").first
    form.locator(".ask-skip").click()
    drawn = page.locator(".vslib-view").first.locator("svg").first
    drawn.wait_for()
    page.wait_for_timeout(500)
    assert drawn.bounding_box()["width"] > 100


def test_the_page_follows_the_bank_without_running_the_chapter(site):
    import questions

    from vslib.teach.ask import ask, form

    key = next(iter(QUESTIONS))
    cell = f"<p>before</p>{ask(key)._repr_html_()}<p>after</p>"
    changed = {key: bank.Question(**vars(QUESTIONS[key]) | {"ask": "Changed?"})}
    page = questions.filled(cell, changed, form)
    assert "Changed?" in page and "<script" not in page and "<style" not in page
    assert page.startswith("<p>before</p><form") and page.endswith("</form><p>after</p>")


def test_what_the_bank_holds_does_not_run_the_chapters_again(tmp_path):
    import offline

    (tmp_path / "vslib/teach/data").mkdir(parents=True)
    (tmp_path / "requirements.txt").touch()
    code, words = tmp_path / "vslib/teach/ask.py", tmp_path / "vslib/teach/data/questions.toml"
    code.write_text("1")
    before = offline.computed_from(tmp_path)
    words.write_text("a word")
    assert offline.computed_from(tmp_path) == before
    code.write_text("2")
    assert offline.computed_from(tmp_path) != before
