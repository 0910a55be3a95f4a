"""The stored parts of figure 3: a fresh computation gives them, and only whole files are read."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from vslib import __main__ as command_line
from vslib import files, mnist, networks
from vslib.layers import taps
from vslib.networks.evaluation import evaluate
from vslib.synthesis import PAPER, ideal_outputs, starting_images, stored, synthesize

BOTH = pytest.mark.parametrize("lowest", stored.LOWEST)
EVERY = pytest.mark.parametrize("name", networks.NAMES)


@pytest.fixture(scope="module")
def train():
    return mnist.load("train")


@pytest.fixture(scope="module")
def whole(train):
    """fc1, and its outputs for all training images."""
    network = networks.load("fc1")
    return network, evaluate(network, train[0])


@pytest.fixture(scope="module")
def sample(train):
    """resnet18, and its outputs for some images: of the starts, of the targets, and by chance."""
    network, found = (
        taps.fast(networks.load("resnet18")),
        [stored.load("resnet18", w) for w in stored.LOWEST],
    )
    chosen = [np.random.default_rng(0).choice(60_000, 300, replace=False)]
    chosen += [at.ravel() for one in found for at in (one.positions, one.extremes)]
    at = np.unique(np.concatenate(chosen))
    return network, at, evaluate(network, train[0][at])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A copy of what is stored for fc1, read from there."""
    for path in stored.FOLDER.glob("fc1*"):
        shutil.copy(path, tmp_path)
    monkeypatch.setattr(stored, "FOLDER", tmp_path)
    return tmp_path


class TestIsWhatAFreshComputationGives:
    @BOTH
    def test_in_full_for_fc1(self, lowest, train, whole):
        network, outputs = whole
        got = stored.load("fc1", lowest)
        targets = ideal_outputs(outputs, lowest)
        starts = starting_images(*train, outputs, targets)
        assert_allclose(got.targets, targets, atol=1e-4)
        assert_array_equal(got.positions, starts.positions)
        assert_array_equal(got.extremes, [outputs.argmin(0), outputs.argmax(0)])
        for kind, images in got.images().items():
            # Another machine may round an image at the edge of a quarter to its other side.
            assert_allclose(images, starts[kind], atol=1e-3)
        made = synthesize(network, starts, targets, progress=False, **PAPER)
        assert_allclose(got.before, made.before, rtol=1e-4)
        assert_allclose(got.after, made.after, rtol=1e-4)
        assert_allclose(got.trained, made.images, atol=2e-3)

    @BOTH
    def test_for_a_sample_of_resnet18(self, lowest, train, sample):
        _, at, outputs = sample
        labels, got = train[1][at], stored.load("resnet18", lowest)
        of = outputs[np.searchsorted(at, got.extremes)]
        least, most = of[0].diagonal(), of[1].diagonal()
        other = least if lowest == "each" else least[:, None]
        assert_allclose(got.targets, np.where(np.eye(10), most, other), rtol=1e-3)
        assert (outputs >= least - 1e-3).all() and (outputs <= most + 1e-3).all()
        distances = ((outputs - got.targets[labels]) ** 2).mean(1)
        lowest_of = distances[np.searchsorted(at, got.positions)]
        assert_allclose(got.before[1], lowest_of, rtol=1e-3)
        assert_array_equal(train[1][got.positions], range(10))
        assert (distances >= lowest_of[labels] * (1 - 1e-3)).all()
        clear = np.abs(distances / got.quartiles[labels] - 1) > 1e-3
        assert_array_equal(got.near[at][clear], (distances <= got.quartiles[labels])[clear])
        assert clear.mean() > 0.95 and 0.15 < got.near[at].mean() < 0.5

    @EVERY
    @BOTH
    def test_distances_are_those_of_the_stored_images(self, name, lowest):
        got, network = stored.load(name, lowest), taps.fast(networks.load(name))
        for images, distances in (
            (np.stack(list(got.images().values())), got.before),
            (got.trained.astype(np.float32), got.after),
        ):
            outputs = evaluate(network, images.reshape(-1, 28, 28)).reshape(3, 10, 10)
            # float16 holds a pixel to 1/4000.
            assert_allclose(((outputs - got.targets) ** 2).mean(-1), distances, rtol=0.01)

    def test_two_trained_images_of_resnet18(self, sample):
        got = stored.load("resnet18")
        # Digits 8 and 9 from their averages; in evaluation mode each goes its own way.
        start = got.images()["avg"][8:]
        made = synthesize(sample[0], start, got.targets[8:], progress=False, **PAPER)
        assert_allclose(made.after, got.after[0, 8:], rtol=1e-2)
        assert_allclose(made.images, got.trained[0, 8:], atol=5e-3)

    def test_the_fast_network_is_the_network(self, train, sample):
        _, at, outputs = sample
        slow = evaluate(networks.load("resnet18"), train[0][at[:20]])
        assert_allclose(outputs[:20], slow, atol=1e-3)


