"""Layers from a checkpoint: what names and shapes tell, and what they leave open is said."""

import copy
import warnings

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from torch import nn
from torch.nn.utils import parametrizations, prune

from vslib.layers import UnknownLayerError, matrices

pytestmark = pytest.mark.filterwarnings("ignore:.*weight_norm.* is deprecated:FutureWarning")
rng = np.random.default_rng(0)


def entry(name, shape, bias=None):
    found = {f"{name}.weight": rng.normal(size=shape)}
    return found if bias is None else found | {f"{name}.bias": rng.normal(size=bias)}


class TestOneLayer:
    @pytest.mark.parametrize("bias", [True, False])
    def test_has_no_name_by_both_ways(self, bias):
        layer = nn.Linear(3, 2, bias=bias)
        assert matrices(layer) == matrices(layer.state_dict())
        assert list(matrices(layer)) == [""]

    def test_is_the_same_from_tensors_arrays_and_lists(self):
        state = {k: v.double() for k, v in nn.Linear(3, 2).state_dict().items()}
        arrays = {key: value.numpy() for key, value in state.items()}
        lists = {key: value.tolist() for key, value in arrays.items()}
        assert matrices(state) == matrices(arrays) == matrices(lists)


class TestTransposed:
    def test_linear_layers_are_told_by_their_bias(self):
        state = entry("fc", (5, 3), 3)
        (layer,) = matrices(state).values()
        assert_array_equal(layer.values, state["fc.weight"].T)
        assert str(layer) == "fc, weight, 3 x 5, from state dict, transposed"

    def test_square_ones_are_as_others_of_their_name(self):
        state = entry("h.0.attn.c_proj", (4, 4), 4) | entry("h.0.mlp.c_proj", (8, 4), 4)
        found = matrices(state)
        for name, layer in found.items():
            assert_array_equal(layer.values, state[f"{name}.weight"].T)

    def test_square_ones_of_another_name_are_refused_beside_them(self):
        found = matrices(entry("a", (4, 4), 4) | entry("b", (8, 4), 4))
        assert list(found) == ["b"] and "square" in found.skipped["a"]

    def test_square_ones_alone_are_read_as_they_are_and_it_is_said(self):
        state = entry("a", (4, 4), 4)
        (layer,) = matrices(state).values()
        assert_array_equal(layer.values, state["a.weight"])
        assert "square, so that nothing tells it from its transpose" in layer.source

    @pytest.mark.parametrize(
        "make",
        [
            lambda: nn.ConvTranspose1d(4, 6, 3),
            lambda: nn.ConvTranspose2d(4, 3, 2),
            lambda: nn.ConvTranspose2d(6, 9, 2, groups=3),
            lambda: nn.ConvTranspose3d(2, 5, (1, 2, 3)),
        ],
    )
    @pytest.mark.parametrize("reading", ["kernels", "filters"])
    def test_convolutions_are_told_by_their_bias(self, make, reading):
        module = make()
        found = matrices(module.state_dict(), reading)
        assert found == matrices(module, reading)
        assert found[""].source == "state dict, transposed"

    @pytest.mark.parametrize("shape, bias", [((4, 3), 5), ((6, 4, 3, 3), 7), ((4, 3, 2), 5)])
    def test_a_bias_that_fits_no_axis_is_an_error(self, shape, bias):
        with pytest.raises(ValueError, match=rf"^a, bias: expected length {shape[0]} .*\({bias},"):
            matrices(entry("a", shape, bias))


class TestSkipped:
    @pytest.mark.parametrize(
        "state, name, reason",
        [
            (nn.LayerNorm([4, 5]).state_dict(prefix="n."), "n", "scales and shifts entries"),
            (nn.BatchNorm2d(3).state_dict(prefix="n."), "n", "vectors only"),
            ({"g": np.ones(3)}, "", "vectors only"),
            ({"m.pos": np.ones((1, 5, 3))}, "m.pos", "its name says of no layer"),
            ({"fc.weight": np.ones((24, 1), np.uint8)}, "fc", "integers: packed or quantised"),
            (
                {"fc.weight": np.ones((4, 3), np.int8), "fc.SCB": np.ones(4, np.float32)},
                "fc",
                "integers: packed or quantised",
            ),
            ({"fc.qweight": np.ones((4, 3), np.int32)}, "fc.qweight", "integers"),
            ({"wte.weight": np.ones((9, 3))}, "wte", "a lookup table; embeddings=True reads it"),
            (
                {"model.embed_tokens.weight": np.ones((9, 3))},
                "model.embed_tokens",
                "a lookup table; embeddings=True reads it",
            ),
            ({"a._extra_state": object()}, "a._extra_state", "a object, no array"),
            (
                entry("fc", (4, 3), 4) | {"fc.lora_A": np.ones((2, 3)), "fc.lora_B": np.ones(2)},
                "fc",
                "adapted by LoRA",
            ),
            (
                {
                    "fc.base_layer.weight": np.ones((4, 3)),
                    "fc.lora_A.default.weight": np.ones((2, 3)),
                    "fc.lora_B.default.weight": np.ones((4, 2)),
                },
                "fc",
                "adapted by LoRA",
            ),
            (
                parametrizations.orthogonal(nn.Linear(4, 3)).state_dict(prefix="fc."),
                "fc",
                "its weight is parametrised",
            ),
        ],
    )
    def test_has_what_is_not_read_with_the_reason(self, state, name, reason):
        found = matrices(entry("fcx", (3, 2), 3) | dict(state))
        assert list(found) == ["fcx"] and list(found.skipped) == [name]
        assert reason in found.skipped[name]
        with pytest.raises(UnknownLayerError, match="not read as a matrix"):
            found[name]
        with pytest.raises(ValueError, match=r"layers, got none; '.*': .*"):
            matrices(state)

    def test_has_no_counters_nor_words(self):
        found = matrices(entry("a", (3, 2), 3) | {"epoch": 3, "arch": "fc", "lr": 0.1, "x": None})
        assert not found.skipped

    def test_tables_are_read_on_request(self):
        state = entry("wte", (9, 3))
        (layer,) = matrices(state, embeddings=True).values()
        assert layer.reading == "table"
        assert_array_equal(layer.values, state["wte.weight"])

    def test_adapters_by_themselves_are_layers(self):
        state = {"fc.lora_A.default.weight": np.ones((2, 3))}
        assert list(matrices(state)) == ["fc.lora_A.default"]


