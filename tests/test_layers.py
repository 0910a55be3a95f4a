"""Layers as matrices, and the taps of kernels that never see an image."""

import functools

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from strategies import lengths
from torch import nn

from vslib import Subspaces, layers, mnist, networks
from vslib.layers import augmented, crop_unseen_taps, fill_taps, matrices, seen_taps

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


@st.composite
def axes(draw):
    """Size, kernel, stride, padding and dilation along one axis where the kernel finds room."""
    size, kernel = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    stride, dilation = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    padding = draw(st.integers(0, 6))
    assume(size + 2 * padding >= dilation * (kernel - 1) + 1)
    return size, kernel, stride, padding, dilation


@st.composite
def convolutions(draw):
    """A convolution in float64, and the height and width that it takes."""
    height, width = draw(axes()), draw(axes())
    groups = draw(st.integers(1, 2))
    torch.manual_seed(draw(st.integers(0, 99)))
    kernel, stride, padding, dilation = zip(height[1:], width[1:], strict=True)
    conv = nn.Conv2d(2, 4, kernel, stride, padding, dilation, groups, draw(st.booleans()))
    return conv.double(), (height[0], width[0])


class TestSeenTaps:
    @given(axes())
    def test_are_those_that_answer_to_an_image_of_ones(self, axis):
        size, kernel, stride, padding, dilation = axis
        unit_kernels = torch.eye(kernel)[:, None]
        answers = nn.functional.conv1d(
            torch.ones(1, 1, size), unit_kernels, None, stride, padding, dilation
        )
        assert seen_taps(*axis) == answers[0].any(1).nonzero().flatten().tolist()

    @pytest.mark.parametrize(
        "axis, taps",
        [
            ((28, 7, 2, 3, 1), [0, 1, 2, 3, 4, 5, 6]),
            ((2, 3, 2, 1, 1), [1, 2]),
            ((1, 3, 1, 1, 1), [1]),
            ((1, 2, 3, 5, 1), []),
        ],
    )
    def test_of_known_layers(self, axis, taps):
        assert seen_taps(*axis) == taps


class TestCropUnseenTaps:
    @given(convolutions())
    def test_leaves_the_outputs_of_any_convolution(self, conv_and_shape):
        conv, shape = conv_and_shape
        small, _ = crop_unseen_taps(conv, (2, *shape))
        images = torch.rand(2, 2, *shape, dtype=torch.float64)
        got, expected = small(images).detach(), conv(images).detach()
        assert got.shape == expected.shape
        assert_allclose(got, expected, atol=1e-13)

    @settings(max_examples=25)
    @given(st.integers(0, 9), st.integers(0, 2), st.integers(2, 5))
    def test_leaves_the_outputs_of_a_small_network(self, seed, padding, size):
        torch.manual_seed(seed)
        network = nn.Sequential(
            nn.Conv2d(1, 3, 3, stride=2, padding=1),
            nn.BatchNorm2d(3),
            nn.SELU(),
            nn.Conv2d(3, 4, 5, padding=2 + padding),
            nn.Conv2d(4, 2, (3, 1), padding=(1, 0), bias=False),
        ).double()
        small, _ = crop_unseen_taps(network, (1, size, size))
        images = torch.rand(3, 1, size, size, dtype=torch.float64)
        for mode in (True, False):
            network.train(mode), small.train(mode)
            assert_allclose(small(images).detach(), network(images).detach(), atol=1e-12)

    def test_leaves_alone_what_padding_cannot_say(self):
        class Twice(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv = nn.Conv2d(1, 1, 3, padding=1)

            def forward(self, images):
                return self.conv(self.conv(images)[..., ::3, ::3])

        for network in (
            Twice(),
            nn.Conv2d(1, 1, 3, padding="same"),
            nn.Conv2d(1, 1, 3, padding=1, padding_mode="replicate"),
        ):
            size = 3 if isinstance(network, Twice) else 1
            small, windows = crop_unseen_taps(network, (1, size, size))
            images = torch.rand(1, 1, size, size)
            assert windows == {}
            assert_array_equal(small(images).detach(), network(images).detach())

    def test_keeps_the_mode_and_the_network_itself(self):
        network = nn.Sequential(nn.Conv2d(1, 1, 3, padding=1), nn.BatchNorm2d(1))
        before = {key: value.clone() for key, value in network.state_dict().items()}
        for mode in (True, False):
            small, windows = crop_unseen_taps(network.train(mode), (1, 1, 1))
            assert small.training == small[1].training == network.training == mode
            assert windows == {"0": (slice(1, 2), slice(1, 2))}
            assert small[0].weight.shape == (1, 1, 1, 1)
        for key, value in network.state_dict().items():
            assert_array_equal(value, before[key])

    @pytest.mark.parametrize("frozen", [True, False])
    def test_keeps_parameters_frozen_or_free(self, frozen):
        small, _ = crop_unseen_taps(
            nn.Conv2d(1, 1, 3, padding=1).requires_grad_(not frozen), (1, 1, 1)
        )
        assert all(parameter.requires_grad != frozen for parameter in small.parameters())

    def test_takes_62_percent_of_resnet18_and_leaves_its_outputs(self):
        network = loaded("resnet18")
        small, windows = crop_unseen_taps(network, (28, 28))
        count, kept = (sum(p.numel() for p in n.parameters()) for n in (network, small))
        assert (round(count / 1e6, 2), round((count - kept) / 1e6, 2)) == (11.18, 6.95)
        assert round((count - kept) / count, 2) == 0.62
        assert all(name.startswith("layer4") for name in windows)
        images = torch.tensor(mnist.load("test")[0][:16])
        outputs = network(images)
        assert_allclose(small(images), outputs, atol=1e-5 * outputs.abs().max())

    def test_takes_only_what_no_gradient_reaches(self):
        network = networks.build("resnet18")
        _, windows = crop_unseen_taps(network, (28, 28))
        network(torch.rand(2, 28, 28)).square().sum().backward()
        assert len(windows) == 4
        for name, window in windows.items():
            gradient = network.get_submodule(name).weight.grad.clone()
            assert (gradient[(..., *window)] != 0).any(dim=(0, 1)).all()
            gradient[(..., *window)] = 0
            assert not gradient.any()


class TestFillTaps:
    @settings(max_examples=30)
    @given(convolutions())
    def test_is_the_inverse_of_cropping(self, conv_and_shape):
        conv, shape = conv_and_shape
        before = conv.weight.detach().clone()
        small, windows = crop_unseen_taps(conv, (2, *shape))
        with torch.no_grad():
            for parameter in small.parameters():
                parameter.mul_(-2).add_(1)
        fill_taps(conv, small, windows)
        images = torch.rand(1, 2, *shape, dtype=torch.float64)
        assert_allclose(small(images).detach(), conv(images).detach(), atol=1e-13)
        window = (..., *windows.get("", ()))
        assert_array_equal(conv.weight.detach()[window], small.weight.detach())
        with torch.no_grad():
            conv.weight[window] = before[window]
        assert_array_equal(conv.weight.detach(), before)

    def test_carries_buffers_too(self):
        network = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2))
        small, windows = crop_unseen_taps(network, (1, 1, 1))
        small(torch.rand(5, 1, 1, 1))
        fill_taps(network, small, windows)
        assert network[1].num_batches_tracked == 1
        assert_array_equal(network[1].running_mean, small[1].running_mean)
