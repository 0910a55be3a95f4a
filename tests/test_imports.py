"""The traffic rules of the house: who may import whom, and torch only where it is needed."""

import ast
import importlib
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

import vslib

PACKAGE = Path(vslib.__file__).parent
ROOT = PACKAGE.parent
# From the ground up. A room imports only from the faces of rooms on lower floors; inside a room
# modules import each other by name.
FLOORS = (
    {"arrays", "files"},
    {"inference"},
    {"mnist", "spaces", "layers", "preimage", "bijections"},
    {"convolution", "inversion", "networks", "show"},
    {"synthesis", "whole", "invertible", "report", "teach"},
    {"paper"},
    {"__main__"},
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
# What these import when they are imported, torch is not in it; nor is it needed by their arrays.
WITHOUT_TORCH = {
    "arrays",
    "files",
    "inference",
    "mnist",
    "spaces",
    "layers",
    "preimage",
    "convolution",
    "show",
}
# These never ask for torch, not even inside a function.
NEVER_TORCH = {"arrays", "files", "mnist", "spaces", "show"}
CHAPTERS = ("four-subspaces", "projections")
LONGEST = 250  # lines of a module


def name(path):
    """vslib/spaces/spectrum.py is spaces.spectrum, vslib/spaces/__init__.py is spaces."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


FILES = {name(path): path for path in sorted(PACKAGE.rglob("*.py")) if path.parent != PACKAGE}
FILES |= {path.stem: path for path in sorted(PACKAGE.glob("*.py")) if path.stem != "__init__"}
ROOMS = {"/".join(path.parts[-2:-1]) for path in PACKAGE.glob("*/__init__.py")}

every_module = pytest.mark.parametrize("module", FILES)
every_room = pytest.mark.parametrize("room", sorted(ROOMS))


def tree(module):
    return ast.parse(FILES[module].read_text())


def imported(nodes):
    """The full names of all that import statements among `nodes` bring in."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written out in full"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def face(room):
    """What a room shows: the names in its ``__all__``."""
    return set(importlib.import_module(f"vslib.{room}").__all__)


def faults(module, source):
    """What breaks the traffic rules in the source of a module, a sentence each."""
    home = module.split(".")[0]
    for full in imported(ast.walk(ast.parse(source))):
        top, *rest = full.split(".")
        if top != "vslib":
            continue
        if not rest or rest[0] not in FLOOR:
            yield f"{full}: expected a room of vslib, not the package itself"
        elif rest[0] == home:
            continue
        elif FLOOR[rest[0]] >= FLOOR[home]:
            yield f"{full}: expected a floor below {home}'s"
        elif (
            rest[0] in ROOMS and len(rest) > 1 and not (len(rest) == 2 and rest[1] in face(rest[0]))
        ):
            yield f"{full}: expected what the face of {rest[0]} shows"


def python(script, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class TestTraffic:
    @every_module
    def test_a_module_keeps_the_rules(self, module):
        assert module.split(".")[0] in FLOOR, "a new room is given its floor above"
        assert not [*faults(module, FILES[module].read_text())]

    @pytest.mark.parametrize(
        ("module", "line"),
        [
            ("spaces.subspaces", "from vslib import mnist"),
            ("spaces.subspaces", "from vslib.convolution import ConvOperator"),
            ("convolution.map", "from vslib.layers.geometry import starts"),
            ("convolution.map", "from vslib.layers import starts"),
            ("convolution.map", "def f():\n    from vslib.spaces.vectors import signs"),
            ("convolution.map", "from vslib.inversion import invert"),
            ("paper.claims", "import vslib"),
            ("paper.claims", "from vslib import Subspaces"),
            ("paper.claims", "import vslib.spaces.vectors"),
        ],
    )
    def test_a_line_that_reaches_into_another_room_or_up_is_found(self, module, line):
        assert [*faults(module, line)]

    @every_room
    def test_a_face_has_words_names_and_nothing_else(self, room):
        first, *imports, names = tree(room).body
        assert isinstance(first.value.value, str) and "hapter" in first.value.value
        assert all(isinstance(node, ast.ImportFrom) for node in imports)
        assert ast.unparse(names.targets[0]) == "__all__"
        shown = ast.literal_eval(names.value)
        assert set(shown) == {alias.name for node in imports for alias in node.names}

    @every_module
    def test_every_module_says_what_it_exports(self, module):
        if module == "__main__":
            return
        (names,) = (
            ast.literal_eval(node.value)
            for node in tree(module).body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        )
        importlib.import_module(f"vslib.{module}")
        for each in names:
            assert hasattr(sys.modules[f"vslib.{module}"], each)

    @every_module
    def test_nothing_imports_the_book_nor_the_tests(self, module):
        tops = {full.split(".")[0] for full in imported(ast.walk(tree(module)))}
        others = {p.stem for folder in ("tests", "tools") for p in (ROOT / folder).rglob("*.py")}
        assert not tops & ({"book", "tests", "tools"} | others - sys.stdlib_module_names)

    @every_module
    def test_a_module_is_short(self, module):
        assert len(FILES[module].read_text().splitlines()) <= LONGEST


class TestNeverUsed:
    @every_module
    def test_nothing_is_downloaded(self, module):
        tops = {full.split(".")[0] for full in imported(ast.walk(tree(module)))}
        assert not tops & {"urllib", "http", "socket", "requests", "httpx", "ftplib", "subprocess"}

    @every_module
    def test_nothing_is_pickled(self, module):
        nodes = list(ast.walk(tree(module)))
        tops = {full.split(".")[0] for full in imported(nodes)}
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
from vslib import Subspaces, chance, layers, mnist, networks, project, spaces
from vslib.show import figures, widgets

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
assert chance(W, draws=9).p_value(S.condition_number) > 0
assert spaces.effective_rank(S.singular_values) > 9
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
    @every_module
    def test_torch_is_imported_only_inside_the_functions_that_need_it(self, module):
        room = module.split(".")[0]
        if room in WITHOUT_TORCH:
            assert not [full for full in imported(tree(module).body) if full.startswith("torch")]
        if room in NEVER_TORCH:
            tops = {full.split(".")[0] for full in imported(ast.walk(tree(module)))}
            assert "torch" not in tops

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


@every_module
def test_what_is_imported_from_a_room_of_one_s_own_is_the_module_that_is_meant(module):
    # A function on the face may have the name of its module: then the module is not to be had so.
    source, home = tree(module), module.split(".")[0]
    if home not in ROOMS or module == home:
        return
    names = {
        alias.name
        for node in ast.walk(source)
        if isinstance(node, ast.ImportFrom) and node.module == f"vslib.{home}"
        for alias in node.names
    }
    for each in names:
        value = getattr(importlib.import_module(f"vslib.{home}"), each)
        assert inspect.ismodule(value), f"{module}: {each} on the face is no module"
