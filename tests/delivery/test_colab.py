"""Colab editions: plain Markdown with the book's numbers, folded solutions, and cells that run."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import address
import colab
import nbformat
import plain
import pytest
from labels import Book
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "book").glob("*.ipynb"))
PLACEHOLDER = address.Address("OWNER", "REPOSITORY")
SET = address.Address("someone", "book")
# What only Sphinx understands: directives, roles, targets, and links to a source file.
MYST = re.compile(
    r":::|\{(?:[a-z]+:)?(?:ref|numref|eq|cite|doc|term)\b|\]\([\w-]+\.(?:ipynb|md)|\$\$ *\(eq-"
)
EMPTY = "    raise NotImplementedError  # your code"


@pytest.fixture(scope="module")
def book():
    return Book(ROOT, SET)


every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def source(notebook, kind=("markdown", "code")):
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type in kind)


@every_notebook
@pytest.mark.parametrize("where", [SET, PLACEHOLDER], ids=["published", "without an address"])
def test_nothing_is_left_that_only_sphinx_understands(path, where):
    made = colab.edition(path, Book(ROOT, where))
    assert MYST.findall(source(made)) == []
    assert not any(cell.get("outputs") for cell in made.cells)
    if not where.is_set:
        assert "OWNER" not in source(made) and "someone" not in source(made)


@every_notebook
def test_all_code_is_there_in_its_order(path, book):
    made = [re.sub("^# @title .*\n", "", c.source) for c in colab.edition(path, book).cells[1:]
            if c.cell_type == "code" and EMPTY not in c.source]  # fmt: skip
    notebook = nbformat.read(path, as_version=4)
    assert made == [cell.source for cell in notebook.cells if cell.cell_type == "code"]


@every_notebook
def test_the_first_cell_installs_vslib_in_colab_alone(path, book):
    first, second = colab.edition(path, book).cells[:2]
    assert first.cell_type == "code" and first.metadata.cellView == "form"
    condition, install = first.source.splitlines()[-2:]
    assert condition == 'if "google.colab" in sys.modules:'
    assert install.strip() == f'%pip install -q "vslib @ {SET.archive}"'
    assert f"{SET.site}book/{path.stem}.html" in second.source


@every_notebook
def test_every_solution_is_folded(path, book):
    notebook = nbformat.read(path, as_version=4)
    text = source(notebook, "markdown")
    solved = re.findall(r"^:{3,}\{solution(?:-start)?\} (\S+)", text, re.M)
    made = colab.edition(path, book)
    assert text.count("{solution-start}") == text.count("{solution-end}")
    for label in solved:
        name = f"Solution to {book.number(label)}"
        folds = [c for c in made.cells if f"<summary>{name}</summary>" in c.source
                 or c.source.startswith(f"# @title {name}\n")]  # fmt: skip
        assert folds, name
        for cell in folds:
            if cell.cell_type == "code":
                assert cell.metadata.cellView == "form" and cell.metadata.jupyter.source_hidden
    for cell in made.cells:
        if cell.cell_type == "markdown":
            assert cell.source.count("<details>") == cell.source.count("</details>")


@every_notebook
def test_what_the_reader_is_to_write_is_empty_and_its_solution_is_folded_after_it(path, book):
    marked = [c for c in nbformat.read(path, as_version=4).cells
              if "stub" in c.metadata.get("tags", [])]  # fmt: skip
    made = colab.edition(path, book).cells
    empty = [number for number, cell in enumerate(made) if EMPTY in cell.source]
    assert len(empty) == len(marked)
    for number, cell in zip(empty, marked, strict=True):
        exercise, stub, solution = made[number - 1 : number + 2]
        label = re.search(r"\*\*(Exercise [\w.]+)\*\*", exercise.source)[1]
        assert solution.source == f"# @title Solution to {label}\n{cell.source}"
        assert solution.metadata.cellView == "form"
        assert not stub.metadata and not stub.source.startswith("# @title")
        kept, body = stub.source.splitlines(), cell.source.splitlines()
        left = [line for line in kept if line != EMPTY]
        assert left == [line for line in body if not line.startswith("    ") or '"""' in line]
        assert left[0].startswith("def my_") and ".check(" in f".{left[-1]}"