class TestReparametrised:
    @pytest.mark.parametrize(
        "layer", [nn.Linear(4, 3), nn.Conv2d(2, 3, (2, 1)), nn.Conv1d(3, 3, 2)]
    )
    @pytest.mark.parametrize(
        "how",
        [
            nn.utils.weight_norm,
            lambda layer: nn.utils.weight_norm(layer, dim=1),
            lambda layer: nn.utils.weight_norm(layer, dim=None),
            parametrizations.weight_norm,
            parametrizations.spectral_norm,
            nn.utils.spectral_norm,
            lambda layer: prune.random_unstructured(layer, "weight", 0.5),
        ],
    )
    def test_weights_are_those_that_the_forward_pass_uses(self, layer, how):
        torch.manual_seed(8)
        module = how(copy.deepcopy(layer))
        module.load_state_dict({k: v + 0.5 * v.sign() for k, v in module.state_dict().items()})
        (of_module,) = matrices(module, "filters").values()
        (of_state,) = matrices(module.state_dict(), "filters").values()
        assert_allclose(of_state.values, of_module.values, rtol=1e-6)
        assert of_state.precision == of_module.precision and of_state.source != "weight"


class TestOtherThings:
    @pytest.mark.parametrize("key", [0, None, ("a", "weight")])
    def test_keys_that_are_no_names_are_errors(self, key):
        with pytest.raises(ValueError, match=r"^model: expected names of parameters, got the key"):
            matrices({key: np.ones((2, 2))})

    @pytest.mark.parametrize("key", ["model", "state_dict"])
    def test_a_checkpoint_that_holds_the_parameters_inside_says_where(self, key):
        inner = nn.Linear(3, 2).state_dict()
        with pytest.raises(ValueError, match=rf"pass model\['{key}'\] if it holds the parameters"):
            matrices({"epoch": 3, key: inner})


class TestQuantised:
    @pytest.fixture(autouse=True)
    def quiet(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield

    @pytest.fixture
    def dynamic(self):
        torch.manual_seed(9)
        network = nn.Sequential(nn.Linear(4, 3), nn.LSTM(3, 5), nn.GRU(5, 2), nn.GRUCell(2, 3))
        kinds = {nn.Linear, nn.LSTM, nn.GRU, nn.GRUCell}
        return network, torch.ao.quantization.quantize_dynamic(network, kinds)

    def test_layers_are_their_dequantised_weights_exactly(self, dynamic):
        network, quantised = dynamic
        found = matrices(quantised)
        assert list(found) == list(matrices(network)) and not found.skipped
        assert_array_equal(found["0"].values, quantised[0].weight().dequantize())
        assert_array_equal(found["0"].bias, network[0].bias.detach())
        forget = quantised[1].get_weight()["weight_hh_l0"].dequantize()[5:10]
        assert_array_equal(found["1.hh_l0.forget"].values, forget)
        for name, layer in matrices(network).items():
            assert_allclose(found[name].values, layer.values, atol=0.01)
        assert {layer.source for layer in found.values()} == {"dequantised weight"}
        assert {layer.precision for layer in found.values()} == {2.0**-23}

    def test_a_state_dict_has_the_linear_ones_and_names_the_others(self, dynamic):
        found = matrices(dynamic[1].state_dict())
        assert found["0"] == matrices(dynamic[1])["0"] and list(found) == ["0"]
        assert {name.partition(".")[0] for name in found.skipped} == {"1", "2", "3"}

    @pytest.mark.parametrize("reading", ["kernels", "filters"])
    def test_convolutions_too(self, reading):
        torch.manual_seed(10)
        quantisation = torch.ao.quantization
        network = nn.Sequential(
            quantisation.QuantStub(),
            nn.Conv2d(2, 4, 3),
            nn.ReLU(),
            nn.ConvTranspose2d(4, 6, 2, groups=2),
            nn.Flatten(),
            nn.Linear(24, 3),
        ).eval()
        network = quantisation.fuse_modules(network, [["1", "2"]])
        network.qconfig = quantisation.QConfig(
            quantisation.default_observer, quantisation.default_weight_observer
        )
        prepared = quantisation.prepare(network)
        prepared(torch.randn(8, 2, 3, 3))
        quantised = quantisation.convert(prepared)
        found = matrices(quantised, reading)
        expected = matrices(network, reading)
        assert [layer.shape for layer in found.values()] == [
            layer.shape for layer in expected.values()
        ]
        for one, other in zip(found.values(), expected.values(), strict=True):
            assert_allclose(one.values, other.values, atol=0.01)
        assert "before its ReLU" in found["1"].source
        assert matrices(quantised.state_dict(), reading)["1"] == found["1"]

    def test_tensors_are_dequantised(self):
        W = torch.quantize_per_channel(
            torch.randn(3, 4), torch.tensor([0.1, 0.2, 0.3]), torch.zeros(3), 0, torch.qint8
        )
        (layer,) = matrices({"fc.weight": W, "fc.bias": torch.ones(3)}).values()
        assert_array_equal(layer.values, W.dequantize())
        assert layer.precision == 2.0**-23
