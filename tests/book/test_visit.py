"""The browser checks find what they look for: a page with every fault, beside one with none."""

import pytest
from visit import contrasts, open_page, press_controls, serve, unnamed, unseen_pictures

PAGE = """<!doctype html><title>t</title><script>{script}</script>
<div class="cell_output"><div class="widget-subarea">
  <div><input type="range" min="0" max="3" value="{value}" {name}><canvas {alt}></canvas>
  <p data-live style="color: {colour}">words</p></div>
</div></div>
<script>
  const slider = document.querySelector("input"), canvas = document.querySelector("canvas");
  slider.addEventListener("input", () => {{
    if ({alive}) canvas.getContext("2d").fillRect(0, 0, 1 + 9 * slider.value, 9);
  }});
</script>
"""
GOOD = {
    "script": "",
    "value": 3,  # at its end: only the second key moves it
    "name": 'aria-label="how many"',
    "alt": 'role="img" aria-label="A dark square."',
    "colour": "black",
    "alive": "true",
}


@pytest.fixture(scope="module")
def visit(browser, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")

    def visit(**faults):
        (folder / "page.html").write_text(PAGE.format(**GOOD | faults))
        (folder / "favicon.ico").touch()
        return open_page(browser, base, "page.html")

    with serve(folder) as base:
        yield visit


def test_a_sound_page_has_no_fault(visit):
    page, report = visit()
    assert not (report["refused"] or report["failed"] or report["errors"])
    assert press_controls(page) == [("how many", True)]
    assert not unseen_pictures(page)
    assert not unnamed(page)
    assert min(ratio for _, ratio in contrasts(page)) > 7


def test_a_dead_control_is_found(visit):
    page, _ = visit(alive="false")
    assert press_controls(page) == [("how many", False)]


def test_a_control_out_of_reach_of_the_keyboard_is_found(visit):
    page, _ = visit(name='aria-label="how many" tabindex="-1"')
    assert press_controls(page) == [("how many", False)]


def test_a_nameless_control_is_found(visit):
    page, _ = visit(name="")
    assert len(unnamed(page)) == 1


@pytest.mark.parametrize("alt", ["", 'role="img"', 'role="img" aria-label="book/a.png"'])
def test_a_picture_without_words_is_found(visit, alt):
    page, _ = visit(alt=alt)
    assert len(unseen_pictures(page)) == 1


def test_faint_words_are_found(visit):
    page, _ = visit(colour="#ccc")
    assert min(ratio for _, ratio in contrasts(page)) < 2


def test_words_that_are_light_on_paper_are_found(visit):
    page, _ = visit(colour="white; background: black")
    assert min(ratio for _, ratio in contrasts(page)) > 7
    assert min(ratio for _, ratio in contrasts(page, paper=True)) == 1


def test_other_hosts_missing_files_and_errors_are_found(visit):
    _, report = visit(script="fetch('https://example.org/a.js').catch(() => {}); fetch('gone.js');")
    assert report["refused"] == ["https://example.org/a.js"]
    assert [url.rsplit("/")[-1] for url in report["failed"]] == ["gone.js"]
    _, report = visit(script="throw new Error('broken');")
    assert report["errors"] == ["broken"]
