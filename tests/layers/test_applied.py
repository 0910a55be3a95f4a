"""A layer is what it applies: by its weight where that is so, else by unit vectors, or none."""

import copy
import dataclasses

import numpy as np
import pytest
import torch
from kinds import DTYPES, LSTM
from numpy.testing import assert_allclose, assert_array_equal
from test_well_posed import assert_same, state
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrizations, parametrize, prune

from vslib.layers import UnknownLayerError, matrices

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*(weight_norm|jit.script).* is deprecated:FutureWarning"
)


class Adapted(nn.Linear):
    """As microsoft/LoRA adapts a layer."""

    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.lora_A = nn.Parameter(torch.randn(2, self.in_features))
        self.lora_B = nn.Parameter(torch.randn(self.out_features, 2))

    def forward(self, x):
        return super().forward(x) + 0.3 * x @ self.lora_A.T @ self.lora_B.T


class Wrapped(nn.Module):
    """As PEFT adapts a layer: it stands beside its adapters."""

    def __init__(self, base, first, second):
        super().__init__()
        self.base_layer = base
        self.lora_A, self.lora_B = (nn.ModuleDict({"default": layer}) for layer in (first, second))

    def forward(self, x):
        return self.base_layer(x) + 2 * self.lora_B["default"](self.lora_A["default"](x))


def wrapped():
    return Wrapped(nn.Linear(5, 4), nn.Linear(5, 2, bias=False), nn.Linear(2, 4, bias=False))


class Packed(nn.Linear):
    """Two weights of 4 bits in a byte."""

    def __init__(self):
        super().__init__(8, 6, bias=False)
        packed = torch.randint(0, 255, (24, 1), dtype=torch.uint8)
        self.weight = nn.Parameter(packed, requires_grad=False)

    def forward(self, x):
        halves = torch.stack([self.weight >> 4, self.weight & 15], 1)
        return functional.linear(x, (halves.reshape(6, 8).to(x.dtype) - 8) / 7)


class Inward(nn.Module):
    """GPT-2's Conv1D: x W with a weight (in, out)."""

    def __init__(self, width, outputs):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(width, outputs))
        self.bias = nn.Parameter(torch.randn(outputs))

    def forward(self, x):
        return torch.addmm(self.bias, x.view(-1, x.size(-1)), self.weight)


class Equalised(nn.Module):
    def __init__(self):
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(3, 5))

    def forward(self, x):
        return functional.linear(x, self.kernel * 5**-0.5)


class Upcast(nn.Linear):
    def forward(self, x):
        y = functional.linear(x.float(), self.weight.float(), self.bias.float())
        return y.to(x.dtype)


class InHalf(nn.Linear):
    """Casts to bfloat16 within, as layers of 4 bits may."""

    def forward(self, x):
        y = functional.linear(x.bfloat16(), self.weight.bfloat16(), self.bias.bfloat16())
        return 3 * y.to(x.dtype)


def hooked():
    layer = nn.Linear(5, 3)
    layer.register_forward_hook(lambda module, inputs, outputs: 3 * outputs)
    return layer


def of_an_old_norm():
    # The weight that it shows is that of before.
    layer = nn.utils.weight_norm(nn.Linear(5, 3))
    layer.load_state_dict({key: 2 * value + 1 for key, value in layer.state_dict().items()})
    return layer


def of_a_changed_mask():
    layer = nn.Linear(5, 3)
    prune.random_unstructured(layer, "weight", 0.4)
    layer.weight_orig.data.mul_(-3)
    return layer


class Doubled(nn.Module):
    def forward(self, weight):
        return 2 * weight


def of_a_parametrization():
    layer = nn.Linear(5, 3)
    parametrize.register_parametrization(layer, "weight", Doubled())
    return layer


def of_the_spectral_norms(norm):
    def make():
        layer = norm(nn.Linear(5, 3))
        for _ in range(3):
            layer(torch.randn(2, 5))
        return layer

    return make


LINEAR = {
    "adapted": lambda: Adapted(5, 3),
    "wrapped": wrapped,
    "inward": lambda: Inward(5, 3),
    "inward, square": lambda: Inward(4, 4),
    "equalised": Equalised,
    "upcast": lambda: Upcast(5, 3),
    "hooked": hooked,
    "old weight_norm": of_an_old_norm,
    "weight_norm": lambda: parametrizations.weight_norm(nn.Linear(5, 3)),
    "pruned": of_a_changed_mask,
    "parametrised": of_a_parametrization,
    "orthogonal": lambda: parametrizations.orthogonal(nn.Linear(5, 3)),
    "spectral_norm": of_the_spectral_norms(parametrizations.spectral_norm),
    "old spectral_norm": of_the_spectral_norms(nn.utils.spectral_norm),
}
every_linear = pytest.mark.parametrize("kind", LINEAR)


