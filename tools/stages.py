"""Run the tests in stages, and say how long each took: all of them, or one room's.

python tools/stages.py                       everything; the book must be built
python tools/stages.py --room convolution    the examples and tests of vslib.convolution
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# A file's tests stay together, as they share what is dear to make; more workers need more memory.
AT_ONCE = ["-n", "logical", "--maxprocesses", "4", "--dist", "loadfile"]
PYTEST = [sys.executable, "-m", "pytest", "-q", *AT_ONCE]
RUFF = [sys.executable, "-m", "ruff"]
NBVAL = ["--nbval-lax", "--nbval-cell-timeout=1200"]
SITE = ["tests/book", "tests/delivery"]  # the tests that open the built site
EMPTY = 5  # pytest's exit code where a path holds no test


def stages(room=None):
    """Names of the stages and the commands of each.

    Parameters
    ----------
    room : str, optional
        A room of vslib, a module of its ground, or "book".
    """
    if room is None:
        return {
            "style": [[*RUFF, "check", "."], [*RUFF, "format", "--check", "."]],
            "examples": [[*PYTEST, "--doctest-modules", "vslib"]],
            "library": [[*PYTEST, "tests", *(f"--ignore={each}" for each in SITE)]],
            "notebooks": [[*PYTEST, *NBVAL, "book"]],
            "pages": [[*PYTEST, *SITE]],
        }
    if room == "book":
        return {name: found for name, found in stages().items() if name in ("notebooks", "pages")}
    package, module = ROOT / "vslib" / room, ROOT / "vslib" / f"{room}.py"
    if not package.is_dir() and not module.is_file():
        known = sorted(path.stem for path in (ROOT / "vslib").glob("[a-z]*"))
        sys.exit(f"room: expected one of {', '.join(known)} or book, got {room!r}")
    tests = ROOT / "tests" / (room if package.is_dir() else f"test_{room}.py")
    return {
        "examples": [[*PYTEST, "--doctest-modules", str(package if package.is_dir() else module)]],
        "tests": [[*PYTEST, str(tests)]],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--room", help="of vslib, a module of its ground, or book")
    given = parser.parse_args()
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    lines, failed = [], False
    for name, commands in stages(given.room or None).items():
        print(f"\n=== {name}", flush=True)
        begin = time.perf_counter()
        codes = [subprocess.run(c, cwd=ROOT, env=environment).returncode for c in commands]
        bad = any(code not in (0, EMPTY) for code in codes)
        failed |= bad
        lines.append(f"{name:>10}  {time.perf_counter() - begin:5.0f} s{'  FAILED' * bad}")
    print("\n" + "\n".join(lines))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
