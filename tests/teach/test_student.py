"""Students' notebooks: no solution is in them, and they run to words, not to tracebacks."""

import re
from pathlib import Path

import address
import nbformat
import pytest
import student
from labels import Book
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = sorted(path for path in (ROOT / "book").glob("*.ipynb") if path.stem != "index")
every = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)


@pytest.fixture(scope="module")
def book():
    return Book(ROOT, address.Address("OWNER", "REPOSITORY"))


def told(notebook):
    return "\n\n".join(cell.source for cell in notebook.cells)


def solutions(path):
    """Words and code that stand within solutions: their lines of 25 characters and more."""
    inside, found = False, []
    for cell in nbformat.read(path, as_version=4).cells:
        for line in cell.source.splitlines():
            if re.match(r":{3,}\{solution(-start)?\}", line):
                inside = True
            elif line.startswith((":class:", ":::{solution-end}")) or line.strip() == ":::":
                inside = inside and (cell.cell_type == "code" or "solution-start" in cell.source)
            elif inside and len(line.strip()) >= 25:
                found.append((cell, line.strip()))
        if "solution-end" in cell.source:
            inside = False
    return found


@every
def test_nothing_of_a_solution_is_given_away(path, book):
    made, kept = told(student.edition(path, book)), solutions(path)
    given = [
        line
        for cell, line in kept
        if line in made and not line.startswith(("def ", '"""', "check(", "teach.check("))
    ]
    # What also stands in the chapter itself is no secret.
    open_ = told(student.unsolved(nbformat.read(path, as_version=4)))
    assert [line for line in given if line not in open_] == []
    assert len(kept) > 10 and "Solution to" not in made


@every
def test_at_least_three_functions_are_left_to_write(path, book):
    made = student.edition(path, book)
    stubs = [cell.source for cell in made.cells if "raise NotImplementedError" in cell.source]
    assert len(stubs) >= 3
    for source in stubs:
        assert re.search(r'^def my_\w+\(.*\):\n    """.+"""\n    raise NotImpl', source, re.M)
        assert re.search(r'^(?:teach\.)?check\("\w+", my_\w+\)$', source, re.M)


@every
def test_what_is_no_solution_stays(path, book):
    notebook = nbformat.read(path, as_version=4)
    made = told(student.edition(path, book))
    exercises = re.findall(r":::\{exercise\} (.+)", told(notebook))
    assert all(f"({title})" in made for title in exercises)


def test_a_notebook_runs_and_says_what_is_still_empty(book):
    made = student.edition(ROOT / "book" / "projections.ipynb", book)
    NotebookClient(made, timeout=600, kernel_name="python3").execute()
    printed = [o.get("text", "") for c in made.cells for o in c.get("outputs", [])]
    assert sum("not yet. It is still empty: write its body." in each for each in printed) >= 3


def test_they_are_written_to_a_folder(tmp_path, capsys):
    student.main(target=tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in CHAPTERS}
