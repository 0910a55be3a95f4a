"""Squeezes, mixings, couplings and their chain: exact inverses, against dense references."""

import math
import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from torch import nn

from vslib.bijections import KINDS, Bijection, Classifier, Coupling, Mix, Squeeze, hadamard

INVERTIBLE = [kind for kind in KINDS if kind != "rectified"]


def stirred(module, seed=0, scale=0.2):
    """The same module in float64, with no weight at zero."""
    generator = torch.Generator().manual_seed(seed)
    module = module.double()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(scale * torch.randn(parameter.shape, generator=generator))
    return module.requires_grad_(False)


def dense(function, x):
    """The Jacobian of one example (c, h, w) as a matrix, by torch.func."""
    J = torch.func.jacrev(lambda each: function(each[None])[0])(x)
    return J.reshape(math.prod(J.shape[: J.ndim - x.ndim]), x.numel()).numpy()


class TestHadamard:
    @pytest.mark.parametrize("channels", [1, 4, 16, 64])
    @pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
    def test_is_orthogonal_without_a_rounding_in_any_float(self, channels, dtype):
        H = torch.tensor(hadamard(channels), dtype=dtype)
        assert_array_equal(H.double(), hadamard(channels))
        assert_array_equal((H @ H.T).double(), np.eye(channels))

    @pytest.mark.parametrize("channels", [0, 2, 3, 8, -4, 4.0, "4"])
    def test_of_another_size_is_refused(self, channels):
        with pytest.raises(ValueError, match="channels: expected a power of four, got"):
            hadamard(channels)


class TestSqueeze:
    def test_is_a_permutation_with_squares_as_channels(self):
        x = torch.arange(32.0).reshape(1, 2, 4, 4)
        y = Squeeze()(x)
        assert y.shape == (1, 8, 2, 2)
        assert sorted(y.flatten().tolist()) == sorted(x.flatten().tolist())
        assert_array_equal(y[0, :4, 0, 0], x[0, 0, :2, :2].flatten())
        assert_array_equal(Squeeze().inverse(y), x)


class TestMix:
    @given(st.permutations(range(16)))
    @settings(max_examples=10, deadline=None)
    def test_is_the_matrix_with_permuted_columns_at_every_pixel(self, order):
        mix = Mix(16, order).double()
        x = torch.randn(2, 16, 3, 3, dtype=torch.float64)
        expected = np.einsum("ij,njhw->nihw", hadamard(16)[:, list(order)], x.numpy())
        assert_allclose(mix(x), expected, atol=1e-14)
        assert_allclose(mix.inverse(mix(x)), x, atol=1e-14)

    @pytest.mark.parametrize("order", [[0, 1, 2], [0, 0, 1, 2], [1, 2, 3, 4]])
    def test_of_no_permutation_is_refused(self, order):
        with pytest.raises(ValueError, match=re.escape(f"numbers 0 to 3, got {order}")):
            Mix(4, order)


class TestCoupling:
    @pytest.mark.parametrize("flip", [False, True])
    @pytest.mark.parametrize("kind", INVERTIBLE)
    def test_has_a_triangular_jacobian_whose_determinant_it_says(self, kind, flip):
        coupling = stirred(Coupling(4, 6, kind, flip))
        x = torch.randn(4, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
        J = dense(coupling, x)
        kept = slice(18, 36) if flip else slice(0, 18)
        changed = slice(0, 18) if flip else slice(18, 36)
        assert_allclose(J[kept, kept], np.eye(18), atol=1e-15)
        assert_allclose(J[kept, changed], 0, atol=1e-15)
        assert np.count_nonzero(J[changed, kept]) > 100
        sign, logdet = np.linalg.slogdet(J)
        said = coupling.with_logdet(x[None])[1]
        assert sign == 1
        assert_allclose(logdet, float(said), atol=1e-12)
        assert (kind == "additive") == (float(said) == 0)

    @given(st.integers(0, 1000), st.sampled_from(INVERTIBLE), st.booleans(), st.floats(0.01, 100))
    @settings(max_examples=20, deadline=None)
    def test_comes_back(self, seed, kind, flip, size):
        coupling = stirred(Coupling(4, 6, kind, flip), seed)
        generator = torch.Generator().manual_seed(seed)
        x = size * torch.randn(3, 4, 5, 5, generator=generator, dtype=torch.float64)
        assert_allclose(coupling.inverse(coupling(x)), x, atol=1e-11 * max(size, 1))

    def test_that_is_rectified_is_the_maximum_of_0_and_refuses_to_go_back(self):
        plain, twin = (stirred(Coupling(4, 6, kind)) for kind in ("additive", "rectified"))
        x = torch.randn(3, 4, 5, 5, dtype=torch.float64)
        expected = plain(x)
        assert_array_equal(twin(x)[:, :2], expected[:, :2])
        assert_array_equal(twin(x)[:, 2:], expected[:, 2:].clamp(min=0))
        with pytest.raises(ValueError, match="expected one with an inverse, got kind 'rectified'"):
            twin.inverse(x)

    def test_starts_as_the_identity(self):
        x = torch.randn(2, 4, 5, 5)
        for kind in INVERTIBLE:
            assert_array_equal(Coupling(4, 8, kind).requires_grad_(False)(x), x)

    @pytest.mark.parametrize("channels", [0, 1, 3])
    def test_of_an_odd_number_of_channels_is_refused(self, channels):
        with pytest.raises(ValueError, match=f"expected an even number, 2 or more, got {channels}"):
            Coupling(channels, 4)

    def test_of_another_kind_is_refused(self):
        with pytest.raises(ValueError, match=r"kind: expected one of additive, .*, got 'linear'"):
            Coupling(4, 4, "linear")


class TestBijection:
    @pytest.mark.parametrize("kind", INVERTIBLE)
    def test_is_the_inverse_of_its_inverse_and_says_its_determinant(self, kind):
        phi = stirred(Bijection(kind), scale=0.1)
        x = torch.rand(2, 28, 28, dtype=torch.float64)
        z = phi(x)
        assert_allclose(phi.inverse(z), x, atol=1e-12)
        assert_allclose(phi(phi.inverse(x.reshape(2, 784))), x.reshape(2, 784), atol=1e-12)
        codes, logdet = phi.with_logdet(x)
        assert_array_equal(codes, z)
        _, expected = np.linalg.slogdet(dense(phi, x[0]))
        assert_allclose(logdet[0], expected, atol=1e-9)
        assert (kind == "additive") == (float(logdet[0]) == 0)

    def test_takes_a_channel_of_one_and_refuses_other_shapes(self):
        phi = Bijection().requires_grad_(False)
        x = torch.rand(2, 28, 28)
        assert_array_equal(phi(x[:, None]), phi(x))
        for bad in (x[0], x[:, :14], torch.rand(2, 3, 28, 28)):
            with pytest.raises(ValueError, match="x: expected images of shape"):
                phi(bad)
        for bad in (x, torch.rand(784), torch.rand(2, 783)):
            with pytest.raises(ValueError, match="z: expected codes of shape"):
                phi.inverse(bad)

    def test_and_its_twin_have_the_same_weights_in_number_and_shape(self):
        ours, twin = (Classifier(Bijection(kind), nn.Linear(784, 10)) for kind in KINDS[::2])
        shapes = [{k: v.shape for k, v in each.state_dict().items()} for each in (ours, twin)]
        assert shapes[0] == shapes[1]
        assert sum(p.numel() for p in ours.parameters()) == 43_806
