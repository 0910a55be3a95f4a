"""Layers as matrices, each with the reading that made it one."""

import functools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from strategies import lengths
from torch import nn

from vslib import Subspaces, layers, networks
from vslib.layers.matrices import augmented, matrices

READINGS = ("kernels", "filters")


def mixed_network():
    """One of each kind of layer; two of them without a bias."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv1d(2, 3, 4),
        nn.BatchNorm1d(3),
        nn.Sequential(nn.Conv2d(4, 6, (2, 3), groups=2, bias=False), nn.BatchNorm2d(6)),
        nn.Conv3d(2, 2, (1, 2, 3)),
        nn.Linear(5, 4, bias=False),
        nn.Embedding(3, 2),
        nn.Linear(4, 2),
    )


loaded = functools.cache(networks.load)
loaded_weights = functools.cache(networks.weights)


class TestMatrices:
    @pytest.mark.parametrize("reading", READINGS)
    @pytest.mark.parametrize("name", networks.NAMES)
    def test_of_a_torch_model_and_of_its_weights_agree(self, name, reading):
        of_model = matrices(loaded(name), reading)
        of_weights = matrices(loaded_weights(name), reading)
        assert list(of_model) == list(of_weights)
        for one, other in zip(of_model.values(), of_weights.values(), strict=True):
            assert (one.name, one.reading) == (other.name, other.reading)
            assert one.kernel_shape == other.kernel_shape
            assert_array_equal(one.values, other.values)
            assert (one.bias is None) == (other.bias is None)
            if one.bias is not None:
                assert_array_equal(one.bias, other.bias)

    def test_are_the_linear_and_convolutional_layers_in_the_order_of_the_network(self):
        found = matrices(mixed_network())
        assert list(found) == ["0", "2.0", "3", "4", "6"]
        assert [layer.name for layer in found.values()] == list(found)
        assert [layer.reading for layer in found.values()] == ["kernels"] * 3 + ["weight"] * 2
        assert [layer.kernel_shape for layer in found.values()] == [(4,), (2, 3), (1, 2, 3), (), ()]
        assert [layer.shape for layer in found.values()] == [
            (6, 4),
            (12, 6),
            (4, 6),
            (4, 5),
            (2, 4),
        ]
        assert [name for name, layer in found.items() if layer.bias is not None] == ["6"]

    def test_of_filters_keep_their_biases(self):
        network = mixed_network()
        found = matrices(network, "filters")
        assert [layer.shape for layer in found.values()] == [
            (3, 8),
            (6, 12),
            (2, 12),
            (4, 5),
            (2, 4),
        ]
        assert [name for name, layer in found.items() if layer.bias is not None] == ["0", "3", "6"]
        assert_array_equal(found["0"].bias, network[0].bias.detach().double())

    def test_by_kernels_have_one_kernel_a_row(self):
        conv = mixed_network()[2][0]
        rows = matrices(conv)[""]
        i = 0
        for filters in conv.weight.detach().numpy():
            for kernel in filters:
                assert_array_equal(rows.values[i], [tap for line in kernel for tap in line])
                i += 1
        assert rows.shape == (i, 6)

    def test_by_filters_times_a_patch_are_the_convolution(self):
        torch.manual_seed(1)
        conv = nn.Conv2d(3, 5, (2, 4)).double()
        filters = matrices(conv, "filters")[""]
        images = torch.rand(1, 3, 6, 7, dtype=torch.float64)
        outputs = conv(images)[0].detach().numpy()
        for i in range(outputs.shape[1]):
            for j in range(outputs.shape[2]):
                patch = images[0, :, i : i + 2, j : j + 4].numpy().ravel()
                assert_allclose(filters.values @ patch + filters.bias, outputs[:, i, j], atol=1e-14)

    def test_are_arrays_wherever_arrays_are_taken(self):
        layer = matrices(loaded_weights("fc5"))["layer2"]
        assert_array_equal(np.asarray(layer), layer.values)
        assert np.asarray(layer, np.float32).dtype == np.float32
        assert_array_equal(
            Subspaces(layer).singular_values, Subspaces(layer.values).singular_values
        )
        assert_array_equal(augmented(layer, layer.bias)[:, :-1], layer.values)

    def test_are_in_float64_and_do_not_change_with_the_network(self):
        network = mixed_network().double()
        found = matrices(network)
        before = found["4"].values.copy()
        with torch.no_grad():
            network[4].weight.zero_()
        assert found["4"].values.dtype == np.float64
        assert_array_equal(found["4"].values, before)

    def test_say_their_reading_beside_their_shape(self):
        network = nn.Sequential(nn.Conv2d(2, 3, 2), nn.Flatten(), nn.Linear(3, 4))
        said = [str(m) for r in READINGS for m in matrices(network, r).values()]
        assert said == [
            "0, kernels, 6 x 4",
            "2, weight, 4 x 3",
            "0, filters, 3 x 8",
            "2, weight, 4 x 3",
        ]

    def test_of_the_papers_layer_are_4096_x_9(self):
        found = matrices(loaded_weights("resnet18"))
        assert found["layer1.0.conv1"].shape == (4096, 9)
        assert found["conv1"].kernel_shape == (7, 7)
        assert found["fc"].reading == "weight" and found["fc"].shape == (10, 512)


class TestUnknownLayers:
    def test_are_errors_that_name_near_ones(self):
        found = matrices(loaded_weights("resnet18"))
        with pytest.raises(
            ValueError, match=r"expected one like .*layer1\.0\.conv1.*got 'layer1\.0conv1'"
        ):
            found["layer1.0conv1"]

    def test_are_errors_that_name_some_where_none_is_near(self):
        with pytest.raises(layers.UnknownLayerError, match=r"like layer1, layer2, .*; got 'xyz'"):
            matrices(loaded_weights("fc5"))["xyz"]

    def test_are_key_errors_too_and_not_added(self):
        found = matrices(loaded_weights("fc1"))
        with pytest.raises(KeyError):
            found[3]
        assert list(found) == ["layer1"] and found.get("layer2") is None


class TestAugmented:
    @given(lengths(), lengths(), st.integers(0, 99))
    def test_absorbs_the_bias(self, m, n, seed):
        rng = np.random.default_rng(seed)
        W, b, x = rng.normal(size=(m, n)), rng.normal(size=m), rng.normal(size=n)
        assert_allclose(augmented(W, b) @ [*x, 1], W @ x + b, atol=1e-13)

    def test_puts_it_in_the_last_column(self):
        assert_array_equal(augmented([[1, 2], [3, 4]], [5, 6]), [[1, 2, 5], [3, 4, 6]])
