"""Write the students' notebooks, _build/student/*.ipynb: the chapters without their solutions.

The generator of the Colab editions makes them of notebooks from which solutions are cut out. Of a
cell tagged "stub" head, docstring and check stay, as they do there; the solution after it does not.
"""

import copy
import re
import sys
from pathlib import Path

import address
import colab
import nbformat
from labels import Book

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "_build" / "student"
FOLDED = re.compile(r"^(:{3,})\{solution\}.*?^\1[ ]*$\n?", re.M | re.S)
EMPTY = "# Your code."


def unsolved(notebook):
    """A copy of a notebook without its solutions: stubs in their place, or an empty cell."""
    made, inside = copy.deepcopy(notebook), None
    cells = []
    for cell in made.cells:
        if cell.cell_type == "code":
            if inside is None:
                cells.append(cell)
            elif "stub" in cell.metadata.get("tags", []):
                cell.source = colab.stub(cell.source)
                cells.append(cell)
                inside = "stub"
            elif inside == "text":
                cell.source = EMPTY
                cell.metadata = {}
                cells.append(cell)
                inside = "stub"
            continue
        kept = []
        for what, text in colab.pieces(FOLDED.sub("", cell.source)):
            if what == "start":
                inside = "text"
            elif what == "end":
                inside = None
            elif inside is None:
                kept.append(text)
        cell.source = "".join(kept)
        if cell.source.strip():
            cells.append(cell)
    made.cells = cells
    return made


def edition(path, book):
    """The student's notebook of a chapter."""
    notebook = nbformat.read(path, as_version=4)
    cells = colab.converted(unsolved(notebook), book)
    if book.address.is_set:
        cells.insert(0, colab.set_up(path, book))
    return colab.assembled(cells, notebook)


def main(root=ROOT, target=TARGET):
    chapters = (path for path in (root / "book").glob("*.ipynb") if path.stem != "index")
    colab.write(chapters, edition, Book(root, address.read(root)), target)


if __name__ == "__main__":
    sys.exit(main())
