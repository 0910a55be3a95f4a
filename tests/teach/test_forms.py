"""Every question of the bank in a browser, as a student would: wrong first, then right.

The page has what the built site has: the forms, and script and style once. tests/book visits the
site itself.
"""

import json
import re
from html import unescape
from pathlib import Path

import pytest
from visit import barriers, open_page, serve, unnamed

from vslib.teach import bank
from vslib.teach.ask import ask, form, predict

ROOT = Path(__file__).resolve().parents[2]
QUESTIONS = bank.read()
PAGE = """<!doctype html><html lang="en" data-theme="light"><meta charset="utf-8"><title>Q</title>
<meta name="viewport" content="width=device-width"><style>{style}
:root {{ color-scheme: light dark; font: 16px sans-serif; }} body {{ margin: 0 12px; }}</style>
<main><h1>Questions</h1>{body}</main><script>{script}</script>
<script>const dark = matchMedia("(prefers-color-scheme: dark)"); const set = () =>
document.documentElement.dataset.theme = dark.matches ? "dark" : "light";
dark.addEventListener("change", set); set();</script></html>"""


def shipped(name):
    return (ROOT / "vslib" / "teach" / "js" / name).read_text("utf-8")


def page_of(*forms):
    return PAGE.format(body="".join(forms), script=shipped("ask.js"), style=shipped("ask.css"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    (folder / "favicon.ico").touch()
    (folder / "all.html").write_text(page_of(*map(form, QUESTIONS.values())), "utf-8")
    key = next(key for key, q in QUESTIONS.items() if q.options)
    cells = (
        f'<div class="cell"><div class="cell_output"><div>{form(QUESTIONS[key], hides)}</div>'
        f'<div id="{hides}">seen</div></div></div>'
        for hides in ("view", "next")
    )
    after = '<div class="cell"><div class="cell_output" id="after">seen</div></div>'
    (folder / "gates.html").write_text(page_of(*cells, after), "utf-8")
    return folder


@pytest.fixture
def visited(browser, folder):
    """Opens a page as a new reader does, from the disk."""
    made = []

    def visited(name, **options):
        page = browser.new_page(**{"viewport": {"width": 390, "height": 844}} | options)
        page.goto(f"file://{folder / name}")
        made.append(page)
        return page

    yield visited
    for page in made:
        page.close()


@pytest.fixture(scope="module")
def everything(browser, folder):
    """The page of all questions, opened once: no question's answer touches another's."""
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(f"file://{folder / 'all.html'}")
    yield page
    page.close()


def answer(page, key, given):
    """Give an answer by keyboard and return (result, words of the live region)."""
    asked = page.locator(f"#ask-{key}")
    if isinstance(given, str):
        asked.locator("[type=text]").fill(given)
        asked.locator("[type=text]").press("Enter")
    else:
        for i, box in enumerate(asked.locator("[type=radio], [type=checkbox]").all()):
            box.set_checked(i in given) if box.get_attribute("type") == "checkbox" else None
            if i in given and not box.is_checked():
                box.focus()
                page.keyboard.press("Space")
        asked.locator("[type=submit]").focus()
        page.keyboard.press("Enter")
    return asked.get_attribute("data-result"), asked.locator("[role=status]").text_content()


def words(html):
    """What a browser shows of a reply, to compare with."""

    return unescape(re.sub(r"<[^>]+>", "", html)).strip()


def replies(key):

    return json.loads(unescape(re.search(r'data-question="([^"]*)"', form(QUESTIONS[key]))[1]))


@pytest.mark.parametrize("key", QUESTIONS)
def test_wrong_first_gets_the_words_of_its_slip_then_right(everything, key):
    page, q, told = everything, QUESTIONS[key], replies(key)
    assert answer(page, key, "" if not q.options else [])[0] == ""  # nothing is not wrong
    if q.options:
        right = [i for i, option in enumerate(q.options) if option.right]
        for i, option in enumerate(q.options):
            if not option.right:
                result, said = answer(page, key, [i])
                assert (result, said) == ("wrong", f"Not yet. {words(told['options'][i]['why'])}")
        if len(right) > 1:
            assert answer(page, key, right[:1])[0] == "wrong"
        whys = " ".join(words(told["options"][i]["why"]) for i in right)
        assert answer(page, key, right) == ("right", f"Right. {whys}")
    elif q.guess:
        assert answer(page, key, "3")[1].startswith("Noted.")
    else:
        for slip, reply in zip(q.slips, told["slips"], strict=True):
            said = answer(page, key, repr(slip.value))
            assert said == ("wrong", f"Not yet. {words(reply['why'])}")
        far = repr(q.answer + 1000 * (1 + abs(q.answer)))
        assert answer(page, key, far) == ("wrong", f"Not yet. {words(told['hint'])}")
        assert answer(page, key, repr(q.answer)) == ("right", f"Right. {words(told['why'])}")


@pytest.mark.parametrize(
    ("given", "result"),
    [("724", "right"), ("1448/2", "right"), ("7.24e2", "right"), ("+724,0", "right"),
     ("−724", "wrong"), ("724 %", "wrong"), ("4", "wrong"), ("", ""), ("many", ""), ("1/0", ""),
     ("1/2/3", ""), ("1,724", "wrong")],
)  # fmt: skip
def test_numbers_as_readers_type_them(everything, given, result):
    assert answer(everything, "rejected-dimension", given)[0] == result


@pytest.mark.parametrize("given", ["4096", "4,096", "4 096", "4096.0"])
def test_thousands(everything, given):
    assert answer(everything, "which-reading", given)[0] == "right"


@pytest.mark.parametrize("given", ["774/784", "98.7 %", "98.7%", "0.987", "0,987"])
def test_shares(everything, given):
    assert answer(everything, "chance-rejects", given)[0] == "right"


def test_a_share_without_its_sign_is_asked_for_it(everything):
    assert "98.7 %" in answer(everything, "chance-rejects", "98.7")[1]


def test_a_result_waits_until_the_reader_has_committed(visited):
    page = visited("gates.html")
    seen = {name: page.locator(f"#{name}") for name in ("view", "next", "after")}
    # Of the second question's own outputs nothing is hidden: it hides the next cell's.
    assert [e.is_visible() for e in seen.values()] == [False, True, False]
    first, second = page.locator("form").all()
    first.locator("[type=submit]").click()  # nothing chosen: not committed
    assert not seen["view"].is_visible()
    first.locator("[type=radio]").last.check()
    first.locator("[type=submit]").click()
    assert seen["view"].is_visible() and not seen["after"].is_visible()
    second.locator(".ask-skip").focus()
    page.keyboard.press("Enter")
    assert seen["after"].is_visible()
    # The focus is not lost with the button that is gone.
    assert second.locator("[type=submit]").evaluate("e => e === document.activeElement")


def test_without_a_script_or_on_paper_nothing_is_hidden(visited):
    plain = visited("gates.html", java_script_enabled=False)
    assert plain.locator("#view").is_visible() and plain.locator("#after").is_visible()
    page = visited("gates.html")
    page.emulate_media(media="print")
    assert page.locator("#view").is_visible() and page.locator("#after").is_visible()


def test_an_answer_is_there_on_the_next_visit(visited):
    page = visited("all.html")
    answer(page, "rejected-dimension", "4")
    page.reload()
    asked = page.locator("#ask-rejected-dimension")
    assert asked.locator("[type=text]").input_value() == "4"
    assert asked.get_attribute("data-result") == "wrong"


def test_the_reply_is_in_a_live_region_and_in_words(visited):
    page = visited("all.html")
    assert page.locator("form.ask [role=status]").count() == len(QUESTIONS)
    assert page.locator("form.ask").count() == len(QUESTIONS)


def test_a_notebook_may_bring_the_script_many_times(visited, folder):
    """As JupyterLab does: every output has it, and each question must answer once."""
    keys = [key for key, q in QUESTIONS.items() if q.options][:2]
    (folder / "lab.html").write_text("".join(ask(key)._repr_html_() for key in keys), "utf-8")
    page = visited("lab.html")
    page.evaluate("window.heard = 0; document.addEventListener('vslib-ask', () => heard++)")
    for key in keys:
        assert answer(page, key, [0])[0] in ("right", "wrong")
    assert page.evaluate("heard") == 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_no_barrier_before_and_after_an_answer(browser, folder, site_audit, width, scheme):
    with serve(folder) as base:
        page, report = open_page(browser, base, "all.html")
        assert not (report["refused"] or report["failed"] or report["errors"])
        assert unnamed(page) == []
        assert barriers(page, site_audit, width, scheme) == []
        for key, q in QUESTIONS.items():
            answer(page, key, [0] if q.options else "3")
        assert barriers(page, site_audit, width, scheme) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.close()


@pytest.fixture(scope="module")
def site_audit():
    """axe-core as the build of the book fetched it."""
    path = ROOT / "_build" / "axe.min.js"
    if not path.exists():
        pytest.skip("axe-core comes with the first `make book`")
    return path


def test_what_a_cell_shows_is_marked_for_the_site():
    key = next(iter(QUESTIONS))
    assert ask(key)._repr_html_().startswith(f"<!-- ask {key} -->")
    assert predict(key)._repr_html_().startswith(f"<!-- ask {key} next-->")


def test_keys_pressed_in_a_question_are_no_commands_of_jupyterlab(visited):
    """It looks for the mark on the element that has the focus, before it looks at what holds it."""
    page = visited("gates.html")
    for control in page.locator("form.ask :is(input, button)").all():
        control.focus()
        assert control.get_attribute("data-lm-suppress-shortcuts") == "true"