class TestWhatIsStored:
    @EVERY
    @BOTH
    def test_has_its_shapes(self, name, lowest):
        got = stored.load(name, lowest)
        assert {key: value.shape for key, value in vars(got).items()} == {
            "targets": (10, 10),
            "extremes": (2, 10),
            "positions": (10,),
            "near": (60_000,),
            "quartiles": (10,),
            "before": (3, 10),
            "after": (3, 10),
            "trained": (3, 10, 28, 28),
        }
        assert got.near.dtype == bool and 0 <= got.trained.min() <= got.trained.max() <= 1
        for digit in range(10):
            share = got.near[mnist.load("train")[1] == digit].mean()
            assert share == pytest.approx(0.25, abs=1e-3)

    def test_is_small(self):
        assert sum(path.stat().st_size for path in stored.FOLDER.iterdir()) < 400_000

    def test_is_one_row_for_each_network_and_nothing_else(self):
        assert {p.name for p in stored.FOLDER.iterdir()} == {
            f"{name}.{kind}" for name in networks.NAMES for kind in ("json", "safetensors")
        }

    def test_is_loaded_without_torch(self):
        script = """
import sys
class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "torchvision"):
            raise ImportError(f"{name} is blocked")
sys.meta_path.insert(0, NoTorch())
from vslib.synthesis import stored
print(stored.load("resnet18").images()["avg-min"].shape)
"""
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
        assert done.stdout == "(10, 28, 28)\n", done.stderr


class TestPublish:
    def test_the_command_writes_what_is_read(self, tmp_path, monkeypatch):
        monkeypatch.setattr(stored.publish, "__defaults__", (("fc1",), stored.FOLDER))
        monkeypatch.setattr(sys, "argv", ["vslib", "starts", "--folder", str(tmp_path)])
        command_line.main()
        assert {p.name for p in tmp_path.iterdir()} == {"fc1.json", "fc1.safetensors"}
        kept = stored.load("fc1")
        monkeypatch.setattr(stored, "FOLDER", tmp_path)
        made = stored.load("fc1")
        assert_array_equal(made.positions, kept.positions)
        assert (made.near != kept.near).mean() < 1e-3
        assert_allclose(made.after, kept.after, rtol=1e-4)


class TestBadInput:
    def test_an_unknown_network(self):
        with pytest.raises(ValueError, match="expected one of fc1, fc5, resnet18, got 'fc2'"):
            stored.load("fc2")

    def test_an_unknown_reading(self):
        with pytest.raises(ValueError, match="expected 'each' or 'own', got 'all'"):
            stored.load("fc1", "all")

    @pytest.mark.parametrize("kind", ["json", "safetensors"])
    def test_a_missing_file(self, folder, kind):
        (folder / f"fc1.{kind}").unlink()
        with pytest.raises(files.FileError, match=rf"fc1\.{kind} is missing; restore it with"):
            stored.load("fc1")

    @pytest.mark.parametrize("content", [b"", b"{}", b"[1]"])
    def test_damaged_facts(self, folder, content):
        (folder / "fc1.json").write_bytes(content)
        with pytest.raises(files.FileError, match=r"fc1\.json is damaged"):
            stored.load("fc1")

    def test_damaged_arrays(self, folder):
        path = folder / "fc1.safetensors"
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)
        with pytest.raises(files.FileError, match=r"damaged: expected sha256 .*, got "):
            stored.load("fc1")

    def test_other_weights(self, folder):
        path = folder / "fc1.json"
        facts = json.loads(path.read_text()) | {"weights": "0" * 64}
        path.write_text(json.dumps(facts))
        with pytest.raises(files.FileError, match="other weights: expected those of sha256"):
            stored.load("fc1")
