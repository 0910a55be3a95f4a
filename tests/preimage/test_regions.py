"""Linear regions of every kind of network in every precision: the affine map, or a refusal."""

import re
import warnings
from collections import namedtuple

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.testing import assert_allclose, assert_array_equal
from torch import nn
from torch.nn.utils import parametrizations, prune

from tests.strategies import AROUND
from vslib.inference import NotAChainError
from vslib.preimage import UncertifiedError, linear_region

DTYPES = (torch.float64, torch.float32, torch.float16, torch.bfloat16)
Answer = namedtuple("Answer", "logits other")


class Own(nn.Module):
    """Layers that are registered in another order than that of forward."""

    def __init__(self, forward):
        super().__init__()
        self.relu, self.c = nn.ReLU(), nn.Linear(5, 3)
        self.b, self.a = nn.Linear(5, 5), nn.Linear(6, 5)
        self.square, self.drop = nn.Linear(6, 6), nn.Dropout(0.9)
        self.way = forward

    def forward(self, x):
        return self.way(self, x)


def sequential(between=nn.ReLU, wrap=lambda layer: layer):
    layers = nn.Linear(6, 5), nn.Linear(5, 5), nn.Linear(5, 3)
    a, b, c = map(wrap, layers)
    return nn.Sequential(nn.Flatten(), a, between(), b, between(), c)


def shared():
    relu, square = nn.ReLU(), nn.Linear(6, 6)
    return nn.Sequential(square, relu, square, relu, nn.Linear(6, 3))


def nested():
    inner = nn.Sequential(nn.ReLU(inplace=True), nn.Sequential(nn.Linear(5, 5), nn.ReLU()))
    ends = nn.Sequential(nn.Identity(), nn.Linear(6, 5)), nn.Sequential(nn.Linear(5, 3))
    return nn.Sequential(nn.Dropout(0.5), ends[0], inner, nn.AlphaDropout(0.5), ends[1])


def pruned(layer):
    prune.l1_unstructured(layer, "weight", 0.5)
    return layer


def old_weight_norm(layer):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return nn.utils.weight_norm(layer)


class LoRA(nn.Linear):
    """A layer whose weight is not what it applies."""

    def __init__(self, layer):
        super().__init__(layer.in_features, layer.out_features)
        self.A = nn.Parameter(torch.randn(1, self.in_features))
        self.B = nn.Parameter(torch.randn(self.out_features, 1))

    def forward(self, x):
        return super().forward(x) + x @ self.A.T @ self.B.T


def normalised():
    layers = [nn.Linear(6, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 5), nn.ReLU()]
    layers += [nn.BatchNorm1d(5), nn.Linear(5, 3)]
    network = nn.Sequential(*layers)
    for _ in range(9):
        network(torch.randn(50, 6) + 1)
    return network


NETWORKS = {
    "sequential": sequential,
    "shared": shared,
    "nested": nested,
    "one ReLU used thrice": lambda: (
        lambda r: nn.Sequential(nn.Linear(6, 5), r, nn.Linear(5, 5), r, nn.Linear(5, 3), r)
    )(nn.ReLU(inplace=True)),
    "pruned": lambda: sequential(wrap=pruned),
    "weight norm": lambda: sequential(wrap=parametrizations.weight_norm),
    "old weight norm": lambda: sequential(wrap=old_weight_norm),
    "spectral norm": lambda: sequential(wrap=parametrizations.spectral_norm),
    "LoRA": lambda: sequential(wrap=LoRA),
    "batch norm": normalised,
    "without bias": lambda: nn.Sequential(
        nn.Linear(6, 5, bias=False), nn.ReLU(), nn.Linear(5, 3, bias=False)
    ),
    "own forward": lambda: Own(lambda n, x: n.c(n.relu(n.b(n.relu(n.a(n.drop(x))))))),
    "functional": lambda: Own(lambda n, x: n.c(F.relu(n.b(n.a(torch.flatten(x, 1)).relu())))),
    "twice in forward": lambda: Own(lambda n, x: n.a(n.relu(n.square(n.relu(n.square(x)))))),
}


