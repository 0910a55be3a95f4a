"""Who may import whom: the floors of the house, and torch only where it is needed."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import vslib

PACKAGE = Path(vslib.__file__).parent
ROOT = PACKAGE.parent
# A module imports only from floors below its own.
FLOORS = (
    {"arrays", "faces", "failures", "files", "geometry", "newton", "operators", "vectors"},
    {"activations", "convmap", "mnist", "subspaces"},
    {
        "evaluation",
        "fourier",
        "layers",
        "looks",
        "networks",
        "panels",
        "polytopes",
        "principal",
        "sequential",
        "spectrum",
        "starts",
        "taps",
        "views",
    },
    {"convolution", "inversion", "preimage", "synthesis", "training"},
    {
        "claims",
        "figures",
        "ideals",
        "measures",
        "publishing",
        "readings",
        "report",
        "stored",
        "widgets",
    },
    {"reproduction"},
    {"__main__"},
)
FLOOR = {name: number for number, names in enumerate(FLOORS) for name in names}
MODULES = sorted(path.stem for path in PACKAGE.glob("*.py") if path.stem != "__init__")
# The linear algebra, the data, the shipped weights as arrays, the pictures and controls.
WITHOUT_TORCH = {
    *FLOORS[0],
    *FLOORS[1],
    *FLOORS[2],
    "convolution",
    "preimage",
    "figures",
    "widgets",
}
CHAPTERS = ("four-subspaces", "projections")


def tree(module):
    return ast.parse((PACKAGE / f"{module}.py").read_text())


def imported(nodes):
    """The full names of all that import statements among `nodes` bring in."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written out in full"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def neighbours(module):
    """Modules of vslib that this one imports, anywhere in it."""
    names = imported(ast.walk(tree(module)))
    return {name.split(".")[1] for name in names if name.startswith("vslib.")}


def python(script, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class TestFloors:
    @pytest.mark.parametrize("module", MODULES)
    def test_a_module_imports_only_from_floors_below_its_own(self, module):
        assert module in FLOOR, "a new module is given its floor above"
        for other in neighbours(module):
            assert FLOOR[other] < FLOOR[module], f"{module} imports {other}"

    @pytest.mark.parametrize("module", MODULES)
    def test_nothing_imports_the_package_itself_nor_the_book_nor_the_tests(self, module):
        names = set(imported(ast.walk(tree(module))))
        tops = {name.split(".")[0] for name in names}
        others = {
            path.stem for folder in ("tests", "tools") for path in (ROOT / folder).glob("*.py")
        }
        assert not tops & ({"book", "tests", "tools"} | others)
        assert "vslib" not in names

    @pytest.mark.parametrize("module", MODULES)
    def test_every_module_says_what_it_exports(self, module):
        if module == "__main__":
            return
        (names,) = (
            ast.literal_eval(node.value)
            for node in tree(module).body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        )
        for name in names:
            assert hasattr(__import__(f"vslib.{module}", fromlist=[name]), name)

    @pytest.mark.parametrize("module", sorted(WITHOUT_TORCH & set(MODULES)))
    def test_torch_is_imported_only_inside_the_functions_that_need_it(self, module):
        assert not [name for name in imported(tree(module).body) if name.startswith("torch")]
        assert module in ("evaluation", "layers", "networks", "taps") or "torch" not in {
            name.split(".")[0] for name in imported(ast.walk(tree(module)))
        }


class TestNeverUsed:
    @pytest.mark.parametrize("module", MODULES)
    def test_nothing_is_downloaded(self, module):
        tops = {name.split(".")[0] for name in imported(ast.walk(tree(module)))}
        assert not tops & {"urllib", "http", "socket", "requests", "httpx", "ftplib", "subprocess"}

    @pytest.mark.parametrize("module", MODULES)
    def test_nothing_is_pickled(self, module):
        nodes = list(ast.walk(tree(module)))
        tops = {name.split(".")[0] for name in imported(nodes)}
        assert not tops & {
            "pickle",
            "cPickle",
            "dill",
            "cloudpickle",
            "joblib",
            "shelve",
            "marshal",
        }
        calls = {ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)}
        assert not calls & {"torch.load", "torch.save", "np.load", "np.save", "torch.hub.load"}


# What chapters 2 and 3 compute, on the data and the networks that ship.
ARITHMETIC = """
import numpy as np
import vslib
from vslib import Subspaces, figures, layers, mnist, networks, project, spectrum, widgets

images, labels = mnist.load("test")
averages = mnist.class_averages(images, labels)
for name in networks.NAMES:
    found = layers.matrices(networks.weights(name))
    for layer in list(found.values())[:3]:
        assert Subspaces(layer).rank > 0
W = layers.matrices(networks.weights("fc1", 0))["layer1"]
S = Subspaces(W)
x = images[:5].reshape(5, 784)
signal, rejected = S.split(x)
assert np.allclose(S.preimage(x @ W.values.T), signal)
assert 0 < S.rejected_energy(averages.reshape(10, 784)).min()
p, residual = project(x, W)
assert spectrum.chance(W, draws=9).p_value(S.condition_number) > 0
assert spectrum.effective_rank(S.singular_values) > 9
assert layers.augmented(W, W.bias).shape == (10, 785)
figures.images(averages)
figures.split(x[0], signal[0], rejected[0], (28, 28))
figures.spectrum(S.singular_values)
widgets.plane([[1, 1, 0], [0, 1, 1]], [1, 2, 3])
widgets.projection(averages, W, range(10), range(10))
widgets.rank_k(W, np.linspace(0, 1, 10))
"""
BLOCK = """
import sys

class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "torchvision"):
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, NoTorch())
"""
UNTOUCHED = "\nimport sys\nassert not {'torch', 'torchvision'} & set(sys.modules)"


class TestWithoutTorch:
    def test_the_arithmetic_runs_and_does_not_import_torch_where_it_is_installed(self):
        python(ARITHMETIC + UNTOUCHED)

    def test_the_arithmetic_and_the_chapters_run_where_torch_cannot_be_imported(self):
        scripts = [("the arithmetic", ARITHMETIC)]
        for chapter in CHAPTERS:
            notebook = json.loads((ROOT / "book" / f"{chapter}.ipynb").read_text())
            cells = ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]
            assert len(cells) > 5
            scripts.append((chapter, "\n".join(cells)))
        python(
            BLOCK + "import json, matplotlib; matplotlib.use('agg')\n"
            "for name, script in json.loads(sys.argv[1]): exec(compile(script, name, 'exec'), {})",
            json.dumps(scripts),
        )

    def test_the_block_holds(self):
        # Else the test above would say nothing.
        for statement in ("import torch", "from torch import nn", "import torchvision.models"):
            with pytest.raises(AssertionError, match="is blocked"):
                python(BLOCK + statement)
        with pytest.raises(AssertionError, match="is blocked"):
            python(BLOCK + "from vslib import networks; networks.load('fc1')")

    def test_of_vslib_itself_imports_only_the_linear_algebra(self):
        loaded = python("import sys, vslib; print(*(m for m in sys.modules if '.' not in m))")
        assert not {"torch", "scipy", "matplotlib", "ipywidgets", "safetensors"} & set(
            loaded.split()
        )
