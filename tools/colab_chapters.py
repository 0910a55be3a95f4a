"""Run the chapters with what is installed, and say where a checked cell prints something else."""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]


def printed(cell):
    """What a cell printed, or showed as text."""
    streams = [o.text for o in cell.outputs if o.output_type == "stream" and o.name == "stdout"]
    data = [o.data for o in cell.outputs if o.output_type in ("execute_result", "display_data")]
    return "".join([*streams, *(d.get("text/markdown") or d.get("text/plain", "") for d in data)])


def run(path):
    """Ids of the checked cells that print something else than what is kept."""
    kept, now = (nbformat.read(path, as_version=4) for _ in range(2))
    NotebookClient(now, timeout=1200, kernel_name="python3").execute()
    pairs = [pair for pair in zip(kept.cells, now.cells, strict=True) if pair[0].get("outputs")]
    bad = [a.id for a, b in pairs if printed(a) != printed(b)]
    print(f"{path.name}: {len(pairs)} checked cells, different: {bad or 'none'}", flush=True)
    return bad


if __name__ == "__main__":
    sys.exit(int(any([run(path) for path in sorted((ROOT / "book").glob("*.ipynb"))])))