def make(kind, dtype, training=False):
    torch.manual_seed(3)
    network = NETWORKS[kind]()
    # Weights whose ReLUs are neither all on nor all off.
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(1.5)
    return network.to(dtype).train(training)


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_it_is_the_jacobian_and_the_pattern_of_the_network_itself(kind, dtype):
    network, exact = make(kind, dtype, training=True), make(kind, dtype).double().eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    for seed in range(3):
        x = torch.randn(6, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
        region = linear_region(network, x)
        inputs = []
        hooks = [
            module.register_forward_pre_hook(
                lambda _, args, kept=inputs: kept.append(args[0].clone())
            )
            for module in exact.modules()
            if isinstance(module, nn.ReLU)
        ]
        J = torch.autograd.functional.jacobian(lambda x: exact(x[None])[0], x)
        for hook in hooks:
            hook.remove()
        assert_allclose(region.W, J, atol=1e-12)
        assert_allclose(region.W @ x.numpy() + region.b, exact(x[None])[0].detach(), atol=1e-12)
        if kind != "functional":
            assert_array_equal(
                np.concatenate(region.pattern), torch.cat(inputs, 1)[0].detach().numpy() > 0
            )
        assert len(region.pattern) == {"one ReLU used thrice": 3, "without bias": 1}.get(kind, 2)
        assert 0 <= region.error < 1e-12 and region.contains(x)
        points = region.around(x.numpy(), 20)
        assert region.contains(points).all() and np.ptp(points, 0).min() > 0
        expected = exact(torch.tensor(points)).detach()
        assert_allclose(points @ region.W.T + region.b, expected, atol=1e-11)
    assert all(module.training for module in network.modules())
    for name, value in network.state_dict().items():
        assert value.dtype == before[name].dtype and torch.equal(value, before[name])


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("kind", ["sequential", "weight norm", "pruned", "functional"])
def test_what_the_caller_has_set_plays_no_part(around, kind):
    network, x = make(kind, torch.float32), np.linspace(-1, 1, 6)
    expected = linear_region(network, x)
    with AROUND[around]():
        region = linear_region(network, x)
    assert_array_equal(region.W, expected.W)
    assert_array_equal(region.b, expected.b)


def test_a_network_that_was_made_in_inference_mode():
    with torch.inference_mode():
        network = make("sequential", torch.float32)
    region = linear_region(network, np.ones(6))
    assert_array_equal(region.W, linear_region(make("sequential", torch.float32), np.ones(6)).W)


@pytest.mark.parametrize("shape", [(6,), (2, 3), (1, 2, 3), (1, 1, 6)])
def test_x_may_have_the_shape_of_an_image(shape):
    network, x = make("sequential", torch.float32), np.linspace(0, 1, 6)
    region = linear_region(network, torch.tensor(x.reshape(shape)).float())
    assert_allclose(region.W, linear_region(network, np.float32(x)).W)


def test_a_network_may_ask_for_the_shape_of_an_image():
    network = Own(lambda n, x: n.c(n.relu(n.a(x.unsqueeze(1).flatten(1) if x.ndim == 3 else 0))))
    x = np.linspace(0, 1, 6)
    region = linear_region(network, x.reshape(2, 3))
    expected = network.double()(torch.tensor(x.reshape(1, 2, 3)))[0].detach()
    assert_allclose(region.W @ x + region.b, expected, atol=1e-12)
    # A layer along the last axis works on each row of the image by itself.
    rows = nn.Sequential(nn.Linear(3, 2), nn.ReLU()).double()
    region = linear_region(rows, x.reshape(2, 3))
    assert region.W.shape == (4, 6)
    assert_allclose(region.W @ x + region.b, rows(torch.tensor(x.reshape(2, 3))).detach().ravel())


@pytest.mark.parametrize(
    "give", [lambda y: {"logits": y, "other": 0}, lambda y: Answer(y, 0), lambda y: (y, 0)]
)
def test_what_is_no_tensor_is_taken_on_request_and_else_refused(give):
    network = Own(lambda n, x: give(n.c(n.relu(n.a(x)))))
    take = 0 if type(give(0)) is tuple else "logits"
    assert linear_region(network, np.ones(6), take=take).W.shape == (3, 6)
    with pytest.raises(ValueError, match="expected a tensor of outputs, got a"):
        linear_region(network, np.ones(6))


class Sneaky(nn.ReLU):
    def forward(self, x):
        return super().forward(x) + 1


def with_hole(value):
    network = make("sequential", torch.float32)
    with torch.no_grad():
        network[3].weight[1, 2] = value
    return network


REFUSED = {
    "residual": (Own(lambda n, x: x + n.square(n.relu(n.square(x)))), "got 'add'"),
    "residual, in place": (
        Own(lambda n, x: n.square(n.relu(n.square(x))).add_(x)),
        "got 'add_' after 'square, call 2'",
    ),
    "another function": (Own(lambda n, x: n.c(n.a(x).clamp(min=0))), "got 'clamp' after 'a'"),
    "scaled": (Own(lambda n, x: n.c(n.relu(n.a(x))) * 2), "got 'mul' after 'c'"),
    "two branches": (
        Own(lambda n, x: torch.cat([n.relu(n.a(x)), n.b(n.a(x))], 1)),
        "got 'a' on another tensor than what 'relu' gave",
    ),
    "a branch left out": (
        Own(lambda n, x: (h := n.a(x), n.relu(h), n.c(h))[2]),
        "got 'c' on another tensor than what 'relu' gave",
    ),
    "depends on x": (
        Own(lambda n, x: n.c(n.relu(n.a(x))) if x.max() > 2 else n.c(n.a(x))),
        "got 'max' after the input",
    ),
    "softmax": (nn.Sequential(nn.Linear(6, 3), nn.ReLU(), nn.Softmax(1)), "got Softmax as '2'"),
    "SELU": (nn.Sequential(nn.Linear(6, 3), nn.Sequential(nn.SELU())), "got SELU as '1.0'"),
    "leaky": (nn.Sequential(nn.Linear(6, 3), nn.LeakyReLU()), "got LeakyReLU as '1'"),
    "convolution": (nn.Sequential(nn.Unflatten(1, (1, 6)), nn.Conv1d(1, 2, 3)), "Conv1d as '1'"),
    "a ReLU of its own": (nn.Sequential(nn.Linear(6, 3), Sneaky()), "1: expected what ReLU gives"),
    "no ReLU": (nn.Sequential(nn.Linear(6, 3)), "expected at least one ReLU, got none"),
    "nothing at all": (nn.Sequential(), "expected at least one ReLU, got none"),
    "NaN": (with_hole(np.nan), "3, weight: expected finite numbers, got 1 NaN"),
    "infinite": (with_hole(np.inf), "3, weight: expected finite numbers, got 1 NaN or infinite"),
    "counts the batch": (
        nn.Sequential(nn.Linear(6, 3), nn.BatchNorm1d(3, track_running_stats=False), nn.ReLU()),
        "1: expected a layer that applies W x",
    ),
    "other width": (nn.Sequential(nn.Linear(5, 3), nn.ReLU()), "tried (N, 6)"),
    "lazy": (nn.Sequential(nn.LazyLinear(3), nn.ReLU()), "which is lazy"),
    "no rows": (nn.Sequential(nn.Flatten(0), nn.Unflatten(0, (1, -1)), nn.ReLU()), "(2, ...)"),
}


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.parametrize("x", [np.ones(6), np.linspace(-1, 1, 6)])
def test_what_is_no_chain_of_affine_layers_and_relus_is_refused_by_what_was_found(kind, x):
    network, words = REFUSED[kind]
    with pytest.raises(ValueError, match=re.escape(words)):
        linear_region(network, x)


def test_a_certificate_that_does_not_hold_is_a_refusal(monkeypatch):
    # The same layers, and other numbers whenever more than one input is asked at a time.
    class Fickle(nn.Linear):
        def forward(self, x):
            return super().forward(x) * (1 + 1e-6 * (len(x) > 4))

    network = nn.Sequential(Fickle(6, 5), nn.ReLU(), nn.Linear(5, 3))
    with pytest.raises(UncertifiedError, match="relative difference of"):
        linear_region(network, np.ones(6))
    assert not issubclass(UncertifiedError, NotAChainError)


def test_outputs_in_short_floats_are_reached_and_those_of_other_inputs_are_not():
    torch.manual_seed(0)
    for dtype in (torch.float32, torch.float16, torch.bfloat16):
        network = nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 4)).to(dtype)
        x, z = torch.rand(2, 8).to(dtype)
        region = linear_region(network, x, (0, 1))
        y = network(x).detach()
        assert region.with_output(y).contains(x) and region.with_output(y).feasible()
        assert not region.with_output(y + 5).feasible()
        if dtype == torch.float32:
            assert not region.with_output(network(z).detach()).contains(x)
