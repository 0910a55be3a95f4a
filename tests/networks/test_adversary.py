"""A reader that is trained against: what it charges, and that it learns by its own steps alone."""

import math

import pytest
import torch
from numpy.testing import assert_array_equal
from torch.nn import functional as F

from vslib import networks
from vslib.networks import OneCycle
from vslib.networks.adversary import Adversary


@pytest.fixture
def codes():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(40, 784, generator=generator), torch.arange(40) % 10


def test_charges_the_divergence_from_a_tenth_for_each_digit(codes):
    adversary = Adversary({})
    for _ in range(5):
        adversary.learn(*codes)
    answers = adversary.reader(codes[0]).log_softmax(1)
    expected = F.kl_div(answers, torch.full_like(answers, 0.1), reduction="batchmean")
    assert adversary.sureness(codes[0]).item() == pytest.approx(expected.item(), rel=1e-5)
    for parameter in adversary.reader.parameters():
        torch.nn.init.zeros_(parameter)
    assert adversary.sureness(codes[0]).item() == pytest.approx(0, abs=1e-6)


def test_does_not_see_the_size_of_codes(codes):
    adversary = Adversary({})
    assert adversary.sureness(codes[0]).item() == pytest.approx(
        adversary.sureness(100 * codes[0]).item(), rel=1e-4
    )


def test_is_not_moved_by_what_the_bijection_is_charged(codes):
    alone, charged = Adversary({}), Adversary({})
    for _ in range(3):
        alone.learn(*codes)
        charged.learn(*codes)
        charged.sureness(codes[0]).backward()
    assert_array_equal(*(each.reader[1].weight.detach() for each in (alone, charged)))


def test_is_fooled_by_codes_that_follow_its_gradient(codes):
    adversary, moved = Adversary({}), codes[0].clone().requires_grad_()
    for _ in range(60):
        adversary.learn(*codes)
    before = F.cross_entropy(adversary.reader(moved), codes[1]).item()
    optimizer = torch.optim.SGD([moved], 30.0)
    for _ in range(200):
        optimizer.zero_grad()
        adversary.sureness(moved).backward()
        optimizer.step()
    after = F.cross_entropy(adversary.reader(moved), codes[1]).item()
    # To chance, and no further: what keeps training from running away.
    assert before < 0.2 and after == pytest.approx(math.log(10), abs=0.3)


def test_reads_what_the_readout_rejects_and_nothing_else():
    recipe = networks.RECIPES["bijection"] | {"adversary": 0.5}
    network = networks.build("bijection")
    method = OneCycle(network, recipe, {}, 10)
    x, y = torch.rand(20, 28, 28), torch.arange(20) % 10
    seen = []
    method.adversary.learn = lambda rejected, labels: seen.append(rejected)
    charged = method._loss(x, x, y).item()
    z = network.bijection(x)
    A = network.readout.weight.detach()
    expected = z - z @ (torch.linalg.pinv(A) @ A)
    torch.testing.assert_close(seen[0], expected, atol=1e-4, rtol=0)
    plain = F.cross_entropy(network(x), y) + recipe["adversary"] * method.adversary.sureness(z)
    answer = F.cross_entropy(network(x), y)
    sureness = method.adversary.sureness(expected)
    assert charged == pytest.approx((answer + recipe["adversary"] * sureness).item(), abs=1e-5)
    assert charged != pytest.approx(plain.item(), abs=1e-6)
