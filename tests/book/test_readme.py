"""What README.md tells to type works."""

import re
from pathlib import Path

import numpy as np

from vslib import networks

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_code_runs(capsys):
    names = {"my_torch_model": networks.load("resnet18"), "x": np.arange(512.0)}
    exec(re.search(r"```python\n(.*?)```", README, re.S)[1], names)
    assert np.allclose(names["signal"] + names["rejected"], names["x"])
    assert capsys.readouterr().out.startswith("10 ")


def test_commands_are_there():
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M)
    named = re.findall(r"\bmake ([a-z][\w-]*)", README)
    assert set(named) <= set(targets) and {"book", "test"} <= set(named)
