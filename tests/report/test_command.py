"""``python -m vslib report``, as one types it."""

import subprocess
import sys

import numpy as np
import pandas
import pytest
from conftest import ROOT
from safetensors.numpy import save_file

CODE = """
import torch

def network():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(6, 3), torch.nn.ReLU())

def both():
    return network(), torch.randn(20, 6)

def nothing():
    return 3
"""


@pytest.fixture
def asked(tmp_path):
    (tmp_path / "mine.py").write_text(CODE)
    draw = np.random.default_rng(0)
    arrays = {f"{k}.weight": draw.normal(size=(9, 5)).astype(np.float32) for k in "ab"}
    save_file(arrays, tmp_path / "model.safetensors")

    def ask(*words):
        command = [sys.executable, "-m", "vslib", "report", *words]
        environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"}
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True
        )

    return ask


class TestCommand:
    def test_a_checkpoint_with_a_page_and_a_table(self, asked, tmp_path):
        done = asked("model.safetensors", "--html", "out.html", "--csv", "out.csv")
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("2 matrices with 90 weights in model.safetensors.\n")
        assert (tmp_path / "out.html").read_text().startswith("<!DOCTYPE html>")
        assert pandas.read_csv(tmp_path / "out.csv")["rank"].tolist() == [5, 5]

    def test_several_processes_and_a_file_of_rows(self, asked, tmp_path):
        done = asked("model.safetensors", "--workers", "2", "--store", "rows.jsonl")
        assert done.returncode == 0, done.stderr
        assert len((tmp_path / "rows.jsonl").read_text().splitlines()) == 2

    def test_a_network_in_code(self, asked):
        done = asked("mine:network")
        assert "One matrix with 18 weights in Sequential" in done.stdout, done.stderr
        assert "seen on 20 images" in asked("mine:both").stdout

    @pytest.mark.parametrize(
        ("word", "says"),
        [
            ("nowhere.safetensors", "nowhere.safetensors is missing"),
            ("mine.py", "mine.py: expected a safetensors file, got"),
            (
                "mine:absent",
                "expected a file, or module:function that can be imported here, got Attr",
            ),
            ("absent:network", "got ModuleNotFoundError: No module named 'absent'"),
            (
                "mine:nothing",
                "expected a function that returns a torch.nn.Module, or one and images",
            ),
        ],
    )
    def test_what_is_neither_is_said_without_a_traceback(self, asked, word, says):
        done = asked(word)
        assert done.returncode == 1 and says in done.stderr
        assert "Traceback" not in done.stderr and len(done.stderr.splitlines()) == 1

    def test_a_target_or_measuring_but_not_both(self, asked, tmp_path):
        for words in ([], ["model.safetensors", "--measure", "folder"]):
            done = asked(*words)
            assert done.returncode == 2 and "expected a target, or --measure FOLDER" in done.stderr
        done = asked("--measure", str(tmp_path))
        assert done.returncode == 1 and "`make weightwatcher` installs it" in done.stderr
