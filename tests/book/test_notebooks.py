"""What every notebook of the book must be: in normal form, alive without Python, and a chapter."""

import ast
import re
import statistics
from pathlib import Path

import nbformat
import pytest
import tidy

from vslib.teach.exercises import CHAPTERS as CHECKED

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "book").glob("*.ipynb"))
CHAPTERS = [path for path in NOTEBOOKS if path.stem != "index"]
TAGS = {
    "nbval-check-output", "nbval-raises-exception", "raises-exception", "stub",
    "hide-cell", "hide-input", "hide-output", "remove-cell", "remove-input", "remove-output",
}  # fmt: skip
KERNEL_ONLY = re.compile(r"\binteract\w*\(|\.observe\(|\b(Output|Play)\(|\.on_click\(")
DRAWS = re.compile(r"\bfigures\.\w+\(|\bplt\.\w+\(|\.(plot|imshow|bar|hist)\(")
# In this order; a chapter's own sections stand between the second and the third.
SECTIONS = ["What you will be able to do", "What you need", "Paper | here", "Exercises"]
SECTIONS += ["Summary", "Further reading"]
# A stub stands in a folded solution.
HIDDEN = {"hide-input", "hide-cell", "remove-input", "remove-cell", "stub"}
KINDS = ["By hand", "Proof", "Code", "Code", "Predict", "Change"]
SESSION = 90  # minutes
# How text is set in columns by hand: a width in a format, as in {:9} and {:>8.2f}; a method.
WIDTH = re.compile(r"(.?[<>^=])?[-+ ]?z?#?0?[1-9]")
SETS_WIDTH = {"ljust", "rjust", "center", "expandtabs"}

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
every_chapter = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)


def cells(path, kind="code"):
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind]


