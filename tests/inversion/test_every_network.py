"""Networks as they come: every way to make a weight, every precision, every state of the caller."""

import itertools
import re
import warnings
from collections import namedtuple

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from torch import nn
from torch.nn.utils import parametrizations, prune

from tests.strategies import AROUND
from vslib.inversion import (
    InversionError,
    NotConvergedError,
    OutOfRangeError,
    UnreachableError,
    invert,
    remember,
)

DTYPES = (torch.float64, torch.float32, torch.float16, torch.bfloat16)
Answer = namedtuple("Answer", "logits other")


class Own(nn.Module):
    """Layers registered in another order than that of forward, and used as it likes."""

    def __init__(self, forward):
        super().__init__()
        self.c, self.b, self.a = nn.Linear(7, 7), nn.Linear(5, 7), nn.Linear(5, 5)
        self.tanh, self.drop = nn.Tanh(), nn.Dropout(0.9)
        self.way = forward

    def forward(self, x):
        return self.way(self, x)


def sequential(wrap=lambda layer: layer, activation=nn.Tanh):
    """5 -> 5 -> 7, so that its outputs are inverted exactly, and some are not reached."""
    first, last = wrap(nn.Linear(5, 5)), wrap(nn.Linear(5, 7))
    return nn.Sequential(nn.Flatten(), first, activation(), last)


def pruned(layer):
    prune.random_unstructured(layer, "weight", 2)
    return layer


def pruned_since(layer):
    pruned(layer)
    with torch.no_grad():
        layer.weight_orig.mul_(1.25)  # `weight` is old until the next pass forward
    return layer


def old_weight_norm(layer):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return nn.utils.weight_norm(layer)


class LoRA(nn.Linear):
    def __init__(self, layer):
        super().__init__(layer.in_features, layer.out_features)
        self.A = nn.Parameter(torch.randn(1, self.in_features) / 2)
        self.B = nn.Parameter(torch.randn(self.out_features, 1) / 2)

    def forward(self, x):
        return super().forward(x) + x @ self.A.T @ self.B.T


def shared():
    square, tanh = nn.Linear(5, 5), nn.Tanh()
    return nn.Sequential(square, tanh, square, tanh, nn.Sequential(nn.Linear(5, 7)))


NETWORKS = {
    "sequential": sequential,
    "SELU": lambda: sequential(activation=nn.SELU),
    "softplus": lambda: sequential(activation=nn.Softplus),
    "leaky": lambda: sequential(activation=lambda: nn.LeakyReLU(0.2)),
    "shared": shared,
    "pruned": lambda: sequential(pruned),
    "pruned since": lambda: sequential(pruned_since),
    "weight norm": lambda: sequential(parametrizations.weight_norm),
    "old weight norm": lambda: sequential(old_weight_norm),
    "spectral norm": lambda: sequential(parametrizations.spectral_norm),
    "LoRA": lambda: sequential(LoRA),
    "own forward": lambda: Own(lambda n, x: n.b(n.tanh(n.a(n.drop(x))))),
    "twice in forward": lambda: Own(lambda n, x: n.b(n.tanh(n.a(n.tanh(n.a(x.flatten(1))))))),
}
IN_SHORT = [kind for kind in NETWORKS if kind not in ("spectral norm", "twice in forward")]


def make(kind, dtype=torch.float32, training=False):
    torch.manual_seed(5)
    return NETWORKS[kind]().to(dtype).train(training)


def inputs(count=4, n=5, seed=0):
    return np.random.default_rng(seed).normal(size=(count, n))


