"""Students' notebooks: no solution is in them, and they run to words, not to tracebacks."""

import ast
import builtins
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


def parted(notebook):
    """Lines within solutions, and the others; told apart here without the generator's help."""
    secret, free, inside = [], [], None
    for cell in notebook.cells:
        for line in map(str.strip, cell.source.splitlines()):
            if mark := re.match(r"(:{3,})\{solution(-start|-end)?\}", line):
                inside = {"-start": "until its end", "-end": None, None: mark[1]}[mark[2]]
            elif inside == line:  # the fence that closes a solution of one cell
                inside = None
            else:
                (secret if inside else free).append(line)
    return secret, free


@every
def test_nothing_of_a_solution_is_given_away(path, book):
    secret, free = parted(nbformat.read(path, as_version=4))
    # What also stands in the chapter itself is no secret, nor is what a stub keeps.
    kept = re.compile(r'def |"""|teach\.check\(|:\w+:')
    secret = [line for line in secret if len(line) >= 15 and not kept.match(line)]
    secret = [line for line in secret if not any(line in other for other in free)]
    assert len(secret) > 10
    given = told(student.unsolved(nbformat.read(path, as_version=4)))
    made = told(student.edition(path, book))
    assert [line for line in secret if line in given or line in made] == []
    assert "Solution to" not in made


@every
def test_no_name_is_used_that_only_a_solution_defined(path, book):
    stored, loaded = {*dir(builtins)}, set()
    for cell in student.edition(path, book).cells:
        if cell.cell_type == "code":
            for node in ast.walk(ast.parse(cell.source)):
                match node:
                    case ast.Name(id=name, ctx=ast.Load()):
                        loaded.add(name)
                    case ast.Name(id=name) | ast.arg(arg=name) | ast.FunctionDef(name=name):
                        stored.add(name)
                    case ast.alias(name=name, asname=other):
                        stored.add(other or name.partition(".")[0])
    assert loaded - stored == set()


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