def sections(path):
    """Text of each second-level section, by heading, in order; code cells are left out."""
    text = "\n\n".join(cell.source for cell in cells(path, "markdown"))
    parts = re.split(r"^## +(.+)$", text, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@every_notebook
def test_is_in_normal_form(path):
    text = path.read_text(encoding="utf-8")
    assert tidy.normal(nbformat.reads(text, as_version=4)) == text, "run `make tidy`"


def needs(path):
    """Rows of the table "What you need" by their first entry, the second being the value."""
    rows = re.findall(r"^\| *([^|]+?) *\| *([^|]+?) *\|", sections(path)["What you need"], re.M)
    return dict(rows)


def own_sections(path):
    """The chapter's own sections, between those that every chapter has."""
    return {name: text for name, text in sections(path).items() if name not in SECTIONS}


def widths(source):
    """Where a cell's code sets text in columns by hand."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.FormattedValue(format_spec=ast.JoinedStr(values=[first, *_])):
                # Of a width that is computed, {:{n}}, the first part is no constant.
                constant = isinstance(first, ast.Constant)
                by_hand = not constant or WIDTH.match(first.value)
            case ast.Constant(value=str() as text):
                by_hand = re.search(r"\{\w*:(.?[<>^=])?[1-9]\d*[^}]*\}|%-?[1-9]\d*[.\dsdfge]", text)
            case ast.Attribute(attr=name):
                by_hand = name in SETS_WIDTH
            case _:
                by_hand = False
        if by_hand:
            found.append(ast.unparse(node))
    return found


@every_notebook
def test_has_cell_ids_of_its_own(path):
    ids = [cell.id for cell in nbformat.read(path, as_version=4).cells]
    assert len(set(ids)) == len(ids)


@every_notebook
def test_checked_cells_have_their_output(path):
    for cell in filter(tidy.is_checked, cells(path)):
        text = [o.get("text") or o.get("data", {}).get("text/plain") for o in cell.outputs]
        assert cell.execution_count and any(text), f"nothing to check: {cell.source}"


@every_notebook
def test_tags_are_known(path):
    used = {
        tag
        for cell in nbformat.read(path, as_version=4).cells
        for tag in cell.metadata.get("tags", [])
    }
    assert used <= TAGS


@every_notebook
def test_works_without_a_kernel_behind_it(path):
    assert [cell.source for cell in cells(path) if KERNEL_ONLY.search(cell.source)] == []


@every_notebook
def test_cells_are_short(path):
    lengths = [len(cell.source.splitlines()) for cell in cells(path)]
    assert statistics.median(lengths) <= 8
    assert max(lengths) <= 20


@every_chapter
def test_what_is_left_to_see_is_mathematics(path):
    seen = [cell for cell in cells(path) if not HIDDEN & {*cell.metadata.get("tags", [])}]
    lengths = [len(cell.source.splitlines()) for cell in seen]
    assert statistics.median(lengths) <= 4
    assert [cell.source for cell, n in zip(seen, lengths, strict=True) if n > 12] == []


@every_notebook
def test_tables_are_tables(path):
    """No column is set by widths in the code, nor by blanks in what a cell prints."""
    assert {cell.id: found for cell in cells(path) if (found := widths(cell.source))} == {}
    for cell in cells(path):
        text = "".join(o.text for o in cell.outputs if o.output_type == "stream")
        columns = [line for line in text.splitlines() if re.match(r" *[^ \[].*\S {2,}\S", line)]
        assert len(columns) < 3, f"use vslib.show.tables: {cell.source}"


def test_widths_are_found_and_other_formats_are_not():
    by_hand = ["f'{a:9}'", "f'{a:>8.2f}'", "f'{a:{n}}'", "'{:12,}'.format(a)", "'%8.3f' % a"]
    by_hand += ["a.ljust(9)", "f'{a:3d}'"]
    free = ["f'{a:.3f}'", "f'{a:,}'", "f'{a:.1%}'", "f'{a:+.2f}'", "f'{a} {b!r}'", "'{0: }'"]
    assert [code for code in by_hand if not widths(code)] == []
    assert [code for code in free if widths(code)] == []


@every_chapter
def test_says_how_long_it_takes_and_what_may_be_left_out(path):
    rows, own = needs(path), own_sections(path)
    assert re.fullmatch(r"reading \d+ min, doing \d+ min", rows["time"])
    core, optional = (
        [name.strip() for name in rows[row].split(";")] for row in ("core", "optional")
    )
    assert sorted(core + optional) == sorted(own)
    started = [name for name, text in own.items() if text.lstrip().startswith("*Optional.*")]
    assert sorted(optional) == sorted(started)


@every_chapter
def test_what_exceeds_a_session_is_cut_in_two(path):
    rows, own = needs(path), own_sections(path)
    minutes = sum(map(int, re.findall(r"\d+", rows["time"])))
    begins = [name for name, text in own.items() if "*The second session begins here.*" in text]
    if "sessions" not in rows:
        assert minutes <= SESSION and begins == []
        return
    assert SESSION < minutes <= 2 * SESSION
    last, first = re.fullmatch(r'1: up to "(.+)"; 2: from "(.+)"', rows["sessions"]).groups()
    assert begins == [first]
    assert [*own].index(first) == [*own].index(last) + 1


@every_chapter
def test_exercises_are_of_all_kinds(path):
    text = "\n\n".join(cell.source for cell in cells(path, "markdown"))
    titles = re.findall(r"^:{3,}\{exercise(?:-start)?\} *([^\n]*)", text, re.M)
    kinds = [title.split(": ")[0] for title in titles if ": " in title]
    assert len(kinds) == len(titles) and {*kinds} == {*KINDS}, titles
    assert all(kinds.count(kind) >= KINDS.count(kind) for kind in KINDS), titles


@every_chapter
def test_imports_stand_in_one_cell(path):
    importing = [c.source for c in cells(path) if re.search(r"^\s*(import|from) ", c.source, re.M)]
    assert len(importing) == 1
    assert len(importing[0].splitlines()) <= 8


@every_notebook
def test_pictures_have_alt_text(path):
    for cell in cells(path):
        if DRAWS.search(cell.source):
            alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
            assert len(alt.split()) >= 5, f"what is seen here? {cell.source}"


@every_chapter
def test_has_the_sections_of_a_chapter(path):
    found = [heading for heading in sections(path) if heading in SECTIONS]
    assert found == SECTIONS
    assert "\n- " in sections(path)["What you will be able to do"]
    assert "\n|---" in sections(path)["What you need"]
    assert sections(path)["Summary"].strip()


@every_chapter
def test_compares_with_the_paper(path):
    text = "\n".join(cell.source for kind in ("markdown", "code") for cell in cells(path, kind))
    assert re.search(r"\|\s*paper\s*\|\s*here\s*\|", text, re.I)


@every_chapter
def test_exercises_have_hidden_solutions(path):
    text = "\n\n".join(cell.source for cell in cells(path, "markdown"))
    exercises = re.findall(r"^:{3,}\{exercise(?:-start)?\}[^\n]*\n:label: (\S+)", text, re.M)
    solutions = re.findall(
        r"^:{3,}\{solution(?:-start)?\} (\S+)\n(?::label:[^\n]*\n)?:class: dropdown", text, re.M
    )
    homework = re.findall(r":label: (\S+)\n:class: homework", text)
    assert len(exercises) >= 6 and len(homework) == 1
    assert sorted([*solutions, *homework]) == sorted(exercises)


@every_chapter
def test_three_exercises_check_themselves(path):
    stubs = [cell.source for cell in cells(path) if "stub" in cell.metadata.get("tags", [])]
    checked = [
        name
        for source in stubs
        for name in re.findall(r'^(?:teach\.)?check\("(\w+)"', source, re.M)
    ]
    assert len(checked) == len(stubs) >= 3
    assert {*checked} <= {*(each.name for each in CHECKED[path.stem])}


@every_chapter
def test_states_and_cites(path):
    text = "\n".join(cell.source for cell in cells(path, "markdown"))
    assert re.search(r"\{prf:(definition|theorem|proposition|lemma|corollary)\}", text)
    assert re.search(r"\{cite[^}]*\}`", text)


def test_normal_form_keeps_text_that_is_checked_and_nothing_else():
    checked, free = nbformat.v4.new_code_cell("print(1)\n"), nbformat.v4.new_code_cell("plot()")
    checked.metadata = {"tags": [tidy.CHECKED], "scrolled": True}
    stream, picture = (
        nbformat.v4.new_output("stream", name="stdout", text="1\n"),
        nbformat.v4.new_output("display_data", data={"image/png": "AAAA", "text/plain": "figure"}),
    )
    checked.outputs, free.outputs = [stream, stream, picture], [picture]
    metadata = {"controls": 2, "widgets": {"application/vnd.jupyter.widget-state+json": {}}}
    notebook = nbformat.v4.new_notebook(cells=[checked, free], metadata=metadata)

    text = tidy.normal(notebook)
    again = nbformat.reads(text, as_version=4)
    assert tidy.normal(again) == text
    assert set(again.metadata) == {"kernelspec", "language_info", "controls"}
    kept, dropped = again.cells
    assert [dict(o.get("data", {"text": o.get("text")})) for o in kept.outputs] == [
        {"text": "1\n1\n"},
        {"text/plain": "figure"},
    ]
    assert (
        kept.execution_count == 1 and kept.source == "print(1)" and "scrolled" not in kept.metadata
    )
    assert dropped.outputs == [] and dropped.execution_count is None


def test_no_label_stands_in_two_chapters():
    """The build would say so, but at its end."""
    owners = {}
    for path in NOTEBOOKS:
        text = "\n".join(cell.source for cell in cells(path, "markdown"))
        for label in re.findall(r"^:label: (\S+)|\$\$ \((\S+)\)$", text, re.M):
            owners.setdefault("".join(label), set()).add(path.stem)
    assert {label: found for label, found in owners.items() if len(found) > 1} == {}