def outputs(kind, dtype, x):
    """What a twin of the network gives that was turned to float64, as torch computes it."""
    with torch.no_grad():
        return make(kind, dtype).double().eval()(torch.tensor(x)).numpy()


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_float64_outputs_give_the_inputs_back(kind, dtype):
    network, x = make(kind, dtype, training=True), inputs()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    y = outputs(kind, dtype, x)
    memory = remember(network, x)
    assert_allclose(memory.output, y, rtol=1e-12)
    for method, more in (
        ("pseudoinverse", {}),
        ("newton", {"start": x + 0.1}),
        ("remembered", {"memory": memory}),
    ):
        found = invert(network, memory.output if more else y, method, **more)
        assert found.error.max() < 1e-10
        assert_allclose(found.x, x, atol=1e-7)
        assert_allclose(outputs(kind, dtype, found.x), y, rtol=1e-9, atol=1e-10)
    assert all(module.training for module in network.modules())
    for name, value in network.state_dict().items():
        assert value.dtype == before[name].dtype and torch.equal(value, before[name])
    assert not any(parameter.grad is not None for parameter in network.parameters())


@pytest.mark.parametrize("kind", IN_SHORT)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("method", ["pseudoinverse", "newton"])
def test_the_networks_own_outputs_are_inverted_as_they_come(kind, dtype, method):
    network = make(kind, dtype)
    x = torch.tensor(inputs() / 2).to(dtype)
    y = network(x)
    found = invert(network, y, method)
    eps = torch.finfo(dtype).eps
    again = outputs(kind, dtype, found.x)
    error = np.linalg.norm(again - y.detach().double().numpy(), axis=1)
    error /= np.linalg.norm(y.detach().double().numpy(), axis=1)
    assert_allclose(found.error, error, atol=1e-12)
    assert found.solved.all() and error.max() <= max(1e-10, 16 * eps)
    assert_array_equal(invert(network, y.detach(), method).x, found.x)


@pytest.mark.parametrize("widths", [(10, 20, 30), (4, 9, 16, 25), (30, 40), (3, 50, 51, 52, 60)])
@pytest.mark.parametrize("activation", [nn.Tanh, nn.Sigmoid, nn.SELU, nn.Softplus, nn.LeakyReLU])
@pytest.mark.parametrize("size", [0.1, 1])
def test_float32_outputs_of_networks_that_widen(widths, activation, size):
    # Rounding of one layer is magnified by the next one's inverse, and made small again.
    torch.manual_seed(1)
    layers = []
    for n, m in itertools.pairwise(widths):
        layers += [nn.Linear(n, m), activation()]
    network = nn.Sequential(*layers[:-1])
    x = size * torch.randn(6, widths[0])
    y = network(x).detach()
    found = invert(network, y)
    assert found.solved.all() and found.error.max() < 2e-6
    assert_allclose(found.x, x, atol=0.05 * size)
    # Without what says that they are float32 they are no outputs of it, and that is said.
    with pytest.raises(InversionError, match="kept in float32 need a tolerance of"):
        invert(network, y.double().numpy())


def test_a_hint_at_float32_is_no_answer_for_what_is_far_off():
    network = make("sequential")
    y = outputs("sequential", torch.float32, inputs()) + np.eye(7)[0]
    with pytest.raises(UnreachableError) as caught:
        invert(network, np.float32(y))
    assert caught.value.layer == "3" and "float32" not in str(caught.value)
    assert caught.value.count == 4 and not caught.value.inversion.solved.any()


def test_rows_that_no_input_gives_are_told_from_those_that_rounding_moved():
    network = make("sequential")
    x = torch.tensor(inputs()).float()
    y = network(x).detach()
    y[1] += torch.eye(7)[2]
    found = invert(network, y, partial=True)
    assert_array_equal(found.solved, [True, False, True, True])
    (stop,) = found.stops
    assert isinstance(stop, UnreachableError) and list(stop.which) == [1]
    assert np.isfinite(found.x).all() and found.error[1] > 1e-3


