"""What the taps of kernels meet in a network, and which never see an image."""

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from torch import nn
from torch.nn.utils import prune

from vslib import mnist, networks
from vslib.layers.taps import crop_unseen_taps, fast, fill_taps, input_shapes, seen_taps


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
        network = networks.load("resnet18")
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


class Standardised(nn.Conv2d):
    """Its weight is another one in a smaller window."""

    def forward(self, images):
        weight = self.weight / self.weight.norm()
        return self._conv_forward(images, weight, self.bias)


class Keyword(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, stride=2, padding=2)
        self.other = nn.Conv2d(4, 4, 3, padding=2)
        self.other.weight = nn.Parameter(torch.randn(4, 4, 3, 3))

    def forward(self, images):
        maps = self.conv(input=images.unsqueeze(1))
        return self.other(input=maps) + nn.functional.conv2d(maps, self.other.weight, padding=2)


class TwoOfOneWeight(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = (nn.Conv2d(1, 1, 5, padding=2) for _ in range(2))
        self.second.weight = self.first.weight

    def forward(self, images):
        maps = self.first(images.unsqueeze(1))
        return self.second(maps[..., :2, :2])


def of_one_convolution(how):
    return lambda: nn.Sequential(
        nn.Unflatten(1, (1, 2)), how(nn.Conv2d(1, 3, 5, padding=2)), nn.ReLU()
    )


AS_THEY_COME = {
    "old weight_norm": of_one_convolution(nn.utils.weight_norm),
    "weight_norm": of_one_convolution(nn.utils.parametrizations.weight_norm),
    "pruned": of_one_convolution(lambda c: prune.random_unstructured(c, "weight", 0.5)),
    "old spectral_norm": of_one_convolution(nn.utils.spectral_norm),
    "spectral_norm": of_one_convolution(nn.utils.parametrizations.spectral_norm),
    "standardised": of_one_convolution(lambda c: Standardised(1, 3, 5, padding=2)),
    "one module in two places": lambda: nn.Sequential(
        nn.Unflatten(1, (1, 2)), *[nn.Conv2d(1, 1, 5, padding=2)] * 2
    ),
    "two layers of one weight": TwoOfOneWeight,
    "by keyword": Keyword,
    "one axis": lambda: nn.Sequential(nn.Conv1d(2, 3, 7, padding=3), nn.ReLU()),
    "three axes": lambda: nn.Sequential(
        nn.Unflatten(1, (1, 1, 2)), nn.Conv3d(1, 2, (3, 5, 3), padding=(1, 2, 1))
    ),
    "transposed": lambda: nn.Sequential(nn.ConvTranspose1d(2, 3, 3), nn.ReLU()),
    "a recurrence with weight_norm": lambda: nn.Sequential(
        nn.Flatten(), nn.utils.weight_norm(nn.GRUCell(4, 3), "weight_hh")
    ),
    "no parameters": nn.Flatten,
}


@pytest.mark.filterwarnings("ignore:.*weight_norm.* is deprecated:FutureWarning")
class TestNetworksAsTheyCome:
    @pytest.mark.parametrize("mode", [True, False])
    @pytest.mark.parametrize("kind", AS_THEY_COME)
    def test_have_the_same_outputs_when_fast_and_are_left_alone(self, kind, mode):
        torch.manual_seed(2)
        network = AS_THEY_COME[kind]().train(mode)
        before = {key: value.clone() for key, value in network.state_dict().items()}
        small = fast(network, (2, 2))
        assert small.training == mode
        for key, value in network.state_dict().items():
            assert torch.equal(value, before[key])
        images = torch.rand(3, 2, 2)
        with torch.no_grad():
            got, expected = small.eval()(images), network.eval()(images)
        assert_allclose(got, expected, atol=1e-6)

    @pytest.mark.parametrize("kind", AS_THEY_COME)
    def test_can_be_asked_for_gradients_when_made_in_inference_mode(self, kind):
        network = AS_THEY_COME[kind]()
        with torch.inference_mode():
            small = fast(network, (2, 2))
        images = torch.rand(3, 2, 2, requires_grad=True)
        small.eval()(images).sum().backward()
        assert images.grad.isfinite().all()

    @pytest.mark.parametrize("kind", ["one axis", "three axes", "two layers of one weight"])
    def test_are_filled_from_their_copies(self, kind):
        network = AS_THEY_COME[kind]()
        small, windows = crop_unseen_taps(network, (2, 2))
        assert bool(windows) == ("axes" in kind or "axis" in kind)
        with torch.no_grad():
            for parameter in small.parameters():
                parameter.mul_(-2)
        fill_taps(network, small, windows)
        images = torch.rand(3, 2, 2)
        assert_allclose(small(images).detach(), network(images).detach(), atol=1e-6)

    def test_that_are_lazy_are_refused_by_name(self):
        with pytest.raises(ValueError, match=r"'0\.weight', which is lazy"):
            fast(nn.Sequential(nn.LazyConv2d(2, 3)))


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


class TestInputShapes:
    def test_of_resnet18_for_mnist(self):
        shapes = input_shapes(networks.load("resnet18"), (28, 28))
        assert len(shapes) == 20 and next(iter(shapes)) == "conv1"
        assert shapes["conv1"] == (1, 28, 28)
        assert shapes["layer2.0.conv1"] == (64, 7, 7)
        assert shapes["layer4.0.conv1"] == (256, 2, 2)
        assert shapes["layer4.1.conv2"] == (512, 1, 1)

    def test_of_convolutions_of_all_axes_and_transposed_ones(self):
        for axes, (conv, back) in {
            1: (nn.Conv1d, nn.ConvTranspose1d),
            2: (nn.Conv2d, nn.ConvTranspose2d),
            3: (nn.Conv3d, nn.ConvTranspose3d),
        }.items():
            network = nn.Sequential(conv(2, 3, 2), nn.ReLU(), back(3, 1, 2))
            size = (4, 5, 6)[:axes]
            less = tuple(n - 1 for n in size)
            assert input_shapes(network, (2, *size)) == {"0": (2, *size), "2": (3, *less)}

    def test_of_networks_as_they_come(self):
        class Named(nn.Module):
            """Calls its convolution by keyword, answers with a dict, has nothing beside."""

            def __init__(self, conv):
                super().__init__()
                self.conv = conv

            def forward(self, images):
                return {"maps": self.conv(input=images)}

        conv = nn.Conv2d(1, 2, 3)
        expected = {"conv": (1, 5, 6)}
        assert input_shapes(Named(conv), (1, 5, 6)) == input_shapes(Named(conv), (5, 6)) == expected
        assert input_shapes(Named(conv.bfloat16()), (5, 6)) == expected
        with torch.inference_mode():
            assert input_shapes(Named(nn.Conv2d(1, 2, 3)), (5, 6)) == expected
        prune.random_unstructured(conv.float(), "weight", 0.5)
        assert input_shapes(Named(conv), (5, 6)) == expected
        assert input_shapes(nn.Flatten(), (5, 6)) == {}

    def test_that_a_network_does_not_take_are_refused(self):
        with pytest.raises(ValueError, match=r"^images: expected a shape that the network takes"):
            input_shapes(nn.Conv2d(3, 2, 3), (28, 28))
        with pytest.raises(ValueError, match=r"'0\.weight', which is lazy"):
            input_shapes(nn.Sequential(nn.LazyConv2d(2, 3)), (28, 28))

    def test_leave_the_network_as_it_was(self):
        network = nn.Sequential(nn.BatchNorm2d(1), nn.Conv2d(1, 2, 3), nn.Dropout())
        network[0].eval()
        before = {key: value.clone() for key, value in network.state_dict().items()}
        assert input_shapes(network, (1, 5, 6)) == {"1": (1, 5, 6)}
        assert [m.training for m in network] == [False, True, True]
        assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())
        assert not any(m._forward_pre_hooks for m in network.modules())

    def test_of_a_layer_that_meets_two_is_an_error(self):
        conv = nn.Conv2d(1, 1, 2)
        with pytest.raises(ValueError, match=r"0: expected one shape of input, got .*4, 4.*5, 5"):
            input_shapes(nn.Sequential(conv, conv), (1, 5, 5))
