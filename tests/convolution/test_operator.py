"""The operator of a convolution against the dense matrix that torch's own convolution makes."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.sparse.linalg import aslinearoperator, svds
from torch.nn.functional import conv2d

from vslib import Subspaces, layers, networks
from vslib.convolution import spectra
from vslib.convolution.network import conv_operators
from vslib.convolution.operator import ConvOperator
from vslib.layers.matrices import UnknownLayerError


def dense(weight, input_shape, stride=1, padding=0, dilation=1, groups=1, padding_mode="zeros"):
    """The layer's matrix, from unit vectors pushed through torch."""
    size = int(np.prod(input_shape))
    units = torch.eye(size, dtype=torch.float64).reshape(size, *input_shape)
    if padding_mode == "circular":
        rows, columns = (padding, padding) if isinstance(padding, int) else padding
        units = torch.nn.functional.pad(units, (columns, columns, rows, rows), mode="circular")
        padding = 0
    out = conv2d(units, torch.tensor(weight), None, stride, padding, dilation, groups)
    return out.reshape(size, -1).T.numpy()


def whole(operator):
    return operator.matmat(np.eye(operator.shape[1]))


def of_clear_rank(weight, shape, options):
    """The operator, its matrix and singular values, where none of these is nearly zero."""
    operator, matrix = ConvOperator(weight, shape, **options), dense(weight, shape, **options)
    values = np.linalg.svd(matrix, compute_uv=False)
    assume(not ((values > 1e-9 * values[0]) & (values < 1e-4 * values[0])).any())
    return operator, matrix, values


@st.composite
def geometries(draw):
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    each, out = draw(st.integers(1, 3)), groups * draw(st.integers(1, 3))
    kernel = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    height, width = draw(st.tuples(st.integers(1, 8), st.integers(1, 8)))
    settings = {
        "stride": draw(st.tuples(st.integers(1, 3), st.integers(1, 3))),
        "padding": draw(st.tuples(st.integers(0, 3), st.integers(0, 3))),
        "dilation": draw(st.tuples(st.integers(1, 2), st.integers(1, 2))),
        "groups": groups,
        "padding_mode": draw(st.sampled_from(["zeros", "circular"])),
    }
    spans = zip((height, width), settings["padding"], settings["dilation"], kernel, strict=True)
    assume(all(n + 2 * p >= d * (k - 1) + 1 and p <= n for n, p, d, k in spans))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return rng.normal(size=(out, each, *kernel)), (each * groups, height, width), settings


@settings(max_examples=150, deadline=None, derandomize=True)
@given(geometries())
def test_it_is_the_dense_matrix_and_its_transpose(geometry):
    weight, shape, options = geometry
    operator, matrix = ConvOperator(weight, shape, **options), dense(weight, shape, **options)
    assert operator.shape == matrix.shape
    scale = np.abs(matrix).max()
    np.testing.assert_allclose(whole(operator), matrix, atol=1e-12 * scale)
    adjoint = operator.rmatmat(np.eye(operator.shape[0]))
    np.testing.assert_allclose(adjoint, matrix.T, atol=1e-12 * scale)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(geometries(), st.integers(0, 2**32 - 1))
def test_the_adjoint_identity(geometry, seed):
    weight, shape, options = geometry
    operator = ConvOperator(weight, shape, **options)
    rng = np.random.default_rng(seed)
    x, y = (rng.normal(size=n) for n in operator.shape[::-1])
    bound = np.abs(weight).sum() * np.linalg.norm(x) * np.linalg.norm(y)
    assert abs(operator.matvec(x) @ y - x @ operator.rmatvec(y)) <= 1e-12 * bound


@settings(max_examples=60, deadline=None, derandomize=True)
@given(geometries())
def test_all_singular_values_to_their_stated_error(geometry):
    weight, shape, options = geometry
    spectrum = ConvOperator(weight, shape, **options).singular_values()
    expected = np.linalg.svd(dense(weight, shape, **options), compute_uv=False)
    assert spectrum.method in ("fft", "dense", "patches")
    assert spectrum.values.shape == expected.shape
    error = np.abs(spectrum.values - expected).max()
    assert error <= 10 * spectrum.residual * expected[0]
    assert error <= 1e-13 * expected[0]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(geometries(), st.integers(0, 2**32 - 1))
