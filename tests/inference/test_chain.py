"""Which layers run, in which order; and whatever is not one layer after another is refused."""

import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations, prune

from vslib.inference import PASSIVE, NotAChainError, applied, asked, chain

KINDS = ("Linear", "ReLU", *PASSIVE)


class Network(nn.Module):
    """Layers registered in an order of their own, and whatever forward is given."""

    def __init__(self, forward):
        super().__init__()
        self.relu = nn.ReLU(inplace=True)
        self.b, self.a = nn.Linear(4, 4), nn.Linear(4, 4)
        self.drop, self.norm = nn.Dropout(), nn.BatchNorm1d(4)
        self.way = forward

    def forward(self, x):
        return self.way(self, x)


def names(network, x):
    with asked(network, double=True) as ask:
        return [step.name for step in chain(network, x.double(), KINDS, ask)]


@pytest.mark.parametrize(
    "forward, expected",
    [
        (lambda n, x: n.b(n.relu(n.a(x))), ["a", "relu", "b"]),
        (lambda n, x: n.b(F.relu(n.a(x.view(x.size(0), -1)))), ["a", "relu after 'a'", "b"]),
        (lambda n, x: n.b(torch.relu(n.a(torch.flatten(x, 1)))), ["a", "relu after 'a'", "b"]),
        (lambda n, x: n.b(n.a(x).relu_()), ["a", "relu after 'a'", "b"]),
        (lambda n, x: n.b(n.drop(n.relu(n.a(x)))), ["a", "relu", "drop", "b"]),
        (lambda n, x: n.b(F.dropout(n.a(x), training=n.training)), ["a", "b"]),
        (lambda n, x: n.a(n.relu(n.a(x))), ["a", "relu", "a, call 2"]),
        (lambda n, x: n.b(input=x), ["b"]),
        (lambda n, x: n.b(n.a(x) if x.ndim == 2 else x), ["a", "b"]),
    ],
)
def test_layers_are_named_in_the_order_in_which_they_run(forward, expected):
    assert names(Network(forward), torch.randn(1, 4)) == expected


@pytest.mark.parametrize(
    "forward, found",
    [
        (lambda n, x: x + n.b(n.relu(n.a(x))), "'add' on another tensor than what 'b' gave"),
        (lambda n, x: n.b(n.a(x).clamp(min=0)), "'clamp' after 'a'"),
        (lambda n, x: n.b(n.a(x) * 1), "'mul' after 'a'"),
        (lambda n, x: n.a(x) if x.sum() > 0 else n.b(x), "'sum' after the input"),
        (lambda n, x: n.a(x) if x.numpy()[0, 0] else n.b(x), "'numpy' after the input"),
        (lambda n, x: n.b(F.linear(x, n.a.weight)), "'linear' after the input"),
        (lambda n, x: (n.a(x), n.b(x))[1], "'b' on another tensor than what 'a' gave"),
        (lambda n, x: (h := n.a(x), n.b(h))[0], "outputs that are not what 'b' gave"),
        (lambda n, x: n.b(n.norm(x)), "BatchNorm1d as 'norm'"),
        (lambda n, x: n.b(x.T.T), "'T' after the input"),
        (lambda n, x: n.b(x).flip(1), "'flip' after 'b'"),
        (lambda n, x: n.b(n.a(x).float().double()), "'float' after 'a'"),
        (lambda n, x: n.b(x.float().double()), "'float' after the input"),
        (lambda n, x: n.b(x.to(torch.bfloat16).to(x.dtype)), "'to' after the input"),
        (lambda n, x: n.b(torch.cat([x.chunk(2, 1)[0]] * 2, 1)), "'chunk' after the input"),
        (lambda n, x: n.b(n.a(x).abs_()), "'abs_' after 'a'"),
    ],
)
def test_what_else_happens_is_refused_by_its_name(forward, found):
    network = Network(forward)
    with pytest.raises(NotAChainError, match=re.escape(f"one after the other, got {found}")):
        # Where all values are positive a ReLU changes nothing, and is seen all the same.
        names(network, torch.ones(1, 4))
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in network.modules())


def test_a_compiled_network_shows_what_it_was_compiled_from():
    layers = nn.Sequential(nn.Linear(4, 3), nn.ReLU()), nn.Linear(3, 2)
    whole = torch.compile(nn.Sequential(*layers), backend="eager")
    part = nn.Sequential(torch.compile(layers[0], backend="eager"), layers[1])
    for network, middle in ((whole, "_orig_mod.0.1"), (part, "0._orig_mod.1")):
        assert names(network, torch.randn(1, 4))[1] == middle


