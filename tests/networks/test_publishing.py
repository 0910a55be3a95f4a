"""From a finished run to a shipped network."""

import pytest
import torch
from numpy.testing import assert_array_equal
from safetensors.torch import load_file

from vslib import mnist, networks
from vslib.networks import shipped, training
from vslib.networks.publishing import publish


@pytest.fixture
def published(tmp_path, monkeypatch, request):
    """A short run of a network on a little data, published beside the package's own."""
    name, epochs = request.param
    images, labels = mnist.load("test")
    data = (images[:64], labels[:64]), (images[64:96], labels[64:96])
    training.train(name, tmp_path / "run", epochs, data=data)
    little = {"train": (images, labels), "test": (images[:50], labels[:50])}
    monkeypatch.setattr(mnist, "load", little.get)
    monkeypatch.setattr(mnist, "split", lambda seed: (slice(0), slice(50, 100)))
    publish(tmp_path / "run", tmp_path / "shipped")
    monkeypatch.setattr(shipped, "FOLDER", tmp_path / "shipped")
    networks.card.cache_clear()
    yield name, epochs, tmp_path
    networks.card.cache_clear()


def each(*names_and_epochs):
    return pytest.mark.parametrize("published", names_and_epochs, indirect=True)


@each(("fc1", 2), ("fc5", 2), ("resnet18", 1))
def test_what_is_published_loads_as_it_was_trained(published):
    name, epochs, folder = published
    network = networks.load(name)
    trained = load_file(folder / "run" / f"epoch{epochs:02d}.safetensors")
    for key, value in network.state_dict().items():
        expected = trained[f"network/{key}"]
        if name == "resnet18" and value.ndim >= 2:
            expected = expected.half().float()
        assert_array_equal(value, expected)
    assert not network.training
    if name == "resnet18":
        assert list(networks.card(name)["files"]) == ["1"]
    start = load_file(folder / "run" / "epoch00.safetensors")
    for key, value in networks.load(name, 0).state_dict().items():
        assert_array_equal(value, start[f"network/{key}"])


@each(("fc1", 2), ("fc5", 2))
def test_the_card_says_what_ships_and_how_well_it_reads(published):
    name, epochs, folder = published
    card = networks.card(name)
    shipped = {"fc1": ["0", "1", "2"], "fc5": ["0", "2"]}[name]
    assert card["epochs"] == epochs and list(card["files"]) == shipped
    images, labels = mnist.load("train")
    network = networks.load(name)
    assert card["test_accuracy"] == training.accuracy(network, images[:50], labels[:50])
    assert card["validation_accuracy"] == training.accuracy(network, images[50:100], labels[50:100])
    assert card["parameters"] == sum(p.numel() for p in network.parameters())
    assert card["torch"] == torch.__version__
    words = (folder / "shipped" / f"{name}.md").read_text()
    assert words.startswith(f"# Model card: {name}\n")
    assert f"| parameters | {card['parameters']:,} |" in words