def test_split_is_the_projection_onto_the_row_space(geometry, seed):
    operator, matrix, values = of_clear_rank(*geometry)
    x = np.random.default_rng(seed).normal(size=(2, *operator.input_shape))
    signal, rejected = operator.split(x)
    np.testing.assert_allclose(signal + rejected, x)
    flat = x.reshape(2, -1)
    np.testing.assert_allclose(
        signal.reshape(2, -1), flat @ (np.linalg.pinv(matrix, rcond=1e-7) @ matrix), atol=1e-7
    )
    assert operator.rank == np.linalg.matrix_rank(matrix, 1e-7 * values[0])
    if operator.rank:
        expected = values[0] / values[operator.rank - 1]
        assert operator.condition_number == pytest.approx(expected, rel=1e-6)
    energy = operator.rejected_energy(x)
    assert energy.shape == (2,) and (energy >= 0).all() and (energy <= 1).all()
    np.testing.assert_allclose(energy, (rejected**2).sum((1, 2, 3)) / (x**2).sum((1, 2, 3)))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(geometries(), st.integers(0, 2**32 - 1))
def test_split_out_is_the_projection_onto_the_column_space(geometry, seed):
    operator, matrix, values = of_clear_rank(*geometry)
    y = np.random.default_rng(seed).normal(size=(2, *operator.output_shape))
    signal, rejected = operator.split_out(y)
    np.testing.assert_allclose(signal + rejected, y)
    expected = y.reshape(2, -1) @ (matrix @ np.linalg.pinv(matrix, rcond=1e-7)).T
    np.testing.assert_allclose(signal.reshape(2, -1), expected, atol=1e-7)
    assert np.abs(operator.rmatmat(rejected.reshape(2, -1).T)).max() <= 1e-7 * max(values[0], 1)


def test_the_sides_of_a_square_layer_of_low_rank_are_told_apart():
    # Output channels that repeat each other: the left null space is not the null space.
    weight = np.random.default_rng(0).normal(size=(1, 2, 3, 3)).repeat(2, axis=0)
    operator = ConvOperator(weight, (2, 4, 4), padding=1)
    assert operator.shape == (32, 32) and operator.rank == 16
    equal = np.random.default_rng(1).normal(size=(1, 4, 4)).repeat(2, axis=0)
    assert np.linalg.norm(operator.split_out(equal)[1]) < 1e-10
    assert np.linalg.norm(operator.split(equal)[1]) > 0.1


