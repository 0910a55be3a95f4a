"""`make book TORCH=cpu`: the lock's torch without CUDA, and a clear word where there is none."""

import re
import subprocess
from pathlib import Path

import pytest
import without_cuda

ROOT = Path(__file__).resolve().parents[2]
LOCK = (ROOT / "requirements.txt").read_text("utf-8")
INDEX = "https://index.invalid/cpu"


def pinned(text):
    return dict(re.findall(r"^([\w.-]+)==(\S+)", text, re.M))


def test_the_lock_is_kept_but_for_cuda():
    cpu = pinned("\n".join(without_cuda.without_cuda(LOCK)))
    gone = pinned(LOCK).keys() - cpu.keys()
    assert len(gone) >= 15 and all(re.match("nvidia|cuda|triton", name) for name in gone)
    changed = {name for name in cpu if cpu[name] != pinned(LOCK)[name]}
    assert changed == {"torch", "torchvision"}
    assert all(cpu[name] == pinned(LOCK)[name] + "+cpu" for name in changed)


def test_the_index_is_asked_for_the_lock_s_torch():
    asked = []
    text, said = without_cuda.requirements(
        LOCK, INDEX, True, lambda *given: asked.append(given) or 1
    )
    assert asked == [(f"torch=={pinned(LOCK)['torch']}+cpu", INDEX)]
    assert text.splitlines()[0] == f"--extra-index-url {INDEX}" and "without CUDA" in said


def test_without_that_index_the_lock_is_installed_and_it_is_said():
    text, said = without_cuda.requirements(LOCK, INDEX, True, lambda *given: False)
    assert text == LOCK
    assert INDEX in said and "with CUDA, 4 GB more" in said and "TORCH_INDEX=" in said


def test_where_there_is_no_cuda_nothing_is_changed():
    assert without_cuda.requirements(LOCK, INDEX, False, None)[0] == LOCK


@pytest.mark.parametrize("there", [True, False])
def test_pip_is_asked_for_what_lies_in_an_index(tmp_path, there):
    """An index of two files on this machine, with a package that is nothing but its metadata."""
    page = tmp_path / "torch"
    page.mkdir()
    if there:
        import zipfile

        wheel = page / "torch-0.0.1+cpu-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            info = "torch-0.0.1+cpu.dist-info"
            archive.writestr(
                f"{info}/METADATA", "Metadata-Version: 2.1\nName: torch\nVersion: 0.0.1+cpu\n"
            )
            archive.writestr(
                f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            archive.writestr(f"{info}/RECORD", "")
        (page / "index.html").write_text(f'<a href="{wheel.name}">{wheel.name}</a>')
    assert without_cuda.to_be_had("torch==0.0.1+cpu", tmp_path.as_uri()) == there


def test_make_takes_it():
    shown = subprocess.run(
        [
            "make",
            "-n",
            "-W",
            "requirements.txt",
            ".venv/installed",
            "TORCH=cpu",
            "TORCH_INDEX=there",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "tools/without_cuda.py there .venv/requirements.txt" in shown
