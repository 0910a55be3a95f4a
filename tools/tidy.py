"""Bring the notebooks into their normal form: small diffs, and no output that is not checked.

    python tools/tidy.py            run the notebooks that have checked cells, then normalise all
    python tools/tidy.py --check    change nothing; exit 1 where a notebook is not in normal form

In normal form a notebook keeps its cells, their ids, tags and figure captions, and, of outputs,
only the text of cells tagged nbval-check-output.
"""

import argparse
import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
CHECKED = "nbval-check-output"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def is_checked(cell):
    return CHECKED in cell.metadata.get("tags", [])


def text_outputs(outputs, count):
    """Outputs as text alone: standard output in one piece, and text results without pictures."""
    kept = []
    for output in outputs:
        if output.output_type == "stream":
            if output.name != "stdout":
                continue
            if kept and kept[-1].output_type == "stream":
                kept[-1].text += output.text
            else:
                kept.append(nbformat.v4.new_output("stream", name="stdout", text=output.text))
        elif output.output_type in ("execute_result", "display_data"):
            data = {kind: text for kind, text in output.data.items() if kind.startswith("text/")}
            counted = {"execution_count": count} if "execution_count" in output else {}
            kept.append(nbformat.v4.new_output(output.output_type, data=data, **counted))
    return kept


def normal(notebook):
    """The notebook in normal form, as the text of its file."""
    cells, count = [], 0
    for cell in notebook.cells:
        kept = ("mystnb", "slide", "tags")
        metadata = {key: cell.metadata[key] for key in kept if key in cell.metadata}
        source = cell.source.rstrip()
        if cell.cell_type == "code":
            count += 1
            new = nbformat.v4.new_code_cell(source, id=cell.id, metadata=metadata)
            if is_checked(cell):
                new.update(execution_count=count, outputs=text_outputs(cell.outputs, count))
        else:
            new = nbformat.v4.new_markdown_cell(source, id=cell.id, metadata=metadata)
        cells.append(new)
    controls = {key: notebook.metadata[key] for key in ("controls",) if key in notebook.metadata}
    made = nbformat.v4.new_notebook(cells=cells, metadata=METADATA | controls)
    nbformat.validate(made)
    return nbformat.writes(made) + "\n"


def execute(notebook, folder):
    """Run all cells, in place, in a kernel like that of the book's build."""
    os.environ.update(PYTHONPATH=str(ROOT), OMP_NUM_THREADS="1")
    NotebookClient(notebook, timeout=1200, resources={"metadata": {"path": str(folder)}}).execute()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing, only say")
    parser.add_argument("notebooks", nargs="*", type=Path, help="all of book/ by default")
    given = parser.parse_args()
    found = 0
    for path in given.notebooks or sorted((ROOT / "book").glob("*.ipynb")):
        before = path.read_text(encoding="utf-8")
        notebook = nbformat.reads(before, as_version=4)
        if not given.check and any(map(is_checked, notebook.cells)):
            print(f"{path.name}: running", flush=True)
            execute(notebook, path.parent)
        after = normal(notebook)
        if after != before:
            found += 1
            print(f"{path.name}: " + ("not in normal form" if given.check else "written"))
            if not given.check:
                path.write_text(after, encoding="utf-8")
    return given.check and found > 0


if __name__ == "__main__":
    sys.exit(main())
