"""The networks that ship: what their cards say is so, and nothing but whole files is read."""

import json
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from vslib import files, mnist, networks
from vslib.layers import taps
from vslib.networks import shipped
from vslib.networks.training import accuracy


@pytest.fixture(scope="module")
def loaded():
    return {name: networks.load(name) for name in networks.NAMES}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A copy of fc1 as shipped, read from there."""
    for path in shipped.FOLDER.glob("fc1*"):
        shutil.copy(path, tmp_path)
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    networks.card.cache_clear()
    yield tmp_path
    networks.card.cache_clear()


def header(path):
    """The header of a safetensors file, read by hand: a length, then JSON, then only numbers."""
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    entries = json.loads(content[8 : 8 + length])
    entries.pop("__metadata__", None)
    assert max(entry["data_offsets"][1] for entry in entries.values()) == len(content) - 8 - length
    return entries


class TestCards:
    @pytest.mark.parametrize("name", networks.NAMES)
    def test_say_recipe_seed_and_accuracies(self, name):
        card = networks.card(name)
        assert (card["name"], card["seed"], card["epochs"]) == (name, 0, 20)
        assert card["recipe"]["optimizer"] == "SGD" and card["recipe"]["batch size"] == 32
        assert (card["recipe"]["learning rate"], card["recipe"]["momentum"]) == (0.001, 0.9)
        assert [entry["epoch"] for entry in card["history"]] == list(range(1, 21))

    @pytest.mark.parametrize(
        "name, low, high",
        [("fc1", 0.905, 0.925), ("fc5", 0.955, 0.975), ("resnet18", 0.987, 0.995)],
    )
    def test_say_accuracies_where_the_papers_are(self, name, low, high):
        card = networks.card(name)
        assert low < card["validation_accuracy"] < high
        assert low < card["test_accuracy"] < high

    @pytest.mark.parametrize("name", networks.NAMES)
    def test_in_words_say_the_same(self, name):
        facts = networks.card(name)
        words = (shipped.FOLDER / f"{name}.md").read_text()
        for share in ("validation_accuracy", "test_accuracy"):
            assert f"| {share.replace('_', ' ')} | {facts[share]:.4f} |" in words
        for key, value in facts["recipe"].items():
            assert f"{key} {value}" in words
        assert f"| epochs | {facts['epochs']} |" in words
        assert f"| seed | {facts['seed']} (" in words
        assert "50,000 training and 10,000 validation images" in words
        assert facts["initial_fingerprint"] in words
        for epoch, entry in facts["files"].items():
            assert f"| {epoch} | `{entry['file']}` | `{entry['sha256']}` |" in words

    @pytest.mark.parametrize("name", ["fc1", "fc5"])
    def test_say_the_accuracies_that_are_measured(self, name, loaded):
        card = networks.card(name)
        images, labels = mnist.load("train")
        _, validation = mnist.split(card["seed"])
        measured = accuracy(loaded[name], images[validation], labels[validation])
        # Another machine may round one or two close calls another way.
        assert_allclose(measured, card["validation_accuracy"], atol=2.5e-4)
        assert_allclose(
            accuracy(loaded[name], *mnist.load("test")), card["test_accuracy"], atol=2.5e-4
        )

    def test_of_relu3_says_its_recipe_and_the_accuracies_that_are_measured(self):
        card, network = networks.card("relu3"), networks.load("relu3")
        assert (card["name"], card["seed"], card["epochs"]) == ("relu3", 0, 20)
        assert card["recipe"] == networks.RECIPE and list(card["files"]) == ["20"]
        images, labels = mnist.load("train")
        _, validation = mnist.split(card["seed"])
        measured = accuracy(network, images[validation], labels[validation])
        assert 0.95 < card["validation_accuracy"] < 0.96
        assert_allclose(measured, card["validation_accuracy"], atol=2.5e-4)
        assert_allclose(accuracy(network, *mnist.load("test")), card["test_accuracy"], atol=2.5e-4)
        words = (shipped.FOLDER / "relu3.md").read_text()
        assert words.startswith("# Model card: relu3\n\nA small ReLU network for the maps of")
        assert f"| test accuracy | {card['test_accuracy']:.4f} |" in words
        assert networks.load("relu3", 0).layer3.weight.shape == (10, 16)

    def test_resnet18_reads_test_images_as_its_card_says(self, loaded):
        images, labels = mnist.load("test")
        # Three standard deviations of a share of 1000 draws from 10,000.
        share = networks.card("resnet18")["test_accuracy"]
        slack = 3 * np.sqrt(share * (1 - share) / 1000)
        every_tenth = slice(None, None, 10)
        assert (
            abs(accuracy(loaded["resnet18"], images[every_tenth], labels[every_tenth]) - share)
            < slack
        )


class TestFiles:
    def test_ship_for_the_epochs_that_the_chapters_compare(self):
        shipped = {name: [*map(int, networks.card(name)["files"])] for name in networks.NAMES}
        assert shipped == {"fc1": list(range(21)), "fc5": [0, 20], "resnet18": [20]}

    def test_are_those_of_the_cards_and_no_others(self):
        names = networks.SHIPPED
        named = {f"{name}.{kind}" for name in names for kind in ("json", "md")}
        for name in names:
            for entry in networks.card(name)["files"].values():
                named.add(entry["file"])
                content = (shipped.FOLDER / entry["file"]).read_bytes()
                assert files.digest(content) == entry["sha256"]
        assert {path.name for path in shipped.FOLDER.iterdir()} == named

    @pytest.mark.parametrize("name", networks.NAMES)
    def test_are_safetensors_of_the_named_parameters(self, name):
        card = networks.card(name)
        for entry in card["files"].values():
            assert sorted(header(shipped.FOLDER / entry["file"])) == sorted(card["names"])

    def test_of_resnet18_hold_kernels_in_float16_and_take_22_megabytes(self):
        (entry,) = networks.card("resnet18")["files"].values()
        path = shipped.FOLDER / entry["file"]
        kinds = {e["dtype"] for e in header(path).values() if len(e["shape"]) >= 2}
        assert kinds == {"F16"}
        assert 22e6 < path.stat().st_size < 23e6

    def test_that_are_damaged_are_noticed(self, folder):
        path = folder / "fc1-epoch20.safetensors"
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)
        for give in (networks.weights, networks.load):
            with pytest.raises(
                files.FileError, match=r"is damaged: expected sha256 .*; restore it"
            ):
                give("fc1")

    @pytest.mark.parametrize("name", ["fc1-epoch20.safetensors", "fc1.json"])
    def test_that_are_missing_are_named(self, folder, name):
        (folder / name).unlink()
        with pytest.raises(files.FileError) as error:
            networks.weights("fc1")
        assert f"{folder / name} is missing; restore it with `git checkout" in str(error.value)


class TestWeights:
    @pytest.mark.parametrize("name", networks.NAMES)
    def test_are_the_parameters_of_the_loaded_network(self, name, loaded):
        arrays, state = networks.weights(name), loaded[name].state_dict()
        assert list(arrays) == list(state)
        for key, value in arrays.items():
            assert_array_equal(value, state[key])
            assert value.dtype == (np.int64 if key.endswith("tracked") else np.float32)

    def test_of_each_epoch_of_fc1_differ_and_lead_from_the_first_to_the_last(self):
        epochs = [networks.weights("fc1", epoch)["layer1.weight"] for epoch in range(21)]
        distances = [np.linalg.norm(W - epochs[0]) for W in epochs]
        assert (np.diff(distances) > 0).all()
        assert_array_equal(networks.weights("fc1")["layer1.weight"], epochs[20])

    @pytest.mark.parametrize(
        "name, epoch, words",
        [
            ("fc1", 21, "fc1 at epoch 21 does not ship as arrays: expected one of 0, 1, 2, "),
            ("fc1", -1, "fc1 at epoch -1 does not ship"),
            ("fc1", "last", "fc1 at epoch 'last' does not ship"),
            ("fc5", 3, "fc5 at epoch 3 does not ship as arrays: expected one of 0, 20"),
            ("resnet18", 0, "resnet18 at epoch 0 does not ship as arrays: expected one of 20"),
            ("vgg", None, "network: expected one of fc1, fc5, resnet18, bijection"),
        ],
    )
    def test_of_what_does_not_ship_are_an_error_that_says_what_does(self, name, epoch, words):
        with pytest.raises(networks.NetworkError, match=re.escape(words)):
            networks.weights(name, epoch)

    def test_give_the_outputs_that_the_module_gives(self, loaded):
        def selu(z):
            return 1.0507009873554805 * np.where(z > 0, z, 1.6732632423543772 * np.expm1(z))

        images = mnist.load("test")[0][:20]
        x = images.reshape(20, 784).astype(float)
        fc1, fc5 = networks.weights("fc1"), networks.weights("fc5")
        single = selu(x @ fc1["layer1.weight"].T + fc1["layer1.bias"])
        for i in range(1, 6):
            x = x @ fc5[f"layer{i}.weight"].T + fc5[f"layer{i}.bias"]
            x = selu(x) if i < 5 else x
        assert_allclose(loaded["fc1"](torch.tensor(images)), single, atol=1e-4)
        assert_allclose(loaded["fc5"](torch.tensor(images)), x, atol=1e-4)


class TestLoad:
    @pytest.mark.parametrize("name", networks.NAMES)
    def test_gives_a_frozen_module_in_evaluation_mode(self, name, loaded):
        network = loaded[name]
        assert not any(module.training for module in network.modules())
        assert not any(parameter.requires_grad for parameter in network.parameters())
        assert all(p.dtype == torch.float32 for p in network.parameters())
        images = torch.tensor(mnist.load("test")[0][:3])
        outputs = network(images)
        assert outputs.shape == (3, 10)
        assert_allclose(network(images[:1]), outputs[:1], atol=1e-4)
        assert_allclose(network(images[:, None]), outputs, atol=1e-4)

    @pytest.mark.parametrize("name", ["fc1", "fc5"])
    def test_at_epoch_0_gives_what_training_began_with(self, name):
        network = networks.load(name, 0)
        assert networks.fingerprint(network) == networks.card(name)["initial_fingerprint"]

    @pytest.mark.parametrize("name", networks.NAMES)
    def test_at_epoch_0_gives_what_the_seed_builds(self, name):
        card, network = networks.card(name), networks.load(name, 0)
        built = networks.build(name, card["seed"]).state_dict()
        for key, value in network.state_dict().items():
            # The same draws; another kind of processor rounds some of them otherwise.
            assert_allclose(value, built[key], atol=1e-6)
        sums = networks.checksums(network)
        assert list(sums) == card["names"] == list(card["initial_checksums"])
        assert_allclose(list(sums.values()), list(card["initial_checksums"].values()), atol=1e-3)
        assert not network.training
        assert not any(parameter.requires_grad for parameter in network.parameters())

    def test_of_resnet18_at_epoch_0_works_where_the_processor_rounds_otherwise(self):
        script = "from vslib import networks; networks.load('resnet18', 0)"
        plain = os.environ | {"ATEN_CPU_CAPABILITY": "default"}
        subprocess.run([sys.executable, "-c", script], env=plain, check=True)

    def test_of_resnet18_at_epoch_0_is_nearly_all_in_what_it_became(self):
        # No gradient reaches the taps that only ever meet padding: they are as they were drawn.
        before, after = networks.load("resnet18", 0), networks.weights("resnet18")
        _, windows = taps.crop_unseen_taps(before, (28, 28))
        for name, window in windows.items():
            change = np.abs(before.get_submodule(name).weight.numpy() - after[f"{name}.weight"])
            assert change[(..., *window)].max() > 1e-3
            change[(..., *window)] = 0
            assert change.max() < 1e-4

    def test_of_another_torchs_resnet18_at_epoch_0_is_a_clear_error(self, monkeypatch):
        facts = networks.card("resnet18") | {
            "initial_fingerprint": "0123456789abcdef",
            "seed": 1,
            "torch": "1.0",
        }
        monkeypatch.setattr(shipped, "card", lambda name: facts)
        with pytest.raises(networks.NetworkError) as error:
            networks.load("resnet18", 0)
        for words in (
            f"torch {torch.__version__} builds another one than torch 1.0 did",
            "expected fingerprint 0123456789ab, got ",
            "install the torch of requirements.txt",
        ):
            assert words in str(error.value)

    def test_of_an_unknown_name_or_epoch_is_an_error(self):
        for name, epoch in (("vgg", None), ("fc1", 99), ("resnet18", 1), (None, None)):
            with pytest.raises(networks.NetworkError, match="expected one of"):
                networks.load(name, epoch)


class TestBuild:
    def test_is_seeded_and_leaves_torchs_own_draws_alone(self):
        torch.manual_seed(3)
        expected = torch.rand(3)
        torch.manual_seed(3)
        prints = [networks.fingerprint(networks.build("fc5", seed)) for seed in (0, 0, 1)]
        assert_array_equal(torch.rand(3), expected)
        assert prints[0] == prints[1] != prints[2]

    def test_of_resnet18_is_torchvisions_with_one_channel(self):
        from torchvision.models import resnet18

        ours, theirs = (
            networks.build("resnet18").state_dict(),
            resnet18(num_classes=10).state_dict(),
        )
        assert list(ours) == list(theirs)
        for key in ours:
            assert (ours[key].shape == theirs[key].shape) != (key == "conv1.weight")
        assert ours["conv1.weight"].shape == (64, 1, 7, 7)

    def test_of_an_unknown_name_is_an_error(self):
        with pytest.raises(networks.NetworkError, match="expected one of fc1, fc5, resnet18, bij"):
            networks.build("fc2")

    def test_of_relu3_is_three_layers_with_a_relu_between_every_two(self):
        kinds = [type(layer).__name__ for layer in networks.build("relu3")]
        assert kinds == ["Flatten", "Linear", "ReLU", "Linear", "ReLU", "Linear"]
        shapes = {k: tuple(v.shape) for k, v in networks.build("relu3").state_dict().items()}
        assert [shapes[f"layer{i}.weight"] for i in (1, 2, 3)] == [(32, 784), (16, 32), (10, 16)]


def test_fingerprint_changes_with_any_parameter_or_buffer():
    network = networks.build("resnet18")
    before = networks.fingerprint(network)
    seen = {before}
    for change in (network.fc.bias.data, network.bn1.running_mean, network.bn1.num_batches_tracked):
        assert networks.fingerprint(network) in seen
        change += 1
        seen.add(networks.fingerprint(network))
    assert len(seen) == 4