def by_unit_vectors(module, dtype):
    """W and b in the module's own arithmetic."""
    width = next(
        getattr(part, "in_features", None)
        or (len(part.weight) if isinstance(part, Inward) else part.kernel.shape[1])
        for part in module.modules()
        if not isinstance(part, Wrapped)
    )
    training = [part.training for part in module.modules()]
    module.eval()
    with torch.no_grad():
        zero = module(torch.zeros(1, width, dtype=dtype))
        W = (module(torch.eye(width, dtype=dtype)) - zero).T
    for part, mode in zip(module.modules(), training, strict=True):
        part.training = mode
    return W.double().numpy(), zero[0].double().numpy()


@pytest.mark.parametrize(
    "kind, dtype",
    # torch has no orthogonal parametrization in half precision.
    [(k, d) for k in LINEAR for d in DTYPES if k != "orthogonal" or d.itemsize > 2],
)
def test_a_linear_layer_is_what_it_gives_for_unit_vectors(kind, dtype):
    torch.manual_seed(1)
    module = LINEAR[kind]()
    module = module.to(dtype).train()
    (layer,) = matrices(module).values()
    W, b = by_unit_vectors(module, dtype)
    size = np.abs(W).max() + np.abs(b).max()
    computed = torch.float32 if kind == "upcast" and dtype == torch.float64 else dtype
    tolerance = size * 16 * torch.finfo(computed).eps
    assert_allclose(layer.values, W, rtol=0, atol=tolerance)
    assert_allclose(0 if layer.bias is None else layer.bias, b, rtol=0, atol=tolerance)
    assert (layer.name, layer.reading, layer.kernel_shape) == ("", "weight", ())
    assert layer.precision == (2.0**-52 if dtype == torch.float64 else 2.0**-23)


@pytest.mark.parametrize("kind", sorted(LINEAR.keys() - {"upcast"}))
def test_in_float64_it_is_so_to_rounding_and_the_product_is_the_output(kind):
    torch.manual_seed(2)
    module = LINEAR[kind]().double().eval()
    (layer,) = matrices(nn.Sequential(module, nn.Softmax(-1))).values()
    x = torch.randn(7, layer.shape[1], dtype=torch.float64)
    y = x.numpy() @ layer.values.T + (0 if layer.bias is None else layer.bias)
    with torch.no_grad():
        assert_allclose(module(x), y, rtol=0, atol=1e-12)


@every_linear
def test_reading_it_changes_nothing(kind):
    module = LINEAR[kind]().train()
    shown = vars(module).get("weight")
    before, drawn = state(module), torch.get_rng_state()
    first, second = matrices(module), matrices(module)
    assert_same(before, state(module))
    assert torch.equal(drawn, torch.get_rng_state())
    assert first == second and vars(module).get("weight") is shown


@pytest.mark.parametrize(
    "kind, source",
    {
        "adapted": "unit vectors",
        "wrapped": "unit vectors",
        "inward": "weight, transposed",
        "inward, square": "weight, transposed",
        "equalised": "unit vectors",
        "upcast": "weight",
        "hooked": "unit vectors",
        "old weight_norm": "weight",
        "pruned": "weight",
    }.items(),
)
def test_it_says_where_its_numbers_come_from(kind, source):
    (layer,) = matrices(LINEAR[kind]()).values()
    assert layer.source == source
    assert str(layer).endswith("3 x 5" if source == "weight" else f", from {source}")


def test_a_small_change_of_the_weights_is_seen_in_any_precision():
    for dtype in DTYPES:
        module = Adapted(5, 3).to(dtype)
        module.lora_B.data.mul_(1e-3)
        (layer,) = matrices(module).values()
        W, A, B = (p.detach().double() for p in (module.weight, module.lora_A, module.lora_B))
        assert_allclose(layer.values, W + 0.3 * B @ A, rtol=0, atol=1e-12)


class UpcastAdapted(Adapted):
    def forward(self, x):
        return super().forward(x.double()).float().to(x.dtype)


def test_a_small_change_is_seen_through_rounding_too():
    torch.manual_seed(13)
    module = UpcastAdapted(5, 3).double()
    module.lora_B.data.mul_(1e-4)
    (layer,) = matrices(module).values()
    W, A, B = (p.detach() for p in (module.weight, module.lora_A, module.lora_B))
    assert layer.source == "unit vectors"
    assert_allclose(layer.values, W + 0.3 * B @ A, rtol=0, atol=1e-6)


