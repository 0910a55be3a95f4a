"""Arithmetic on arrays, and the exact mode: bit for bit, in any order of summation."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from torch.nn import functional as F

from vslib import invertible, mnist, networks
from vslib.bijections import Mix, hadamard
from vslib.invertible import numeric

EXAMPLES = settings(max_examples=10, deadline=None)


@pytest.fixture(scope="module")
def classifier():
    return networks.load("bijection")


@pytest.fixture(scope="module")
def exact(classifier):
    return invertible.lattice(classifier)


@pytest.fixture(scope="module")
def greys():
    return np.round(255 * mnist.load("test")[0][:200]).astype(np.uint8)


class TestArrays:
    @given(st.integers(0, 99), st.integers(1, 3), st.integers(1, 4), st.sampled_from([1, 3, 5]))
    @EXAMPLES
    def test_convolution_is_torchs(self, seed, count, channels, size):
        rng = np.random.default_rng(seed)
        weight, x = (
            rng.normal(size=(2, channels, size, size)),
            rng.normal(size=(channels, count, 6, 5)),
        )
        expected = F.conv2d(
            torch.tensor(x).transpose(0, 1), torch.tensor(weight), padding=size // 2
        ).transpose(0, 1)
        assert_allclose(numeric.convolved(weight, x), expected, atol=1e-12)

    def test_squeeze_is_torchs(self):
        x = np.random.default_rng(0).normal(size=(3, 2, 4, 6))
        expected = F.pixel_unshuffle(torch.tensor(x).transpose(0, 1), 2).transpose(0, 1)
        assert_array_equal(numeric.squeezed(x), expected)

    @pytest.mark.parametrize("name", ["bijection", "bijection-likelihood"])
    def test_goes_forward_and_back_as_the_module_does(self, name):
        phi = networks.build(name).bijection.double().requires_grad_(False)
        for number, parameter in enumerate(phi.parameters()):
            parameter.add_(0.01 * (number % 7 - 3))
        ours = invertible.ArrayBijection(phi)
        x = np.random.default_rng(0).random((3, 28, 28))
        z = np.random.default_rng(1).normal(size=(3, 784))
        with torch.no_grad():
            assert_allclose(ours.forward(x), phi(torch.tensor(x)), atol=1e-12)
            assert_allclose(ours.inverse(z), phi.inverse(torch.tensor(z)), atol=1e-12)

    def test_of_what_has_no_inverse_is_refused(self):
        with pytest.raises(ValueError, match="with an inverse, got Coupling rectified"):
            invertible.ArrayBijection(networks.build("twin").bijection)
        with pytest.raises(ValueError, match="bijection: expected one with layers, got Linear"):
            invertible.ArrayBijection(torch.nn.Linear(2, 2))
        phi = invertible.ArrayBijection(networks.build("bijection").bijection)
        with pytest.raises(ValueError, match="x: expected images of shape"):
            phi.forward(np.zeros((2, 14, 28)))
        with pytest.raises(ValueError, match="z: expected length 784"):
            phi.inverse(np.zeros((2, 783)))


class TestLattice:
    def test_brings_images_back_bit_for_bit(self, exact, greys):
        integers = exact.forward(greys)
        assert integers.dtype == np.int64
        assert_array_equal(exact.inverse(integers), greys)

    @given(st.integers(0, 2**32 - 1))
    @EXAMPLES
    def test_brings_noise_back_bit_for_bit(self, exact, seed):
        noise = np.random.default_rng(seed).integers(0, 256, (2, 28, 28), dtype=np.uint8)
        assert_array_equal(exact.inverse(exact.forward(noise)), noise)

    def test_takes_floats_that_are_255ths(self, exact, greys):
        floats = mnist.load("test")[0][:5]
        assert_array_equal(exact.forward(floats), exact.forward(greys[:5]))

    def test_is_close_to_the_network(self, exact, classifier, greys):
        codes = invertible.code(classifier, greys / 255)
        assert_allclose(exact.forward(greys) / 4080, codes, atol=0.02)
        outputs = networks.evaluate(classifier, (greys / 255).astype(np.float32))
        assert_allclose(exact(greys) / 2**28, outputs, atol=0.05)

    def test_does_not_depend_on_the_order_of_sums(self, exact, greys, monkeypatch):
        expected = exact.forward(greys[:3])

        def reordered(weight, x):
            # Channel by channel and tap by tap, backwards: another order of every sum.
            out, channels, size, _ = weight.shape
            by = size // 2
            wide = np.pad(x, ((0, 0), (0, 0), (by, by), (by, by)))
            total = np.zeros((out, *x.shape[1:]))
            for c, i, j in reversed([*np.ndindex(channels, size, size)]):
                window = wide[c, :, i : i + x.shape[2], j : j + x.shape[3]]
                total += weight[:, c, i, j][:, None, None, None] * window
            return total

        monkeypatch.setattr(exact_mode_module(), "convolved", reordered)
        assert_array_equal(exact.forward(greys[:3]), expected)

    # One half is rounded for four numbers, and three of those meet in one: by 1.5 at most. For 16
    # it happens twice, and the matrix of four at most doubles what came before.
    @pytest.mark.parametrize("channels, most", [(4, 1.5), (16, 4.5)])
    def test_mixing_is_the_matrix_but_for_rounding_and_comes_back(self, channels, most):
        order = np.random.default_rng(0).permutation(channels)
        step = exact_mode_module()._step(Mix(channels, order))
        x = np.random.default_rng(1).integers(-9999, 9999, (channels, 2, 3, 3)).astype(float)
        y = step.forward(x)
        assert_array_equal(y, np.round(y))
        assert_allclose(y, np.tensordot(hadamard(channels)[:, order], x, 1), atol=most)
        assert_array_equal(step.inverse(y), x)

    def test_refuses_sums_that_could_be_rounded(self):
        network = networks.build("bijection")
        with torch.no_grad():
            for parameter in network.bijection.parameters():
                parameter.add_(1e4)
        with pytest.raises(ValueError, match="exact mode: expected sums below 2"):
            invertible.lattice(network).forward(np.full((1, 28, 28), 255, np.uint8))

    def test_refuses_what_is_no_8_bit_image_nor_the_code_of_one(self, exact, greys):
        for images, words in (
            (np.full((1, 28, 28), 256), "grey levels 0 to 255"),
            (np.full((1, 28, 28), -1), "grey levels 0 to 255"),
            (np.full((1, 28, 28), 0.5), "between two grey levels"),
            (np.full((1, 28, 28), 1.5), "grey levels 0 to 255"),
            (np.zeros((28, 28), np.uint8), "images: expected 3 axes"),
            (np.zeros((1, 14, 28), np.uint8), r"images: expected shape \(N, 28, 28\)"),
        ):
            with pytest.raises(ValueError, match=words):
                exact.forward(images)
        integers = exact.forward(greys[:1])
        with pytest.raises(ValueError, match="expected the codes of 8-bit images"):
            exact.inverse(integers + 1)
        with pytest.raises(ValueError, match="expected whole numbers, got fractions"):
            exact.inverse(integers + 0.5)

    def test_refuses_other_networks(self):
        with pytest.raises(ValueError, match="expected additive couplings"):
            invertible.lattice(networks.build("bijection-likelihood"))
        network = networks.build("bijection")
        network.bijection.layers[1].matrix[0, 0] = 0.25
        with pytest.raises(ValueError, match="Mix: expected a Hadamard matrix"):
            invertible.lattice(network)


def exact_mode_module():
    import sys

    return sys.modules["vslib.invertible.lattice"]
