"""A network borrowed in float64, of every kind that torch makes weights of: right, and put back."""

import copy
import warnings

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune

from vslib.inference import asked, borrowed

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    old_weight_norm = nn.utils.weight_norm(nn.Linear(4, 4))


class Plain(nn.Module):
    """A weight in a plain attribute, which no state dict knows, and a count of calls."""

    def __init__(self):
        super().__init__()
        self.weight, self.calls = torch.randn(3, 4), torch.zeros(1)

    def forward(self, x):
        self.calls += 1
        return x @ self.weight.T


def shared():
    layer = nn.Linear(4, 4)
    return nn.Sequential(layer, nn.Tanh(), layer)


def tied():
    network = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    network[1].weight = network[0].weight
    return network


def pruned():
    layer = nn.Linear(4, 3)
    prune.l1_unstructured(layer, "weight", 0.5)
    return layer


def in_inference_mode():
    with torch.inference_mode():
        return nn.Linear(4, 3)


NETWORKS = {
    "linear": lambda: nn.Linear(4, 3),
    "batch norm": lambda: nn.BatchNorm1d(4),
    "old weight norm": lambda: old_weight_norm,
    "weight norm": lambda: parametrizations.weight_norm(nn.Linear(4, 3)),
    "spectral norm": lambda: parametrizations.spectral_norm(nn.Linear(4, 3)),
    "orthogonal": lambda: parametrizations.orthogonal(nn.Linear(4, 4)),
    "old spectral norm": lambda: nn.utils.spectral_norm(nn.Linear(4, 3)),
    "pruned": pruned,
    "shared": shared,
    "tied": tied,
    "plain": Plain,
    "inference mode": in_inference_mode,
    "attention": lambda: nn.TransformerEncoderLayer(4, 2, 8),
    "double already": lambda: nn.Linear(4, 3).double(),
    "bfloat16": lambda: nn.Linear(4, 3).bfloat16(),
}


def state(network):
    """All tensors of a network, wherever they are: the object, and what is in it."""
    found = {}
    for name, module in network.named_modules():
        for table in (module._parameters, module._buffers, vars(module)):
            for key, value in table.items():
                if isinstance(value, torch.Tensor):
                    found[name, key] = (value, value.detach().clone())
    return found


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("training", [True, False])
def test_it_computes_in_float64_and_is_put_back(kind, training):
    torch.manual_seed(0)
    network = NETWORKS[kind]().train(training)
    x = torch.randn(5, 4, dtype=torch.float64)
    before = state(network)
    with asked(network, double=True) as ask:
        y = ask(x).detach()
    dtype = next((p.dtype for p in network.parameters()), torch.float32)
    with asked(network) as ask:
        rough = ask(x.to(dtype)).detach().double()
    assert y.dtype == torch.float64
    after = state(network)
    assert before.keys() == after.keys()
    for name, (value, contents) in before.items():
        assert after[name][0] is value and torch.equal(after[name][1], contents), name
    assert network.training == training and all(m.training == training for m in network.modules())
    # Independently: a deep copy, where torch can make one, turned to float64.
    if kind not in ("old weight norm", "pruned", "plain", "inference mode", "old spectral norm"):
        expected = copy.deepcopy(network).eval().double()(x)
        torch.testing.assert_close(y, expected.detach(), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(y, rough, rtol=1e-1, atol=4 * torch.finfo(dtype).eps)


def test_a_recurrent_layer_holds_its_weights_twice():
    torch.manual_seed(0)
    lstm, x = nn.LSTM(4, 3), torch.randn(5, 2, 4, dtype=torch.float64)
    with asked(lstm, take=0, double=True) as ask:
        y = ask(x).detach()
    expected, _ = copy.deepcopy(lstm).double()(x)
    torch.testing.assert_close(y, expected.detach(), rtol=1e-13, atol=1e-14)
    assert lstm(x.float())[0].dtype == torch.float32


def test_it_is_put_back_after_an_error_too():
    layer = nn.Linear(2, 2)
    weight = layer.weight
    with pytest.raises(ZeroDivisionError), borrowed(layer, double=True):
        assert layer.weight is not weight
        1 / 0  # noqa: B018
    assert layer.weight is weight and layer.training


def test_what_torch_has_compiled_is_asked_too():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        script = torch.jit.script(nn.Linear(4, 3))
    x = torch.randn(2, 4)
    with asked(script, double=True) as ask:
        y = ask(x.double())
    assert y.dtype == torch.float64 and script(x).dtype == torch.float32
    torch.testing.assert_close(y.float(), script(x))