def test_packed_weights_are_read_as_they_are_applied():
    torch.manual_seed(3)
    module = Packed()
    (layer,) = matrices(module).values()
    assert layer.shape == (6, 8) and layer.source == "unit vectors"
    assert_array_equal(layer.values, module(torch.eye(8)).T.double())


def test_arithmetic_in_half_precision_is_allowed_for_and_judged_by_it():
    module = InHalf(5, 3)
    (layer,) = matrices(module).values()
    assert_allclose(layer.values, 3 * module.weight.detach(), rtol=2**-7, atol=2**-6)
    assert layer.source == "unit vectors"


def test_the_parts_of_a_layer_that_is_read_as_a_whole_are_named():
    found = matrices(nn.Sequential(wrapped(), nn.ReLU()))
    assert list(found) == ["0"]
    assert set(found.skipped) == {"0.base_layer", "0.lora_A", "0.lora_B"}
    with pytest.raises(UnknownLayerError, match=r"^0.base_layer: .* part of '0'"):
        found["0.base_layer"]


class Standardised(nn.Conv2d):
    def forward(self, x):
        return self._conv_forward(x, self.kernel(), self.bias)

    def kernel(self):
        centred = self.weight - self.weight.mean((1, 2, 3), keepdim=True)
        return centred / (centred.std((1, 2, 3), keepdim=True) + 1e-5)


class Own(nn.Module):
    """A convolution of one's own, which keeps its options under other names or not at all."""

    def __init__(self, around, **options):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(4, 2, 3, 3))
        self.bias = nn.Parameter(torch.randn(4))
        self._around = around
        for key, value in options.items():
            setattr(self, key, value)

    def kernel(self):
        return 0.3 * self.weight

    def forward(self, x):
        stride, groups = getattr(self, "stride", 1), getattr(self, "groups", 1)
        return functional.conv2d(x, self.kernel(), self.bias, stride, self._around, 1, groups)


class Standing(nn.ConvTranspose2d):
    def forward(self, x):
        options = (self.stride, self.padding, self.output_padding, self.groups, self.dilation)
        return functional.conv_transpose2d(x, 2 * self.weight, self.bias, *options)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize(
    "make",
    [
        lambda: Standardised(4, 6, 3, padding=1),
        lambda: Standardised(4, 6, (2, 3), stride=(2, 1), padding=2, groups=2, bias=False),
        lambda: Standardised(4, 6, 3, padding="same", dilation=2, padding_mode="reflect"),
        lambda: Standardised(4, 6, 2, padding=1, padding_mode="circular"),
        lambda: Own(0),
        lambda: Own(1),
        lambda: Own(1, stride=2, padding=1, groups=2),
        lambda: Own(2, padding=(2, 2), stride=(1, 1)),
    ],
)
def test_a_convolution_is_read_by_impulses_where_its_weight_is_not_what_it_applies(make, dtype):
    torch.manual_seed(4)
    module = make().to(dtype)
    for reading in ("kernels", "filters"):
        (layer,) = matrices(module, reading).values()
        kernel = copy.deepcopy(module).double().kernel().detach()
        assert layer.source == "unit vectors" and layer.kernel_shape == tuple(kernel.shape[2:])
        assert_allclose(layer.values.ravel(), kernel.ravel(), rtol=0, atol=1e-12)
    if module.bias is not None:
        assert_allclose(layer.bias, module.bias.detach().double(), rtol=0, atol=1e-12)


def test_a_transposed_convolution_likewise():
    torch.manual_seed(5)
    module = Standing(4, 6, (2, 3), stride=3, padding=1, output_padding=(1, 2), groups=2)
    (layer,) = matrices(module, "filters").values()
    weight = 2 * module.weight.detach().double().reshape(2, 2, 3, 2, 3)
    assert layer.source == "unit vectors"
    assert_allclose(layer.values, weight.transpose(1, 2).reshape(6, -1), rtol=0, atol=1e-12)


class Bent(nn.Linear):
    def forward(self, x):
        return functional.relu(super().forward(x))


class Slightly(nn.Linear):
    def forward(self, x):
        y = super().forward(x)
        return y + 1e-5 * y.abs()


class Clipped(nn.Linear):
    def forward(self, x):
        return super().forward(x).clamp(-6, 6)


class Random(nn.Linear):
    def forward(self, x):
        return functional.dropout(super().forward(x), 0.5, training=True)


class Centred(nn.Linear):
    def forward(self, x):
        return super().forward(x - x.mean(0))


