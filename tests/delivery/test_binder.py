"""Binder installs what the lock says, without CUDA and without a path of this repository."""

import os
import re
from pathlib import Path

import binder

ROOT = Path(__file__).resolve().parents[2]
LOCK = (ROOT / "requirements.txt").read_text("utf-8")
WRITTEN = (ROOT / "binder" / "requirements.txt").read_text("utf-8")
INDEX = re.search(r"^TORCH_INDEX \?= (\S+)", (ROOT / "Makefile").read_text("utf-8"), re.M)[1]


def test_it_is_what_the_lock_says():
    assert binder.requirements(LOCK, INDEX) == WRITTEN, "run `make lock`"


def test_every_pin_is_the_lock_s_and_torch_is_a_cpu_build():
    pins = re.findall(r"^([\w.-]+)==(\S+)$", WRITTEN, re.M)
    assert len(pins) > 50
    for name, version in pins:
        cpu = name in ("torch", "torchvision")
        assert version.endswith("+cpu") == cpu
        assert f"\n{name}=={version.removesuffix('+cpu')}" in LOCK
    assert {"torch", "torchvision", "numpy", "ipywidgets", "jupyterlab"} <= {n for n, _ in pins}


def test_it_names_no_cuda_and_no_path():
    lines = [line for line in WRITTEN.splitlines() if not line.startswith(("#", "--extra-index"))]
    assert not any(re.match("nvidia|cuda|triton", line) for line in lines)
    assert not any(re.search(r"^[./-]|[@/]", line) for line in lines)


def test_vslib_comes_last_from_the_checkout_itself():
    script = ROOT / "binder" / "postBuild"
    assert os.access(script, os.X_OK)
    assert "pip install --no-cache-dir --no-deps -e ." in script.read_text("utf-8")
    assert binder.python() == "3.12"
