"""Write the Colab editions of the chapters, _build/colab/*.ipynb: plain Markdown that Colab shows.

Colab shows MyST as it stands, so roles and directives are resolved, solutions are folded, and a
first cell installs vslib where it is not there. A cell tagged "stub" stands there twice: without
the bodies of its functions, for the reader to write them, and folded, as the solution, which later
cells use. What is computed is computed there: no output is kept.
"""

import ast
import copy
import re
import sys
from pathlib import Path

import address
import nbformat
from labels import Book
from plain import SOLUTION, blocks, folded, roles

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "_build" / "colab"
INSTALL = """\
# @title Set-up: installs vslib in Colab; elsewhere it does nothing
import sys

if "google.colab" in sys.modules:
    %pip install -q "vslib @ {}"\
"""
FOLD = {"cellView": "form", "jupyter": {"source_hidden": True}}  # as Colab and as JupyterLab fold


def text_cell(source, name):
    return nbformat.v4.new_markdown_cell(source.strip(), id=name)


def code_cell(source, name, title=None):
    """A code cell, folded under a title if it has one."""
    metadata = copy.deepcopy(FOLD) if title else {}
    source = f"# @title {title}\n{source}" if title else source
    return nbformat.v4.new_code_cell(source, id=name, metadata=metadata)


def stub(source):
    """A cell with the bodies of its functions left to the reader."""
    lines = source.splitlines()
    for function in reversed(ast.parse(source).body):
        if isinstance(function, ast.FunctionDef):
            first = (
                function.body[1].lineno if ast.get_docstring(function) else function.body[0].lineno
            )
            body = ["    raise NotImplementedError  # your code"]
            lines[first - 1 : function.end_lineno] = body
    return "\n".join(lines)


def pieces(source):
    """Parts of a text cell: (what, text), where a solution over several cells begins and ends."""
    at = 0
    for mark in SOLUTION.finditer(source):
        yield "text", source[at : mark.start()]
        target = re.match(r":+\{solution-\w+\}[ ]*(\S*)", mark[0])[1]
        yield mark[1], target
        at = mark.end()
    yield "text", source[at:]


def converted(notebook, book):
    """The cells of an edition, after its first."""
    cells, solution = [], None
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            number = 0
            for what, text in pieces(cell.source):
                if what == "start":
                    solution = f"Solution to {book.number(text)}"
                elif what == "end":
                    solution = None
                elif text.strip():
                    made = roles(blocks(text.strip(), book), book)
                    made = folded(solution, made) if solution else made
                    name = cell.id if not number else f"{cell.id}-{number}"
                    cells.append(text_cell(made, name))
                    number += 1
            continue
        tags = cell.metadata.get("tags", [])
        folds = {"hide-input", "hide-cell", "remove-input"} & {*tags}
        title = "Code behind what follows" if folds else None
        if solution and "stub" in tags:
            cells.append(code_cell(stub(cell.source), f"{cell.id}-stub"))
        cells.append(code_cell(cell.source, cell.id, solution or title))
        figure = cell.metadata.get("mystnb", {}).get("figure", {})
        if "caption" in figure:
            words = roles(figure["caption"], book)
            head = f"**{book.number(figure['name'])}** " if "name" in figure else ""
            cells.append(text_cell(f"{head}*{words}*", f"{cell.id}-caption"))
    return cells


def set_up(path, book):
    """The folded cell that installs vslib in Colab."""
    cell = code_cell(INSTALL.format(book.address.archive), f"{path.stem}-colab")
    cell.metadata.update(copy.deepcopy(FOLD))
    return cell


def edition(path, book):
    """The Colab edition of a notebook."""
    notebook = nbformat.read(path, as_version=4)
    where = book.address
    cells = converted(notebook, book)
    if where.is_set:
        cells.insert(0, set_up(path, book))
        page = f"{where.site}book/{path.stem}.html"
        said = f"*This is a copy for Colab. The page itself, and all chapters: [{page}]({page}).*"
        cells.insert(1, text_cell(said, f"{path.stem}-where"))
    return assembled(cells, notebook, colab={"name": path.name})


def assembled(cells, notebook, **metadata):
    """A valid notebook of these cells, for the kernel of another one."""
    names = {"kernelspec": notebook.metadata.kernelspec, "language_info": {"name": "python"}}
    made = nbformat.v4.new_notebook(cells=cells, metadata=names | metadata)
    nbformat.validate(made)
    return made


def write(paths, edition, book, target):
    """The editions of notebooks, in place of what the folder held before."""
    target.mkdir(parents=True, exist_ok=True)
    for old in target.glob("*.ipynb"):
        old.unlink()
    for path in sorted(paths):
        nbformat.write(edition(path, book), target / path.name)
        print(target / path.name)


def main(root=ROOT, target=TARGET):
    book = Book(root, address.read(root))
    write((root / "book").glob("*.ipynb"), edition, book, target)
    if not book.address.is_set:
        print("No public address is set yet: links to the book and the set-up cell are left out.")


if __name__ == "__main__":
    sys.exit(main())