class Unit(nn.Linear):
    def forward(self, x):
        return super().forward(x / (1 + x.norm(dim=-1, keepdim=True)))


class Refusing(nn.Linear):
    def forward(self, x):
        raise RuntimeError("not today")


class Answering(nn.Linear):
    def forward(self, x):
        return {"y": super().forward(x)}


class Broken(nn.Linear):
    def forward(self, x):
        return super().forward(x) / 0


class Twice(nn.LSTM):
    def forward(self, x):
        y, h = super().forward(x)
        return 2 * y, h


class Placed(nn.Conv2d):
    def forward(self, x):
        y = super().forward(x)
        return y * torch.arange(1, 1 + y.shape[-1], dtype=y.dtype)


class Alone(nn.Module):
    def __init__(self):
        super().__init__()
        self.W = nn.Parameter(torch.randn(3, 3))

    def forward(self, x):
        return torch.tanh(x @ self.W)


REFUSED = {
    "an activation inside": (lambda: Bent(3, 4), "Bent: not affine"),
    "a slight bend": (lambda: Slightly(3, 4), "Slightly: not affine"),
    "a slight bend in float64": (lambda: Slightly(3, 4).double(), "Slightly: not affine"),
    "a slight bend in half": (lambda: Slightly(3, 4).bfloat16(), "Slightly: not affine"),
    "clipped": (lambda: Clipped(3, 4), "Clipped: not affine"),
    "random": (lambda: Random(3, 40), "Random: gives other outputs for the same inputs"),
    "across the batch": (lambda: Centred(3, 4), "Centred: not affine"),
    "normalised inputs": (lambda: Unit(3, 4), "Unit: not affine"),
    "refuses": (lambda: Refusing(3, 4), "Refusing: refuses an input of shape .*not today"),
    "a dict": (lambda: Answering(3, 4), "Answering: gives a dict, no tensor"),
    "NaN": (lambda: Broken(3, 4), "Broken: gives NaN or infinity"),
    "another LSTM": (lambda: Twice(3, 4), "Twice: its outputs are not those of torch's LSTM"),
    "by its place": (lambda: Placed(2, 3, 2), "Placed: not affine: .* no convolution"),
    "bent by itself": (Alone, "Alone: not affine"),
    "complex": (lambda: nn.Linear(3, 2, dtype=torch.complex64), "Linear: expected real numbers"),
    "a list": (lambda: nn.ParameterList([torch.ones(2, 2)]), "ParameterList: refuses an input"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_applies_no_matrix_is_named_with_the_reason(kind):
    make, reason = REFUSED[kind]
    torch.manual_seed(6)
    network = nn.Sequential(make(), nn.Linear(4, 2))
    found = matrices(network)
    assert list(found) == ["1"] and list(found.skipped) == ["0"]
    with pytest.raises(UnknownLayerError, match=rf"^0: not read as a matrix: {reason}"):
        found["0"]
    with pytest.raises(ValueError, match=rf"got none; '0': {reason}"):
        matrices(network[:1])


class Remembering(nn.Linear):
    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.calls, self.seen, self.by_shape = 0, [], {}

    def forward(self, x):
        self.calls += 1
        self.seen.append(x)
        self.by_shape[x.shape] = x
        return super().forward(x)


class Masking(nn.Conv2d):
    """As PixelCNN: it writes into its weight in the forward pass."""

    def forward(self, x):
        self.weight.data[:, :, 1:] = 0
        return super().forward(x)


def test_what_a_forward_pass_writes_is_put_back():
    torch.manual_seed(11)
    module = Remembering(3, 2)
    matrices(module)
    assert (module.calls, module.seen, module.by_shape) == (0, [], {})
    table, masked = nn.Embedding(6, 3, max_norm=0.5), Masking(2, 3, 3)
    for module, expected in (
        (table, nn.functional.normalize(table.weight) * 0.5),
        (masked, masked.weight * torch.tensor([1, 0, 0])[:, None]),
    ):
        before, expected = state(module), expected.detach()
        (layer,) = matrices(module, "filters", embeddings=True).values()
        assert_same(before, state(module))
        assert_allclose(layer.values.ravel(), expected.ravel(), rtol=1e-6)


def test_wrappers_of_torch_are_looked_into():
    inner = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
    for wrapper in (nn.DataParallel, torch.compile, torch.jit.script, torch.fx.symbolic_trace):
        (layer,) = matrices(wrapper(inner)).values()
        assert layer == dataclasses.replace(matrices(inner)["0"], name=layer.name)
    (layer,) = matrices(torch.compile(nn.Linear(3, 2))).values()
    assert layer.source == "weight"


@pytest.mark.parametrize(
    "norm", [nn.utils.weight_norm, parametrizations.weight_norm, parametrizations.spectral_norm]
)
def test_recurrences_with_computed_weights_are_read(norm):
    torch.manual_seed(12)
    module = norm(nn.LSTM(3, 4), "weight_hh_l0")
    found = matrices(module)
    module.eval()(torch.zeros(1, 1, 3))
    stacked = np.concatenate([found[f"hh_l0.{gate}"].values for gate in LSTM])
    assert_allclose(stacked, module.weight_hh_l0.detach(), rtol=1e-6)


def test_a_scaled_bilinear_layer_is_read_by_pairs_of_unit_vectors():
    module = nn.Bilinear(2, 3, 4)
    module.register_forward_hook(lambda module, inputs, outputs: -2 * outputs)
    (layer,) = matrices(module).values()
    expected = -2 * module.weight.detach().double().reshape(4, 6)
    assert_allclose(layer.values, expected, rtol=0, atol=1e-12)
    assert layer.source == "unit vectors"


def test_of_a_module_that_fails_its_parts_are_read():
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(3, 1, 1))
            self.start = nn.Parameter(torch.ones(1, 1, 4))
            self.fc = nn.Linear(4, 3)

        def forward(self, x):
            return self.scale * self.fc(x[..., None, None] + self.start)

    found = matrices(nn.Sequential(Block()))
    assert list(found) == ["0.fc"] and set(found.skipped) == {"0.scale", "0.start"}


def test_tied_and_shared_layers_are_said_to_be():
    layer = nn.Linear(3, 3)
    network = nn.Sequential(nn.Embedding(5, 3), layer, nn.ReLU(), layer, nn.Linear(3, 5))
    network[4].weight = network[0].weight
    found = matrices(network)
    assert list(found) == ["1", "4"]
    assert found["4"].source == "weight; tied to '0'" and str(found["4"]) == "4, weight, 5 x 3"
    assert set(found.skipped) == {"0", "3"}
    assert "tied to '4'" in found.skipped["0"] and "as '1'" in found.skipped["3"]


@pytest.mark.parametrize("place", ["0", "1.2"])
def test_weights_without_numbers_are_refused_by_name(place):
    for layer, words in (
        (nn.Linear(3, 2, device="meta"), rf"^{place}: expected numbers .* device meta"),
        (nn.LazyLinear(2), rf"'{place}\.weight', which is lazy"),
    ):
        network = nn.Sequential(layer, nn.ReLU())
        if place != "0":
            network = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.ReLU(), nn.ReLU(), layer))
        with pytest.raises(ValueError, match=words):
            matrices(network)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("layer", [nn.Linear(2, 2), nn.Conv1d(2, 2, 3), nn.GRU(2, 2)])
