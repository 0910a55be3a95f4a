"""How much memory the kernel of each chapter has at its peak, with one thread; what is wanted.

Free services stop a kernel at 2 GB; Lab itself takes 0.1 GB there, and so does what a reader adds.
torch with CUDA takes up to 0.4 GB more than the CPU build that Binder installs, and it is said
which of the two was measured.
"""

import os
import sys
from importlib import metadata
from pathlib import Path

import nbformat
import yaml
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
EVERY, FIRST = 1600, 1000  # MB: every chapter; each of the first four
PEAK = "import resource as _r\nprint(_r.getrusage(_r.RUSAGE_SELF).ru_maxrss)"
UNIT = 1e6 if sys.platform == "darwin" else 1e6 / 1024  # bytes there, kilobytes on Linux


def pages():
    """The notebooks in the order of the book, and which of them are the first four chapters."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    chapters = [Path(chapter["file"]).name for chapter in toc["parts"][0]["chapters"]]
    return [Path(toc["root"]).name, *chapters], set(chapters[:4])


def peak(path):
    """Megabytes that the kernel of a notebook had at its peak, run from top to bottom."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(PEAK))
    where = {"metadata": {"path": str(path.parent)}}
    NotebookClient(notebook, timeout=1200, resources=where).execute()
    return int(notebook.cells[-1].outputs[-1]["text"]) / UNIT


def main():
    os.environ |= {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    torch = metadata.version("torch")
    print(f"peak memory of each chapter's kernel, torch {torch}", flush=True)
    names, first = pages()
    for name in names:
        found, wanted = peak(ROOT / "book" / f"{name}.ipynb"), FIRST if name in first else EVERY
        over = "" if found < wanted else "   MORE THAN WANTED"
        print(f"  {name:22} {found:6.0f} MB   (wanted: {wanted}){over}", flush=True)


if __name__ == "__main__":
    main()
