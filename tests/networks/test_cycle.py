"""One cycle of AdamW: resumed it is the same, it learns, and its terms are what they say."""

import math

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from vslib import mnist, networks
from vslib.networks import OneCycle, checkpoints, train


@pytest.fixture(scope="module")
def data():
    """A little of MNIST: 256 images to train on, 40 to validate with."""
    images, labels = mnist.load("test")
    return (images[:256], labels[:256]), (images[300:340], labels[300:340])


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("name", networks.RECIPES)
def test_resumed_gives_what_a_whole_run_gives(name, data, tmp_path):
    recipe = networks.RECIPES[name] | {"epochs": 2}
    train(name, tmp_path / "whole", 2, seed=3, data=data, recipe=recipe)
    # Stopped after one epoch: what a killed process leaves behind.
    whole = contents(tmp_path / "whole")
    cut = tmp_path / "cut"
    cut.mkdir()
    for file in ("epoch00.safetensors", "epoch01.safetensors"):
        (cut / file).write_bytes(whole[file])
    record = checkpoints.record(tmp_path / "whole")
    networks.checkpoints.files.write_json(
        cut / "record.json", record | {"history": record["history"][:1]}
    )
    train(name, cut, 2, seed=3, resume=True, data=data, recipe=recipe)
    assert contents(cut) == whole


def test_learns_and_bijection_and_twin_start_alike(data, tmp_path):
    found = [train(name, tmp_path / name, 3, data=data) for name in ("bijection", "twin")]
    for record in found:
        losses = [entry["loss"] for entry in record["history"]]
        assert losses[-1] < losses[0] < math.log(10) + 0.3
    assert found[0]["initial_fingerprint"] == found[1]["initial_fingerprint"]
    assert {**found[0]["recipe"]} == {**networks.RECIPES["twin"], "epochs": 3}


def test_the_papers_recipe_is_to_be_had_too(data, tmp_path):
    record = train("twin", tmp_path, 1, data=data, recipe=networks.RECIPE)
    assert record["recipe"] == networks.RECIPE


def test_rate_goes_up_in_the_first_fifth_and_down_to_zero():
    method = OneCycle(networks.build("bijection"), networks.RECIPES["bijection"], {}, 100)
    rates = []
    for method.done in range(101):
        rates.append(method.rate())
    assert rates[0] == 0 and rates[20] == max(rates) == 0.004 and rates[100] < 1e-12
    assert (np.diff(rates[:21]) > 0).all() and (np.diff(rates[20:]) < 0).all()


def test_the_terms_of_the_loss_are_what_they_say():
    torch.manual_seed(0)
    x, y = torch.rand(4, 28, 28), torch.arange(4)
    network = networks.build("bijection-likelihood")
    with torch.no_grad():
        for parameter in network.bijection.parameters():
            parameter.add_(0.01 * torch.randn(parameter.shape))
    plain = networks.RECIPES["bijection"]
    losses = []
    for more in ({}, {"likelihood": 2.0}, {"reconstruction": 3.0}):
        method = OneCycle(network, plain | more, {}, 10)
        losses.append(method._loss(x, x, y).item())
    z, logdet = network.bijection.with_logdet(x)
    A = network.readout.weight
    gauss = torch.distributions.Normal(A[y], 1).log_prob(z).sum(1) + 392 * math.log(2 * math.pi)
    surprise = -(gauss + logdet).mean() / 784
    assert losses[1] - losses[0] == pytest.approx(2 * surprise.item(), abs=1e-4)
    signal = z @ (torch.linalg.pinv(A) @ A)
    missed = ((network.bijection.inverse(signal) - x) ** 2).mean()
    assert losses[2] - losses[0] == pytest.approx(3 * missed.item(), rel=1e-2)


def test_images_are_moved_whole_by_two_pixels_at_most():
    from vslib.networks.methods import _moved

    images = torch.zeros(200, 28, 28)
    images[:, 10, 12] = 1
    moved = _moved(images, torch.Generator().manual_seed(0))
    assert_array_equal(moved.sum((1, 2)), 1)
    places = torch.nonzero(moved)[:, 1:] - torch.tensor([10, 12])
    assert {*map(tuple, places.tolist())} == {(i, j) for i in range(-2, 3) for j in range(-2, 3)}
