"""Installing vslib changes none of Colab's packages."""

import os
import shutil
import subprocess
from pathlib import Path

import colab_check
import pytest

ROOT = Path(__file__).resolve().parents[2]
LIST = Path(__file__).parent / "colab-constraints.txt"  # of August 2026, on Python 3.13
COLAB = colab_check.pins(LIST.read_text("utf-8"))


def python313():
    """Colab's Python, if this machine has it: on the path, or among those of pyenv."""
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [shutil.which("python3.13"), *sorted(map(str, kept.glob("3.13.*/bin/python")))]
    for python in filter(None, found):
        asked = [python, "-c", "import sys; print(sys.version_info[:2])"]
        if subprocess.run(asked, capture_output=True, text=True).stdout == "(3, 13)\n":
            return python
    return None


def test_what_vslib_asks_for_is_what_colab_has():
    from packaging.requirements import Requirement

    project = colab_check.tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked = [Requirement(line) for line in project["dependencies"]]
    assert {need.name for need in asked} <= set(COLAB)
    assert [str(need) for need in asked if COLAB[need.name] not in need.specifier] == []
    assert COLAB["ipywidgets"].startswith("7.")  # an 8 would cost Colab its widgets


def test_pip_in_a_fresh_environment_would_install_vslib_and_nothing_else(remark):
    python = python313()
    if python is None:
        pytest.skip("Colab has Python 3.13, and this machine has none")
    done = subprocess.run(
        [python, str(ROOT / "tools" / "colab_check.py"), str(LIST)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for line in done.stdout.splitlines():
        remark(f"Colab: {line}")
    assert done.stdout.endswith("pip would install vslib and nothing else.\n")


def test_a_change_would_be_found():
    report = (
        "Collecting vslib\nWould install ipywidgets-8.1.9 jupyterlab_widgets-3.0.17 vslib-0.2.0\n"
    )
    assert colab_check.added(report) == ["ipywidgets", "jupyterlab_widgets", "vslib"]
    assert colab_check.added("Requirement already satisfied\n") == []