def test_numbers_are_those_of_the_pages(book, site):
    """Of every theorem, exercise and figure that has a label: what the built page calls it."""
    compared = 0
    for label, number in book.numbers.items():
        page = (site / "book" / f"{book.homes[label]}.html").read_text("utf-8")
        if label.startswith("eq-"):
            assert f'#equation-{label}">({number})<' in page or f"equation-{label}" in page
            continue
        found = re.search(
            rf'id="{re.escape(label)}">.*?class="caption-number">([^<]+?) ?</span>', page, re.S
        )
        if found:
            assert found[1] == number, label
            compared += 1
    assert compared > 100


def test_theorems_are_quoted_and_formulas_stay_on_one_line(book):
    head = ":::{prf:theorem} Two parts\n:label: thm-projection\n\n"
    text = head + "Let $x$ be\n\n$$\na\n= b .\n$$\n:::\n"
    made = plain.blocks(text, book)
    assert made.startswith("> **Theorem 3.1** (Two parts)\n>\n> Let $x$ be")
    assert "\n> $$ a = b . $$" in made
    assert all(line.startswith(">") for line in made.strip().splitlines())


def test_what_is_folded_on_the_page_is_folded_there(book):
    made = plain.blocks(":::{admonition} How it is done\n:class: dropdown\n\nSo.\n:::", book)
    assert made.split() == "<details> <summary>How it is done</summary> So. </details>".split()


def test_references_and_citations_are_links(book):
    text = "By {prf:ref}`thm-projection`, [](four-subspaces.ipynb), {cite:t}`eckart1936,strang2022`"
    theorem, chapter, paper, works = re.findall(r"\[([^\]]+)\]\(([^)]+)\)", plain.roles(text, book))
    assert theorem == ("Theorem 3.1", f"{SET.site}book/projections.html#thm-projection")
    assert chapter == ("The four subspaces", f"{SET.site}book/four-subspaces.html")
    assert paper == ("Eckart and Young (1936)", "https://doi.org/10.1007/BF02288367")
    assert works == ("Strang (2022)", f"{SET.site}book/references.html")


def test_terms_are_links_to_their_meaning(book):
    text = plain.roles("of {term}`signal vectors <signal vector>` and {term}`rank`", book)
    page = f"{SET.site}book/glossary.html"
    vectors, rank = f"{page}#term-signal-vector", f"{page}#term-rank"
    assert text == f"of [signal vectors]({vectors}) and [rank]({rank})"
    assert plain.roles("{term}`rank`", Book(ROOT, PLACEHOLDER)) == "rank"


def test_anchors_of_terms_are_those_of_the_glossary(book, site):
    text = (site / "book" / "glossary.html").read_text("utf-8")
    assert re.findall(r'<dt id="(term-[^"]+)"', text) == [a[1:] for a in book.terms.values()]


def test_what_is_not_known_is_an_error(book):
    with pytest.raises(ValueError, match="directive 'tip': expected"):
        plain.blocks(":::{tip}\nwords\n:::", book)
    with pytest.raises(KeyError):
        plain.roles("{ref}`nowhere`", book)
    with pytest.raises(KeyError):
        plain.roles("{term}`nonsense`", book)


def test_an_edition_runs_where_vslib_is_installed(tmp_path, book, monkeypatch):
    """Installed from a copy of what is published, as pip does it in Colab; not from this folder."""
    there, home = tmp_path / "source", tmp_path / "installed"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "vslib", there / "vslib", ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, there)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--target", str(home), str(there)], check=True, capture_output=True)
    monkeypatch.setitem(os.environ, "PYTHONPATH", str(home))
    notebook = colab.edition(ROOT / "book" / "four-subspaces.ipynb", book)
    notebook.cells.append(nbformat.v4.new_code_cell("import vslib\nprint(vslib.__file__)"))
    where = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=600, resources=where).execute()
    assert notebook.cells[-1].outputs[0].text.startswith(str(home))
    printed = [o.get("text", "") for c in notebook.cells for o in c.get("outputs", [])]
    said = re.findall(
        r"^(\w+): (not yet. It is still empty: write its body.|right)", "".join(printed), re.M
    )
    names = [name for name, words in said if words != "right"]
    assert len(names) >= 3
    assert said[::2] == [(name, "not yet. It is still empty: write its body.") for name in names]
    assert said[1::2] == [(name, "right") for name in names]
    assert "WidgetView" not in str(notebook.cells) and any(
        "application/vnd.jupyter.widget-view+json" in output.get("data", {})
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    )