@pytest.mark.parametrize("stride", [1, 2, (1, 2)])
@pytest.mark.parametrize("groups", [1, 2])
def test_circular_layers_are_split_in_fourier_blocks_without_a_gram_matrix(
    stride, groups, monkeypatch
):
    weight = np.random.default_rng(0).normal(size=(4, 6 // groups, 3, 2))
    weight[1] = weight[0]
    options = {"stride": stride, "padding": 1, "groups": groups, "padding_mode": "circular"}
    operator = ConvOperator(weight, (6, 6, 8), **options)
    if not operator.is_block_circulant:
        weight = weight[..., :1]  # an even kernel with padding on both sides adds a column
        options["padding"] = (1, 0)
        operator = ConvOperator(weight, (6, 6, 8), **options)
    assert operator.is_block_circulant
    monkeypatch.setattr(spectra, "gram", None)
    matrix = dense(weight, (6, 6, 8), **options)
    x = np.random.default_rng(1).normal(size=(3, 288))
    expected = x @ (np.linalg.pinv(matrix, rcond=1e-10) @ matrix)
    np.testing.assert_allclose(operator.split(x)[0], expected, atol=1e-12)
    assert operator.rank == np.linalg.matrix_rank(matrix) < min(operator.shape)


def test_a_zero_layer_has_no_condition_number():
    operator = ConvOperator(np.zeros((1, 1, 2, 2)), (1, 4, 4))
    assert operator.rank == 0
    with pytest.raises(ValueError, match="got rank 0"):
        _ = operator.condition_number


def test_complex_vectors_keep_their_imaginary_parts():
    operator = ConvOperator(np.random.default_rng(0).normal(size=(2, 3, 3, 3)), (3, 5, 5))
    x = np.random.default_rng(1).normal(size=(2, 75))
    z = x[0] + 1j * x[1]
    np.testing.assert_allclose(operator @ z, operator @ x[0] + 1j * (operator @ x[1]))
    y = operator @ z
    expected = operator.H @ y.real + 1j * (operator.H @ y.imag)
    np.testing.assert_allclose(operator.H @ y, expected)


@pytest.fixture(scope="module")
def network():
    return networks.load("resnet18")


class TestOfANetwork:
    def test_every_convolution_at_the_size_that_it_meets(self, network):
        found = conv_operators(network, (28, 28))
        assert len(found) == 20
        assert found["layer1.0.conv1"].shape == (3136, 3136)
        assert found["conv1"].shape == (64 * 14 * 14, 784)
        assert {a.reading for a in found.values()} == {"operator, zeros"}
        with pytest.raises(UnknownLayerError, match=r"layer1\.0\.conv1"):
            found["layer1.0.conv"]

    def test_the_other_padding_is_another_reading(self, network):
        found = conv_operators(network, (28, 28), "circular")
        assert {a.reading for a in found.values()} == {"operator, circular"}

    def test_an_operator_gives_what_the_layer_gives(self, network):
        conv = network.get_submodule("layer2.0.conv1").double()
        x = np.random.default_rng(0).normal(size=(64, 7, 7))
        expected = conv(torch.tensor(x)[None]).detach().numpy()
        conv.float()
        found = conv_operators(network, (28, 28))["layer2.0.conv1"] @ x.ravel()
        np.testing.assert_allclose(found, expected.ravel(), atol=1e-12)

    def test_one_layer_has_four_condition_numbers(self, network):
        name = "layer1.0.conv1"
        numbers = [
            Subspaces(layers.matrices(network, r)[name]).condition_number
            for r in ("kernels", "filters")
        ]
        for mode in ("circular", "zeros"):
            numbers.append(conv_operators(network, (28, 28), mode)[name].condition_number)
        kernels, filters, circular, zeros = numbers
        assert 1.05 < kernels < 1.11 and 1.8 < filters < 2.2
        assert 100 < circular < zeros


@pytest.mark.parametrize("padding", ["same", "valid", 1])
@pytest.mark.parametrize("kernel", [(3, 3), (2, 4)])
def test_a_torch_layer_gives_its_operator(padding, kernel):
    conv = torch.nn.Conv2d(2, 3, kernel, padding=padding, dilation=2, dtype=torch.float64)
    operator = ConvOperator.of(conv, (2, 9, 8))
    x = torch.randn(1, 2, 9, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    expected = (conv(x) - conv.bias[:, None, None]).detach().numpy()
    np.testing.assert_allclose(operator.matvec(x.numpy().ravel()), expected.ravel(), atol=1e-12)
    assert operator.output_shape == expected.shape[1:]


@pytest.mark.parametrize(("stride", "method"), [(1, "fft"), (2, "fft"), (3, "dense")])
def test_circular_padding_is_taken_through_fourier_where_that_is_exact(stride, method):
    weight = np.random.default_rng(0).normal(size=(4, 3, 3, 3))
    options = {"stride": stride, "padding": 1, "padding_mode": "circular"}
    spectrum = ConvOperator(weight, (3, 8, 10), **options).singular_values()
    expected = np.linalg.svd(dense(weight, (3, 8, 10), **options), compute_uv=False)
    assert spectrum.method == method
    np.testing.assert_allclose(spectrum.values, expected, atol=1e-8 * expected[0])


def test_zero_padding_is_never_answered_by_the_circular_approximation():
    weight = np.random.default_rng(0).normal(size=(4, 4, 3, 3))
    zeros, circular = (
        ConvOperator(weight, (4, 6, 6), padding=1, padding_mode=mode).singular_values()
        for mode in ("zeros", "circular")
    )
    assert (zeros.method, circular.method) == ("dense", "fft")
    assert np.abs(zeros.values - circular.values).max() > 0.01 * zeros.values[0]


def test_signal_vectors_are_those_of_the_matrix():
    weight = np.random.default_rng(0).normal(size=(3, 2, 3, 3))
    operator = ConvOperator(weight, (2, 5, 6), padding=1)
    found = operator.signal_vectors(7)
    assert found.shape == (7, 2, 5, 6)
    expected = Subspaces(dense(weight, (2, 5, 6), padding=1)).signal_vectors[:7]
    np.testing.assert_allclose(found.reshape(7, -1), expected, atol=1e-8)
    with pytest.raises(ValueError, match="k: expected 1 to 60, got 61"):
        operator.signal_vectors(61)


def test_so_many_of_the_largest_that_they_do_not_fit_are_refused():
    operator = ConvOperator(np.ones((64, 64, 3, 3)), (64, 56, 56), padding=1)
    with pytest.raises(ValueError, match=r"200704 x 200704.*4 GiB.*for 5000, which need \d+"):
        operator.singular_values(5000)


def test_it_is_a_scipy_operator():
    operator = ConvOperator(np.ones((2, 1, 2, 2)), (1, 5, 5))
    assert aslinearoperator(operator) is operator
    assert svds(operator, 1, return_singular_vectors=False) == pytest.approx(
        operator.singular_values().values[0]
    )


def test_what_does_not_fit_says_its_sizes(monkeypatch):
    operator = ConvOperator(np.ones((64, 64, 3, 3)), (64, 56, 56), padding=1)
    with pytest.raises(
        ValueError, match=r"200704 x 200704.*expected.*4 GiB.*ask for the largest k"
    ):
        operator.singular_values()


def test_a_layer_too_large_for_its_gram_matrix_is_split_by_iteration(monkeypatch):
    weight = np.random.default_rng(0).normal(size=(2, 4, 3, 3))
    x = np.random.default_rng(1).normal(size=(3, 4, 6, 6))
    expected = ConvOperator(weight, (4, 6, 6), padding=1).split(x)
    monkeypatch.setattr(spectra, "MEMORY", 0)
    found = ConvOperator(weight, (4, 6, 6), padding=1).split(x)
    np.testing.assert_allclose(found, expected, atol=1e-8)


def test_outputs_of_a_layer_too_large_are_split_by_iteration_too(monkeypatch):
    weight = np.random.default_rng(0).normal(size=(4, 2, 3, 3))
    y = np.random.default_rng(1).normal(size=(3, 4, 6, 6))
    expected = ConvOperator(weight, (2, 6, 6), padding=1).split_out(y)
    assert np.linalg.norm(expected[1]) > 1
    monkeypatch.setattr(spectra, "MEMORY", 0)
    found = ConvOperator(weight, (2, 6, 6), padding=1).split_out(y)
    np.testing.assert_allclose(found, expected, atol=1e-8)


BAD = {
    "two axes": (dict(weight=np.ones((2, 3))), "expected shape (C_out, C / groups, k)"),
    "three axes": (dict(weight=np.ones((2, 1, 3))), "expected (C, L), got (1, 5, 5)"),
    "channels": (dict(input_shape=(3, 5, 5)), "expected shape (C_out, 3 / 1"),
    "no image": (dict(input_shape=(1, 5)), "expected (C, H, W)"),
    "too small": (dict(input_shape=(1, 2, 2)), "room for a kernel of 3 x 3"),
    "groups": (dict(groups=2), "2 groups"),
    "stride 0": (dict(stride=0), "stride: expected 1 or more"),
    "negative padding": (dict(padding=-1), "padding: expected 0 or more"),
    "padding mode": (dict(padding_mode="mirror"), "'replicate', got 'mirror'"),
    "reflected too far": (dict(padding_mode="reflect", padding=5), "expected at most 4"),
    "same with a stride": (dict(padding="same", stride=2), "'same' with (2, 2)"),
    "rtol": (dict(rtol=1.0), "rtol: expected a number in [0, 1)"),
    "not a number": (dict(weight=np.full((1, 1, 3, 3), np.nan)), "finite"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_layers_are_refused(name):
    changed, words = BAD[name]
    with pytest.raises(ValueError) as caught:
        ConvOperator(**{"weight": np.ones((1, 1, 3, 3)), "input_shape": (1, 5, 5)} | changed)
    assert words in str(caught.value)


@pytest.mark.parametrize("k", [0, 10, -1])
def test_bad_k_is_refused(k):
    with pytest.raises(ValueError, match="k: expected 1 to 9, got"):
        ConvOperator(np.ones((1, 1, 3, 3)), (1, 5, 5)).singular_values(k)


def test_bad_feature_maps_are_refused():
    with pytest.raises(ValueError, match=r"\(\.\.\., 1, 5, 5\) or \(\.\.\., 25\), got \(1, 4, 5\)"):
        ConvOperator(np.ones((1, 1, 3, 3)), (1, 5, 5)).split(np.ones((1, 4, 5)))
