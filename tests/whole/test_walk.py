"""Walks within level sets: against nearest points that another solver finds."""

import numpy as np
import pytest
import torch
from scipy import optimize
from torch import nn

from vslib import layers, mnist, networks
from vslib.whole import level_walk
from vslib.whole.box import nearest

torch.manual_seed(0)
RANDOM = np.random.default_rng(0)
SMOOTH = nn.Sequential(nn.Linear(12, 9), nn.Tanh(), nn.Linear(9, 3)).double()


def outputs(network, x):
    with torch.no_grad():
        return network(torch.tensor(x[None]))[0].numpy()


def least_distance(network, x, towards, bounds=None):
    """The end by scipy's sequential quadratic programming, from the walk's own start."""
    wanted = outputs(network, x)

    def jacobian(z):
        z = torch.tensor(z)
        return torch.func.jacrev(lambda z: network(z[None])[0])(z).detach().numpy()

    found = optimize.minimize(
        lambda z: np.sum((z - towards) ** 2),
        x,
        jac=lambda z: 2 * (z - towards),
        bounds=bounds,
        constraints={
            "type": "eq",
            "fun": lambda z: outputs(network, z) - wanted,
            "jac": jacobian,
        },
        options={"ftol": 1e-14, "maxiter": 1000},
    )
    return found.x


class TestNearest:
    @pytest.mark.parametrize("seed", range(5))
    def test_is_that_of_a_bounded_solver(self, seed):
        random = np.random.default_rng(seed)
        V = np.linalg.qr(random.normal(size=(12, 4)))[0].T
        inside, target = random.random(12), 2 * random.normal(size=12)
        found = nearest(target, V, V @ inside, (0, 1))
        expected = optimize.minimize(
            lambda z: np.sum((z - target) ** 2),
            inside,
            jac=lambda z: 2 * (z - target),
            bounds=[(0, 1)] * 12,
            constraints={"type": "eq", "fun": lambda z: V @ (z - inside), "jac": lambda z: V},
            options={"ftol": 1e-15, "maxiter": 1000},
        ).x
        assert np.allclose(V @ found, V @ inside, atol=1e-9)
        assert found.min() >= 0 and found.max() <= 1
        assert np.allclose(found, expected, atol=1e-5)

    def test_none_where_there_is_no_such_point(self):
        assert nearest(np.zeros(3), np.eye(3)[:1], np.array([2.0]), (0, 1)) is None


class TestWalk:
    def test_through_one_matrix_ends_at_the_projection(self):
        layer = nn.Linear(8, 3).double()
        x, towards = RANDOM.normal(size=(2, 8))
        J = layer.weight.detach().numpy()
        step = (np.eye(8) - np.linalg.pinv(J) @ J) @ (towards - x)
        found = level_walk(layer, x, towards)
        assert found.converged
        assert np.allclose(found.end, x + step, atol=1e-5)

    @pytest.mark.parametrize("box", [None, (0, 1)])
    def test_through_a_smooth_network_ends_where_another_solver_does(self, box):
        x, towards = RANDOM.random((2, 12))
        found = level_walk(SMOOTH, x, towards, box=box)
        bounds = None if box is None else [box] * 12
        expected = least_distance(SMOOTH, x, towards, bounds)
        assert found.converged
        assert np.allclose(found.end, expected, atol=1e-4)
        share = np.linalg.norm(expected - towards) / np.linalg.norm(x - towards)
        assert found.left == pytest.approx(share, abs=1e-6)

    def test_each_step_is_nearer_and_holds_what_is_held(self):
        x, towards = RANDOM.random((2, 12))
        found = level_walk(SMOOTH, x, towards, box=(0, 1))
        away = np.linalg.norm(found.images - towards, axis=1)
        assert (np.diff(away) < 0).all()
        off = [np.abs(outputs(SMOOTH, z) - outputs(SMOOTH, x)).max() for z in found.images]
        assert found.worst == pytest.approx(max(off), abs=1e-14) and found.worst < 1e-11
        assert found.images.min() >= 0 and found.images.max() <= 1

    def test_of_few_steps_says_that_it_has_not_converged(self):
        x, towards = RANDOM.random((2, 12))
        found = level_walk(SMOOTH, x, towards, steps=2)
        assert len(found.images) == 3 and not found.converged and found.step_left > 1e-3

    def test_holding_a_layer_holds_more_than_holding_the_outputs(self):
        x, towards = RANDOM.random((2, 12))
        free, held = level_walk(SMOOTH, x, towards), level_walk(SMOOTH, x, towards, hold="0")
        first = [outputs(SMOOTH[:1], z) for z in held.images]
        assert np.abs(np.array(first) - first[0]).max() < 1e-10
        assert held.left > free.left

    def test_from_a_7_to_a_2_holds_the_outputs_of_fc5(self):
        images, labels = mnist.load("test")
        seven, two = (images[np.flatnonzero(labels == digit)[0]] for digit in (7, 2))
        network = networks.load("fc5")
        found = level_walk(network, seven, two, box=(0, 1), steps=15)
        assert found.worst < 1e-10 and found.left < 0.75
        ends = networks.evaluate(network.double(), found.images[[0, -1]])
        assert np.abs(ends[0] - ends[1]).max() < 1e-10

    def test_from_a_7_to_a_2_holds_the_outputs_of_resnet18(self):
        images, labels = mnist.load("test")
        seven, two = (images[np.flatnonzero(labels == digit)[0]] for digit in (7, 2))
        network, _ = layers.crop_unseen_taps(networks.load("resnet18"), (28, 28))
        found = level_walk(network, seven, two, box=(0, 1), steps=4)
        assert found.worst < 1e-10 and found.left < 0.9


class TestRefused:
    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"towards": np.ones(11)}, "towards: expected another input of shape"),
            ({"towards": np.zeros(12)}, "got the same"),
            ({"towards": np.full(12, np.nan)}, "finite"),
            ({"box": (1, 2)}, "box: expected"),
            ({"box": (1, 0)}, "box: expected"),
            ({"hold": "9"}, "hold: expected the name of a module, '0', '1', '2'; got '9'"),
        ],
    )
    def test_what_cannot_be_walked(self, change, said):
        given = {"x": np.zeros(12), "towards": np.ones(12)} | change
        with pytest.raises(ValueError, match=said):
            level_walk(SMOOTH, **given)

    def test_a_module_that_runs_twice(self):
        tanh = nn.Tanh()
        network = nn.Sequential(tanh, nn.Linear(3, 3), tanh)
        with pytest.raises(ValueError, match="runs once, got '0', which it runs 2 times"):
            level_walk(network, np.zeros(3), np.ones(3), hold="0")

    def test_a_network_that_draws_at_random(self):
        network = nn.Sequential(nn.Linear(3, 2), Drawn())
        with pytest.raises(ValueError, match="same outputs whenever it is asked"):
            level_walk(network, np.zeros(3), np.ones(3))

    @pytest.mark.parametrize("frozen", [True, False])
    def test_outputs_that_are_detached_from_the_input(self, frozen):
        network = nn.Sequential(Detached(), nn.Linear(3, 2)).requires_grad_(not frozen)
        with pytest.raises(ValueError, match="path with derivatives, got none"):
            level_walk(network, np.zeros(3), np.ones(3))


class Drawn(nn.Module):
    def forward(self, x):
        return x + torch.randn(x.shape, dtype=x.dtype)


class Detached(nn.Module):
    def forward(self, x):
        return x.detach()