def test_weights_that_are_not_finite_are_refused_by_name(layer, value):
    network = nn.Sequential(nn.Linear(2, 2), copy.deepcopy(layer))
    with torch.no_grad():
        next(network[1].parameters()).view(-1)[0] = value
    for model in (network, network.state_dict()):
        with pytest.raises(ValueError, match=r"^1.*: expected finite numbers, got 1 NaN"):
            matrices(model)


@pytest.mark.parametrize("power", [-1070, -500, 500, 1020])
def test_weights_of_any_size_are_read(power):
    layer = nn.Linear(4, 3).double()
    with torch.no_grad():
        layer.weight.mul_(2.0**power)
    (found,) = matrices(layer).values()
    assert found.source == "weight"
    assert_array_equal(found.values, layer.weight.detach())


class Counted(nn.Module):
    """As the encoder of a ViT: a tensor of its own, and layers that bend."""

    def __init__(self, inner):
        super().__init__()
        self.places, self.inner = nn.Parameter(torch.randn(1, 9, 8)), inner
        self.project = nn.Linear(8, 8)
        Counted.vectors = 0

    def forward(self, x):
        Counted.vectors += len(x)
        return self.project(self.inner(x + self.places))


class Cubed(nn.Module):
    def forward(self, x):
        return x**3


@pytest.mark.parametrize(("inner", "vectors"), [(nn.LayerNorm(8), 0), (Cubed(), 40)])
def test_a_network_with_a_tensor_of_its_own_is_not_asked_for_each_unit_vector(inner, vectors):
    found = matrices(Counted(inner))
    assert list(found) == ["project"] and found["project"].source == "weight"
    assert any("not affine" in reason for reason in found.skipped.values())
    assert Counted.vectors <= vectors
