"""The operator of a convolution against the dense matrix that torch's own convolution makes."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.sparse.linalg import aslinearoperator, svds
from torch.nn.functional import conv2d

from vslib import operators
from vslib.convolution import ConvOperator


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
    assert spectrum.method in ("fft", "gram")
    assert spectrum.values.shape == expected.shape
    error = np.abs(spectrum.values - expected).max()
    assert error <= 10 * spectrum.residual * expected[0]
    assert spectrum.method == "gram" or error <= 1e-13 * expected[0]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(geometries(), st.integers(0, 2**32 - 1))
def test_split_is_the_projection_onto_the_row_space(geometry, seed):
    weight, shape, options = geometry
    operator, matrix = ConvOperator(weight, shape, **options), dense(weight, shape, **options)
    values = np.linalg.svd(matrix, compute_uv=False)
    assume(not ((values > 1e-9 * values[0]) & (values < 1e-4 * values[0])).any())
    x = np.random.default_rng(seed).normal(size=(2, *shape))
    signal, rejected = operator.split(x)
    np.testing.assert_allclose(signal + rejected, x)
    flat = x.reshape(2, -1)
    np.testing.assert_allclose(
        signal.reshape(2, -1), flat @ (np.linalg.pinv(matrix, rcond=1e-7) @ matrix), atol=1e-7
    )
    assert operator.rank == np.linalg.matrix_rank(matrix, 1e-7 * values[0])
    energy = operator.rejected_energy(x)
    assert energy.shape == (2,) and (energy >= 0).all() and (energy <= 1).all()
    np.testing.assert_allclose(energy, (rejected**2).sum((1, 2, 3)) / (x**2).sum((1, 2, 3)))


@pytest.mark.parametrize("padding", ["same", "valid", 1])
@pytest.mark.parametrize("kernel", [(3, 3), (2, 4)])
def test_a_torch_layer_gives_its_operator(padding, kernel):
    conv = torch.nn.Conv2d(2, 3, kernel, padding=padding, dilation=2, dtype=torch.float64)
    operator = ConvOperator.of(conv, (2, 9, 8))
    x = torch.randn(1, 2, 9, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    expected = (conv(x) - conv.bias[:, None, None]).detach().numpy()
    np.testing.assert_allclose(operator.matvec(x.numpy().ravel()), expected.ravel(), atol=1e-12)
    assert operator.output_shape == expected.shape[1:]


@pytest.mark.parametrize(("stride", "method"), [(1, "fft"), (2, "fft"), (3, "gram")])
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
    assert (zeros.method, circular.method) == ("gram", "fft")
    assert np.abs(zeros.values - circular.values).max() > 0.01 * zeros.values[0]


def test_the_largest_come_by_lanczos_with_their_residual():
    operator = ConvOperator(
        np.random.default_rng(0).normal(size=(8, 8, 3, 3)), (8, 10, 9), padding=1
    )
    few = operator.singular_values(6)
    assert few.method == "lanczos" and few.residual < 1e-10
    np.testing.assert_allclose(few.values, operator.singular_values().values[:6], rtol=1e-8)


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
    monkeypatch.setattr(operators, "MEMORY", 0)
    found = ConvOperator(weight, (4, 6, 6), padding=1).split(x)
    np.testing.assert_allclose(found, expected, atol=1e-8)


BAD = {
    "three axes": (dict(weight=np.ones((2, 1, 3))), "4 axes, got shape (2, 1, 3)"),
    "channels": (dict(input_shape=(3, 5, 5)), "expected shape (C_out, 3 / 1"),
    "no image": (dict(input_shape=(1, 5)), "expected (C, H, W)"),
    "too small": (dict(input_shape=(1, 2, 2)), "room for a kernel of 3 x 3"),
    "groups": (dict(groups=2), "2 groups"),
    "stride 0": (dict(stride=0), "stride: expected 1 or more"),
    "negative padding": (dict(padding=-1), "padding: expected 0 or more"),
    "reflection": (dict(padding_mode="reflect"), "'zeros' or 'circular', got 'reflect'"),
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
    with pytest.raises(ValueError, match="expected 1 to 9"):
        ConvOperator(np.ones((1, 1, 3, 3)), (1, 5, 5)).singular_values(k)


def test_bad_feature_maps_are_refused():
    with pytest.raises(ValueError, match=r"\(\.\.\., 1, 5, 5\) or \(\.\.\., 25\), got \(1, 4, 5\)"):
        ConvOperator(np.ones((1, 1, 3, 3)), (1, 5, 5)).split(np.ones((1, 4, 5)))