def low_rank(m=40, n=30, r=4, dtype=torch.float32):
    torch.manual_seed(2)
    layer = nn.Linear(n, m, dtype=dtype)
    with torch.no_grad():
        layer.weight[:] = torch.randn(m, r, dtype=dtype) @ torch.randn(r, n, dtype=dtype)
    return layer


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("end", [None, nn.Tanh, nn.LeakyReLU])
@pytest.mark.parametrize("shape", [(40, 30, 4), (30, 40, 1), (64, 64, 9)])
@pytest.mark.parametrize("as_it_came", [True, False])
def test_of_a_layer_of_low_rank_the_input_of_least_norm_comes_back(dtype, end, shape, as_it_came):
    # What rounding its product of factors to float32 leaves would be inverted to a long input.
    layer = low_rank(*shape, dtype)
    network = nn.Sequential(layer, *([end()] if end else []))
    x = 0.05 * torch.randn(3, shape[1], dtype=dtype)
    W = layer.weight.detach().double().numpy()
    least = x.double().numpy() @ np.linalg.pinv(W, rcond=1e-5) @ W
    if as_it_came:
        y = network(x).detach()
    else:
        y = network.double()(x.double()).detach().numpy()
        network.to(dtype)
    for method in ("pseudoinverse", "newton"):
        found = invert(network, y, method)
        assert_allclose(found.x, least, atol=1e-4)
        assert found.error.max() < 1e-5
    memory = remember(network, x)
    assert_allclose(invert(network, memory.output, "remembered", memory=memory).x, x, atol=1e-9)


def test_in_float64_a_small_singular_value_is_one():
    W = np.diag([1.0, 1e-8])
    layer = nn.Linear(2, 2, bias=False).double()
    with torch.no_grad():
        layer.weight[:] = torch.tensor(W)
    x = np.array([1.0, 2.0])
    assert_allclose(invert(nn.Sequential(layer), W @ x).x, x, rtol=1e-9)
    found = invert(nn.Sequential(layer.float()), W @ x)
    assert_allclose(found.x, [1, 0], atol=1e-12)
    assert 1e-8 < found.error < 1e-6


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("kind", ["sequential", "weight norm", "pruned", "own forward"])
def test_what_the_caller_has_set_plays_no_part(around, kind):
    network, x = make(kind), inputs()
    y = outputs(kind, torch.float32, x)
    expected = invert(network, y)
    with AROUND[around]():
        found, memory = invert(network, y), remember(network, x)
    assert_array_equal(found.x, expected.x)
    assert_array_equal(memory.output, remember(network, x).output)


def test_a_network_that_was_made_in_inference_mode():
    with torch.inference_mode():
        network = make("sequential")
        y = network(torch.tensor(inputs()).float())
    assert invert(network, y).solved.all()


@pytest.mark.parametrize(
    "give", [lambda y: {"logits": y, "other": 0}, lambda y: Answer(y, 0), lambda y: (y, 0)]
)
def test_what_is_no_tensor_is_taken_on_request_and_else_refused(give):
    torch.manual_seed(0)
    network, x = Own(lambda n, x: give(n.b(n.tanh(n.a(x))))), inputs()
    take = 0 if type(give(0)) is tuple else "logits"
    memory = remember(network, x, take=take)
    assert_allclose(invert(network, memory.output, take=take).x, x, atol=1e-9)
    for ask in (lambda: invert(network, memory.output), lambda: remember(network, x)):
        with pytest.raises(ValueError, match="expected a tensor of outputs, got a"):
            ask()


class Shifted(nn.Sequential):
    def forward(self, x):
        return super().forward(x) + 1


class Cut(nn.Sequential):
    def forward(self, x):
        return super().forward(x)[:, :3]


class Curved(nn.Linear):
    def forward(self, x):
        return super().forward(x).sin()


def with_hole(value):
    network = make("sequential")
    with torch.no_grad():
        network[3].weight[1, 2] = value
    return network


