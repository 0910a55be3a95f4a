"""How the book is built: faults fail it, results are never stale, and the scripts are pinned."""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
EXTENSION = ROOT / "book" / "_ext"
PUBLISHED = ("pyproject.toml", "tools/address.py")


@pytest.fixture
def tiny(tmp_path, site):
    """Builds a book of one page with this book's configuration; returns (exit code, html)."""
    shutil.copytree(EXTENSION, tmp_path / "book" / "_ext")
    shutil.copytree(ROOT / "book" / "assets", tmp_path / "book" / "assets")
    shutil.copytree(ROOT / "_build" / "offline", tmp_path / "_build" / "offline")
    (tmp_path / "tools").mkdir()
    for name in ("_config.yml", "requirements.txt", "book/references.bib", *PUBLISHED):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: book/index\n")
    (tmp_path / "vslib").mkdir()
    (tmp_path / "vslib" / "__init__.py").write_text("answer = 'forty-one'\n")

    def build(*cells, flags=("-W", "--keep-going")):
        new = {"#": nbformat.v4.new_markdown_cell}
        notebook = nbformat.v4.new_notebook(
            cells=[new.get(text[0], nbformat.v4.new_code_cell)(text) for text in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        )
        nbformat.write(notebook, tmp_path / "book" / "index.ipynb")
        command = [Path(sys.executable).with_name("jupyter-book"), "build", ".", *flags]
        environment = {key: os.environ[key] for key in os.environ if key != "PYTHONPATH"}
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True)
        html = tmp_path / "_build" / "html" / "book" / "index.html"
        return done.returncode, html.read_text() if html.exists() else ""

    build.folder = tmp_path
    return build


def test_a_sound_book_builds_and_follows_vslib(tiny):
    cells = "# Title", "import vslib\nprint(vslib.answer.upper())"
    code, html = tiny(*cells)
    assert code == 0 and "FORTY-ONE" in html
    (tiny.folder / "vslib" / "__init__.py").write_text("answer = 'forty-two'\n")
    code, html = tiny(*cells, flags=())
    assert code == 0 and "FORTY-TWO" in html


@pytest.mark.parametrize("flags", [("-W", "--keep-going"), ()])
def test_a_failing_cell_fails_the_build(tiny, flags):
    assert tiny("# Title", "1 / 0", flags=flags)[0] != 0
    assert not (tiny.folder / "_build" / "html" / "built_from.txt").exists()


@pytest.mark.parametrize("fault", ["{ref}`nowhere`", "{cite}`nobody1900`"])
def test_a_warning_fails_the_build_every_time(tiny, fault):
    assert tiny(f"# Title\n\n{fault}")[0] != 0
    assert tiny(f"# Title\n\n{fault}")[0] != 0


@pytest.mark.parametrize("known", [True, False])
def test_buttons_and_the_link_for_mistakes_need_an_address(tiny, known):
    project = (tiny.folder / "pyproject.toml").read_text("utf-8")
    url = "https://github.com/someone/fork" if known else "https://github.com/OWNER/REPOSITORY"
    project = re.sub("(?m)^Source = .*", f'Source = "{url}"', project)
    (tiny.folder / "pyproject.toml").write_text(project, "utf-8")
    code, html = tiny("# A title & more", "print(1)")
    assert code == 0
    links = re.findall('href="(https://[^"]+)"', html)
    wanted = ["/github/someone/fork/blob/colab/index.ipynb", "urlpath=lab/tree/book/index.ipynb"]
    wanted += ["issues/new?template=mistake.yml&amp;title=A+title+%26+more"]
    for part in wanted:
        assert any(part in link for link in links) == known, part
    assert any("github.com" in link for link in links) == known


def test_scripts_are_pinned_without_naming_a_host():
    wanted = json.loads((EXTENSION / "package.json").read_text())["dependencies"]
    text = (EXTENSION / "package-lock.json").read_text()
    packages = json.loads(text)["packages"]
    assert packages.pop("")["dependencies"] == wanted
    for name, version in wanted.items():
        assert packages[f"node_modules/{name}"]["version"] == version
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())
    assert "resolved" not in text.replace("omit-lockfile-registry-resolved", "")


def test_site_serves_the_pinned_scripts(site):
    wanted = json.loads((EXTENSION / "package.json").read_text())["dependencies"]
    static = site / "_static"
    assert f"RequireJS {wanted['requirejs']} " in (static / "widgets" / "require.js").read_text()
    assert f'"{wanted["mathjax"]}"' in (static / "mathjax" / "tex-mml-chtml.js").read_text()
    installed = resources.files("anywidget") / "nbextension" / "index.js"
    assert (static / "widgets" / "anywidget.js").read_text() == installed.read_text()
