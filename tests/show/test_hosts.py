"""The words of every view stand out wherever it is shown: pages like its hosts, and paper."""

import pytest
from controls import browse, each, plane
from seen import Seen
from visit import contrasts

ENOUGH = 4.5  # WCAG 2, AA
# What ipywidgets set where no notebook sets anything else.
WIDGETS = """:root { --jp-widgets-color: black; --jp-widgets-label-color: var(--jp-widgets-color);
  --jp-widgets-readout-color: var(--jp-widgets-color); }
.jupyter-widgets { color: var(--jp-widgets-color); }
.jupyter-widgets .widget-label, .widget-label { color: var(--jp-widgets-label-color); }
.jupyter-widgets .widget-readout, .widget-readout { color: var(--jp-widgets-readout-color); }
"""


def host(background, text, around="cell_output", html="", body="", style=""):
    """A page with these colours, and the attributes and styles by which its host is known."""
    look = f"body {{ background: {background}; color: {text}; }}"
    return {"html": html, "body": body, "around": around, "style": WIDGETS + look + style}


def code(kind, background, text):
    """VS Code: the theme's colours as variables, and white under widgets whatever it is."""
    variables = f"--vscode-editor-background: {background}; --vscode-editor-foreground: {text}"
    return host(
        background,
        text,
        around="cell-output-ipywidget-background",
        html=f'style="{variables}"',
        body=f'class="vscode-{kind}" data-vscode-theme-kind="vscode-{kind}"',
        style=".cell-output-ipywidget-background { background: white; }",
    )


def colab(scheme, background, text):
    variables = f"""html {{ --colab-primary-surface-color: {background};
      --colab-primary-text-color: {text}; }}"""
    return host(background, text, html=f'theme="{scheme}"', style=variables)


def lab(light, background, text):
    variables = f"--jp-layout-color0: {background}; --jp-widgets-color: {text}"
    return host(
        background, text, html=f'style="{variables}"', body=f'data-jp-theme-light="{light}"'
    )


HOSTS = {
    "light page": host("#ffffff", "#000000"),
    "any dark page": host("#101418", "#e0e0e0"),
    "book, light": host("#ffffff", "#222832", html='data-theme="light"'),
    "book, dark": host("#14181e", "#ced6dd", html='data-theme="dark"'),
    "JupyterLab, light": lab("true", "#ffffff", "rgba(0, 0, 0, 0.87)"),
    "JupyterLab, dark": lab("false", "#111111", "#ffffff"),
    "VS Code, light": code("light", "#ffffff", "#3b3b3b"),
    "VS Code, dark": code("dark", "#1f1f1f", "#cccccc"),
    "VS Code, dark+": code("dark", "#1e1e1e", "#d4d4d4"),
    "VS Code, high contrast": code("high-contrast", "#000000", "#ffffff"),
    "Colab, light": colab("light", "#ffffff", "#212121"),
    "Colab, dark": colab("dark", "#383838", "#d5d5d5"),
}
every_host = pytest.mark.parametrize("where", HOSTS.values(), ids=HOSTS)


@pytest.fixture
def shown(browser):
    opened = []

    def shown(make, where):
        opened.append(Seen(browser, make(), **where))
        return opened[-1]

    yield shown
    for seen in opened:
        seen.page.close()


def assert_words_stand_out(view):
    view.at()
    for paper in (False, True):
        view.page.emulate_media(media="print" if paper else "screen")
        found = contrasts(view.page, paper)
        assert len(found) >= 4
        assert [(words, ratio) for words, ratio in found if ratio < ENOUGH] == []


# Lines and bars are no words, but must be seen: WCAG 2 asks 3 of them.
LINES = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (colour) => rgb(colour).map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const paper = matchMedia("print").matches;
  const behind = paper ? "white" : getComputedStyle(document.body).backgroundColor;
  const drawn = document.querySelectorAll(".vslib-shaft, .vslib-thin.vslib-rejected");
  return [...drawn].map((e) => {
    const [a, b] = [light(getComputedStyle(e).stroke), light(behind)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  });
}"""


@every_host
def test_the_lines_of_the_plane_can_be_seen(shown, where):
    view = shown(plane, where)
    for media in ("screen", "print"):
        view.page.emulate_media(media=media)
        found = view.page.evaluate(LINES)
        assert len(found) >= 3 and min(found) >= 3


def test_vs_code_shows_no_white_around_a_view(shown):
    view = shown(browse, HOSTS["VS Code, dark"])
    around = "getComputedStyle(document.querySelector('.cell-output-ipywidget-background'))"
    assert view.page.evaluate(f"{around}.backgroundColor") == "rgba(0, 0, 0, 0)"


# The two that have all kinds of words between them, everywhere; all views where most is different.
@every_host
@pytest.mark.parametrize("make", [browse, plane])
def test_words_stand_out_on_the_page_and_on_paper(shown, make, where):
    assert_words_stand_out(shown(make, where))


@each
def test_words_of_every_view_stand_out(shown, make):
    assert_words_stand_out(shown(make, HOSTS["VS Code, dark"]))


@pytest.mark.parametrize("media", [{"forced_colors": "active"}, {"reduced_motion": "reduce"}])
@pytest.mark.parametrize("make", [browse, plane])
def test_who_sets_colours_or_motion_sees_and_moves_the_same(shown, make, media):
    view = shown(make, HOSTS["light page"])
    before = view.at()
    view.page.emulate_media(**media)
    view.page.locator(".noUi-handle").first.focus()
    view.page.keyboard.press("Tab")
    view.page.keyboard.press("Shift+Tab")
    focus = "getComputedStyle(document.activeElement).outlineStyle"
    assert view.page.evaluate(focus) == "solid"
    assert view.page.evaluate("document.getAnimations().length") == 0
    after = view.at()
    assert [after[key] for key in ("pixels", "words")] == [
        before[key] for key in ("pixels", "words")
    ]