REFUSED = {
    "residual": (Own(lambda n, x: x + n.a(n.tanh(n.a(x)))), "got 'add'"),
    "a function": (Own(lambda n, x: n.b(torch.sigmoid(n.a(x)))), "got 'sigmoid' after 'a'"),
    "depends on x": (Own(lambda n, x: n.b(x) if x.sum() > 9 else n.b(n.a(x))), "got 'sum' after"),
    "ReLU": (nn.Sequential(nn.Linear(5, 7), nn.Sequential(nn.ReLU())), "got ReLU as '1.0'"),
    "norm": (nn.Sequential(nn.Linear(5, 7), nn.LayerNorm(7)), "got LayerNorm as '1'"),
    "no linear layer": (nn.Sequential(nn.Tanh()), "at least one Linear, got none"),
    "not affine": (nn.Sequential(Curved(5, 7)), "0: expected a layer that applies W x + b"),
    "NaN": (with_hole(np.nan), "3, weight: expected finite numbers, got 1 NaN"),
    "infinite": (with_hole(-np.inf), "3, weight: expected finite numbers, got 1 NaN or infinite"),
    "cut": (Cut(nn.Linear(5, 7)), "expected outputs of length 7, as its last Linear"),
    "lazy": (nn.Sequential(nn.LazyLinear(7)), "lazy"),
    "recurrent": (nn.LSTM(5, 7), "got LSTM as 'LSTM'"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_has_no_way_back_is_refused_by_what_was_found(kind):
    network, words = REFUSED[kind]
    for ask in (lambda: invert(network, np.ones((2, 7))), lambda: remember(network, inputs())):
        with pytest.raises(ValueError, match=re.escape(words)):
            ask()


def test_a_network_that_is_not_its_layers_is_not_remembered_and_never_inverted():
    torch.manual_seed(0)
    network = Shifted(nn.Linear(5, 5))
    with pytest.raises(ValueError, match="expected its layers one after the other to be what"):
        remember(network, inputs())
    with pytest.raises(NotConvergedError):
        invert(network, np.ones(5))


@pytest.mark.parametrize("length", [0, 1, 6, 8])
def test_an_output_of_another_length_is_said(length):
    with pytest.raises(ValueError, match=r"output: expected (length 7|at least)"):
        invert(make("sequential"), np.ones((2, length)))


ENDS = {
    "Tanh": (nn.Tanh(), [-9e4, 9e4]),
    "Sigmoid": (nn.Sigmoid(), [-9e4, 9e4]),
    "SELU": (nn.SELU(), [-9e4]),
    "ELU": (nn.ELU(), [-9e4]),
    "ELU 0.3": (nn.ELU(0.3), [-9e4]),
    "ELU 1.7": (nn.ELU(1.7), [-9e4]),
    "Softplus": (nn.Softplus(), [-9e4]),
    "Softplus 3": (nn.Softplus(3.0), [-9e4]),
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("method", ["pseudoinverse", "newton"])
def test_saturated_outputs_are_refused_in_every_precision(end, dtype, method):
    module, far = ENDS[end]
    network = nn.Sequential(nn.Linear(2, 2), module)
    with torch.no_grad():
        network[0].weight[:], network[0].bias[:] = torch.eye(2), 0
    network.to(dtype)
    for value in far:
        y = network(torch.tensor([[0.5, 0.25], [0.5, np.clip(value, -6e4, 6e4)]], dtype=dtype))
        with pytest.raises(OutOfRangeError) as caught:
            invert(network, y, method)
        assert caught.value.layer == "1" and list(caught.value.which) == [1]
        assert caught.value.entries == 1 and caught.value.worst == y[1, 1].item()


def test_outputs_that_overflow_are_no_answer():
    network = nn.Sequential(nn.Linear(2, 2), nn.Identity(), nn.Linear(2, 2)).double()
    with torch.no_grad():
        for layer in (network[0], network[2]):
            layer.weight[:], layer.bias[:] = 1e200 * torch.eye(2).double(), 0
    with pytest.raises(ValueError, match="network: expected finite outputs"):
        remember(network, np.ones((1, 2)))
    found = invert(network, 1e-300 * np.ones((2, 2)), "newton", start=[1e200, 1], partial=True)
    assert not np.isnan(found.error).any() and np.isfinite(found.x).all()
    assert (found.error[found.solved] < 1e-9).all()