def test_hooks_of_the_network_belong_to_its_layers():
    network = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    network[0].register_forward_pre_hook(lambda module, args: (args[0] + 1,))
    network[0].register_forward_hook(lambda module, args, output: 3 * output)
    x = torch.ones(1, 2, dtype=torch.float64)
    with asked(network, double=True) as ask:
        first, _ = chain(network, x, KINDS, ask)
        W, b = applied(network[0], (2,), "0")
    assert first.name == "0" and torch.equal(first.input, x)
    np.testing.assert_allclose(W @ [1, 1] + b, first.output[0], rtol=1e-12)
    assert len(network[0]._forward_hooks) == len(network[0]._forward_pre_hooks) == 1


class LoRA(nn.Linear):
    def __init__(self, n, m):
        super().__init__(n, m)
        self.A, self.B = nn.Parameter(torch.randn(1, n)), nn.Parameter(torch.randn(m, 1))

    def forward(self, x):
        return super().forward(x) + x @ self.A.T @ self.B.T


class Packed(nn.Linear):
    """Two numbers of four bits in a byte."""

    def __init__(self, n, m):
        super().__init__(n, m)
        low, high = torch.randint(0, 16, (2, m * n // 2))
        del self.weight
        self.register_buffer("weight", (low + 16 * high).to(torch.uint8).reshape(-1, 1))

    def forward(self, x):
        high, low = self.weight.long() // 16, self.weight.long() % 16
        W = torch.cat([low, high], 1).reshape(self.out_features, -1).to(x.dtype)
        return F.linear(x, W, self.bias)


def pruned(n, m):
    layer = nn.Linear(n, m)
    prune.random_unstructured(layer, "weight", 0.5)
    with torch.no_grad():
        layer.weight_orig.mul_(3)  # `weight` is old until the next pass forward
    return layer


def scaled(n, m):
    layer = parametrizations.weight_norm(nn.Linear(n, m))
    with torch.no_grad():
        layer.parametrizations.weight.original0.mul_(5)
    return layer


@pytest.mark.parametrize(
    "make", [nn.Linear, LoRA, Packed, pruned, scaled, lambda n, m: nn.Linear(n, m, bias=False)]
)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_what_a_layer_applies_is_its_jacobian(make, dtype):
    torch.manual_seed(0)
    layer = make(6, 4).to(dtype)
    with asked(layer, double=True) as ask:
        W, b = applied(layer, (6,), "layer")
        x = torch.randn(6, dtype=torch.float64)
        J = torch.autograd.functional.jacobian(lambda x: ask(x[None])[0], x)
        y = ask(x[None])[0].detach()
    np.testing.assert_allclose(W, J, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(W @ x.numpy() + b, y, rtol=1e-12, atol=1e-12)
    if make is nn.Linear:
        assert np.array_equal(W, layer.weight.detach().double())


def test_batch_normalisation_is_affine_with_what_it_has_counted_and_not_without():
    norm = nn.BatchNorm1d(3)
    norm(5 + 3 * torch.randn(9, 3))
    x = torch.randn(4, 3, dtype=torch.float64)
    with asked(norm, double=True) as ask:
        W, b = applied(norm, (3,), "norm")
        np.testing.assert_allclose(x.numpy() @ W.T + b, ask(x).detach(), rtol=1e-12)
    with (
        asked(nn.BatchNorm1d(3, track_running_stats=False), double=True),
        pytest.raises(ValueError, match="norm: expected a layer that applies W x \\+ b, got Batch"),
    ):
        applied(nn.BatchNorm1d(3, track_running_stats=False).double(), (3,), "norm")


class Curved(nn.Linear):
    def forward(self, x):
        return super().forward(x).tanh()


def test_a_layer_that_is_not_affine_is_refused_by_name():
    with pytest.raises(ValueError, match="the curve: expected a layer that applies W x"):
        applied(Curved(3, 3).double(), (3,), "the curve")
    layer = nn.Linear(3, 3).double()
    with torch.no_grad():
        layer.weight[1, 1] = float("nan")
    with pytest.raises(ValueError, match="the hole, weight: expected finite numbers, got 1 NaN"):
        applied(layer, (3,), "the hole")
