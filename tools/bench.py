"""How long the book takes to build, in a copy of the repository: cold, by chapter, unchanged.

The copy takes the scripts that npm has fetched from _build/offline, so that what is timed is the
book and not the network. Wanted on two cores: cold within 4 minutes, a chapter within one, a
build with nothing changed within 10 seconds.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PARTS = ["_config.yml", "_toc.yml", "book", "vslib", "requirements.txt"]
PARTS += ["pyproject.toml", "tools"]


def build(folder):
    """Seconds that a build takes, and what it printed."""
    command = [Path(sys.executable).with_name("jupyter-book"), "build", ".", "-W", "--keep-going"]
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return time.perf_counter() - start, done.stdout + done.stderr


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        for part in map(Path, PARTS):
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            copy(ROOT / part, folder / part)
        if (ROOT / "_build" / "offline").exists():
            shutil.copytree(ROOT / "_build" / "offline", folder / "_build" / "offline")
        print("building cold ...", flush=True)
        cold, log = build(folder)
        print(f"cold build             {cold:6.1f} s")
        for name, seconds in re.findall(r"(\S+)\.ipynb: Executed notebook in ([\d.]+) sec", log):
            seconds = float(seconds)
            print(f"  {Path(name).name:20} {seconds:6.1f} s   {seconds / cold:4.0%} of the build")
        again, _ = build(folder)
        print(f"with nothing changed   {again:6.1f} s   1/{cold / again:.0f} of a cold build")


if __name__ == "__main__":
    main()
