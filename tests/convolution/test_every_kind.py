"""Every kind of convolution, by every way of decomposing it, against the dense matrix of torch."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from torch import nn
from torch.nn.utils import parametrizations, weight_norm

from vslib import networks
from vslib.convolution import ConvOperator, choice, conv_operators, krylov, spectra
from vslib.convolution.krylov import largest
from vslib.convolution.operator import TransposedConvOperator

KINDS = {
    "plain": (lambda: nn.Conv2d(2, 3, 3), (2, 5, 6)),
    "padded": (lambda: nn.Conv2d(2, 3, 3, padding=1), (2, 5, 6)),
    "same, even kernel": (lambda: nn.Conv2d(2, 3, (2, 4), padding="same"), (2, 5, 6)),
    "circular": (lambda: nn.Conv2d(2, 3, 3, padding=1, padding_mode="circular"), (2, 5, 6)),
    "circular, stride": (
        lambda: nn.Conv2d(2, 3, 3, stride=2, padding=1, padding_mode="circular"),
        (2, 6, 6),
    ),
    "reflect": (lambda: nn.Conv2d(2, 3, 3, padding=2, padding_mode="reflect"), (2, 5, 6)),
    "replicate": (
        lambda: nn.Conv2d(1, 3, 3, stride=2, padding=(3, 1), padding_mode="replicate"),
        (1, 4, 6),
    ),
    "depthwise": (lambda: nn.Conv2d(3, 6, 3, groups=3, padding=1), (3, 4, 5)),
    "groups": (lambda: nn.Conv2d(4, 6, 2, groups=2, dilation=2), (4, 5, 6)),
    "groups, same, even kernel": (
        lambda: nn.Conv2d(4, 6, (2, 4), padding="same", groups=2),
        (4, 4, 5),
    ),
    "groups, same, even, circular": (
        lambda: nn.Conv2d(2, 4, (4, 2), padding="same", groups=2, padding_mode="circular"),
        (2, 4, 5),
    ),
    "Conv1d, groups, same, replicate": (
        lambda: nn.Conv1d(2, 2, 4, padding="same", groups=2, padding_mode="replicate"),
        (2, 6),
    ),
    "patches": (lambda: nn.Conv2d(2, 5, 2, stride=2), (2, 6, 7)),
    "1 x 1, stride": (lambda: nn.Conv2d(3, 2, 1, stride=2), (3, 5, 5)),
    "Conv1d": (lambda: nn.Conv1d(2, 3, 3, padding=1), (2, 7)),
    "Conv1d, circular": (lambda: nn.Conv1d(2, 3, 3, padding=1, padding_mode="circular"), (2, 7)),
    "Conv3d": (lambda: nn.Conv3d(1, 2, 2, padding=1, stride=(1, 2, 1)), (1, 3, 4, 3)),
    "Conv3d, circular": (
        lambda: nn.Conv3d(1, 2, 3, padding=1, padding_mode="circular"),
        (1, 3, 4, 3),
    ),
    "ConvTranspose2d": (lambda: nn.ConvTranspose2d(3, 2, 3, stride=2, padding=1), (3, 4, 4)),
    "ConvTranspose2d, more": (
        lambda: nn.ConvTranspose2d(4, 6, 3, stride=2, output_padding=1, groups=2),
        (4, 3, 3),
    ),
    "ConvTranspose1d": (lambda: nn.ConvTranspose1d(2, 3, 4, stride=3, dilation=2), (2, 5)),
    "ConvTranspose3d": (lambda: nn.ConvTranspose3d(1, 2, 2), (1, 2, 3, 2)),
    "parametrised": (
        lambda: parametrizations.weight_norm(nn.Conv2d(2, 3, 3, padding=1)),
        (2, 4, 4),
    ),
    "weight_norm of old": (lambda: weight_norm(nn.Conv2d(2, 3, 3, padding=1)), (2, 4, 4)),
}
every_kind = pytest.mark.parametrize("kind", KINDS)


def dtypes(kind):
    """torch cannot turn the plain attribute of the older weight_norm into another dtype."""
    return [torch.float64] + [torch.float32, torch.bfloat16] * ("old" not in kind)


def made(kind, dtype=torch.float64):
    torch.manual_seed(0)
    make, shape = KINDS[kind]
    return make().to(dtype), shape


def dense(conv, shape):
    """The module's matrix, from unit vectors pushed through it in float64."""
    conv = conv.double() if not hasattr(conv, "weight_g") else conv
    size = int(np.prod(shape))
    with torch.no_grad():
        units = torch.eye(size, dtype=torch.float64).reshape(size, *shape)
        bias = conv(torch.zeros(1, *shape, dtype=torch.float64))
        return (conv(units) - bias).reshape(size, -1).T.numpy()


@pytest.fixture(params=["as it comes", "Gram matrix", "products"])
def way(request, monkeypatch):
    """Takes one way after the other: small layers as if they were large."""
    if request.param != "as it comes":
        monkeypatch.setattr(choice, "SMALL", 0)
        monkeypatch.setattr(choice, "LARGE", 0)
    if request.param == "products":
        monkeypatch.setattr(spectra, "MEMORY", 0)
    return request.param


class TestEveryKind:
    @pytest.mark.parametrize(("kind", "dtype"), [(k, d) for k in KINDS for d in dtypes(k)])
    def test_is_the_map_of_the_module(self, kind, dtype):
        conv, shape = made(kind, dtype)
        operator = ConvOperator.of(conv, shape)
        matrix = dense(conv, shape)
        assert operator.shape == matrix.shape
        assert_allclose(operator.matmat(np.eye(operator.shape[1])), matrix, atol=1e-12)
        assert_allclose(operator.rmatmat(np.eye(operator.shape[0])), matrix.T, atol=1e-12)
        assert operator.output_shape == tuple(conv(torch.zeros(1, *shape).double()).shape[1:])
        eps = 2.0**-52 if dtype == torch.float64 else 2.0**-23
        assert operator.tolerance == max(matrix.shape) * eps

    @every_kind
    def test_spectrum_rank_and_splits_are_those_of_the_dense_matrix(self, kind, way):
        conv, shape = made(kind)
        operator, matrix = ConvOperator.of(conv, shape), dense(conv, shape)
        u, s, vt = np.linalg.svd(matrix)
        rng = np.random.default_rng(0)
        x, y = (rng.normal(size=(2, n)) for n in matrix.shape[::-1])
        rank = np.count_nonzero(s > 1e-7 * s[0])
        signal, rejected = operator.split(x.reshape(2, *operator.input_shape))
        assert_allclose(signal.reshape(2, -1), x @ vt[:rank].T @ vt[:rank], atol=1e-7)
        assert_allclose(signal + rejected, x.reshape(signal.shape), atol=1e-12)
        signal, _ = operator.split_out(y)
        assert_allclose(signal, y @ u[:, :rank] @ u[:, :rank].T, atol=1e-7)
        plain = all(type(found).__name__ != "Products" for found in operator._ways)
        if plain:
            assert operator.rank == rank
            assert_allclose(operator.singular_values().values, s, atol=1e-7 * s[0])
            assert_allclose(operator.condition_number, s[0] / s[rank - 1], rtol=1e-4)

    @every_kind
    @pytest.mark.parametrize("k", [1, 3, 7])
    def test_the_k_largest_are_the_k_largest(self, kind, k, way):
        conv, shape = made(kind)
        operator, matrix = ConvOperator.of(conv, shape), dense(conv, shape)
        s = np.linalg.svd(matrix, compute_uv=False)
        found = operator.singular_values(k)
        assert_allclose(found.values, s[:k], rtol=1e-6, atol=1e-7 * s[0])
        assert found.missed <= 1e-3 and found.confidence >= 1 - 1e-6
        again = ConvOperator.of(conv, shape).singular_values(k)
        np.testing.assert_array_equal(found.values, again.values)
        vectors = operator.signal_vectors(k).reshape(k, -1)
        assert_allclose(vectors @ vectors.T, np.diag(s[:k] ** 2), atol=1e-6 * s[0] ** 2)
        assert_allclose(matrix.T @ (matrix @ vectors.T), vectors.T * s[:k] ** 2, atol=1e-5)


class TestCopies:
    """Equal singular values are counted as often as they are there."""

    @settings(max_examples=25, deadline=None, derandomize=True)
    @given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.sampled_from(range(5)))
    def test_however_they_come_about(self, seed, k, what):
        rng = np.random.default_rng(seed)
        weight, shape, options = [
            (rng.normal(size=(3, 1, 2, 2)), (1, 6, 6), {"stride": 2}),
            (np.repeat(rng.normal(size=(1, 1, 3, 3)), 4, 0), (4, 4, 4), {"groups": 4}),
            (rng.normal(size=(2, 1, 2, 2)), (1, 7, 7), {"dilation": 3}),
            (rng.normal(size=(3, 3, 1, 1)), (3, 5, 5), {"stride": 2}),
            (rng.normal(size=(2, 2, 3, 3)), (2, 4, 4), {"padding": 1}),
        ][what]
        operator = ConvOperator(weight, shape, **options)
        s = np.linalg.svd(operator.matmat(np.eye(operator.shape[1])), compute_uv=False)
        k = min(k, len(s) - 1)
        assert_allclose(operator.singular_values(k).values, s[:k], rtol=1e-10)
        values, vectors, residual, missed = largest(operator, k)
        assert_allclose(values, s[:k], rtol=1e-6)
        assert_allclose(vectors @ vectors.T, np.eye(k), atol=1e-6)
        assert residual < 1e-5 and missed <= 1e-3

    @pytest.mark.parametrize("equal", [True, False])
    @pytest.mark.parametrize("transposed", [True, False])
    def test_of_many_groups_those_of_all_together(self, equal, transposed, monkeypatch):
        """By products too, as where the groups are too many to take each of them whole."""
        rng = np.random.default_rng(4)
        weight = rng.normal(size=(3, 1, 3, 3))
        weight = np.repeat(weight[:1], 3, 0) if equal else weight
        dense = ConvOperator(weight, (3, 9, 9), padding=1, groups=3)
        matrix = dense.matmat(np.eye(dense.shape[1]))
        s = np.linalg.svd(matrix, compute_uv=False)
        for most, method in [(choice.MANY, "dense"), (0, "krylov")]:
            monkeypatch.setattr(choice, "MANY", most)
            operator = ConvOperator(weight, (3, 9, 9), padding=1, groups=3)
            operator = TransposedConvOperator(operator) if transposed else operator
            found, vectors = operator.singular_values(4), operator.signal_vectors(4)
            assert found.method == method
            assert_allclose(found.values, s[:4], rtol=1e-6)
            rows = vectors.reshape(4, -1)
            assert_allclose(np.linalg.norm(rows, axis=1), s[:4], rtol=1e-6)
            assert_allclose(rows @ rows.T, np.diag(s[:4] ** 2), atol=1e-6)
            square = matrix @ matrix.T if transposed else matrix.T @ matrix
            assert_allclose(rows @ square, s[:4, None] ** 2 * rows, atol=1e-5)
        # More than a twentieth of a group's values: whole again.
        assert operator.singular_values(5).method == "dense"

    def test_thirty_copies_of_a_patch_embedding(self):
        weight = np.random.default_rng(7).normal(size=(3, 1, 2, 2))
        found = ConvOperator(weight, (1, 12, 12), stride=2).singular_values(30)
        s = np.linalg.svd(weight.reshape(3, 4), compute_uv=False)
        assert found.method == "patches"
        assert_allclose(found.values, np.full(30, s[0]))

    def test_a_layer_of_the_shipped_resnet18(self):
        operators = conv_operators(networks.load("resnet18"), (28, 28))
        found = operators["layer2.0.downsample.0"].singular_values(9)
        weight = networks.weights("resnet18")["layer2.0.downsample.0.weight"]
        top = np.linalg.svd(weight[:, :, 0, 0].astype(float), compute_uv=False)[0]
        assert_allclose(found.values, np.full(9, top))
        assert round(top, 3) == 2.406

    def test_a_residual_alone_would_have_certified_too_few(self, monkeypatch):
        # One search finds one vector of each eigenspace, each exactly; what is left says no.
        from scipy.sparse.linalg import aslinearoperator

        A = aslinearoperator(np.diag([5.0] * 20 + list(np.linspace(1, 2, 200))))
        assert_allclose(largest(A, 12)[0], 5)
        monkeypatch.setattr(krylov, "ROUNDS", 1)
        monkeypatch.setattr(krylov, "SPARE", 0)
        # A search that gives exact vectors, but of smaller values.
        small = np.eye(220)[:, [0, *range(100, 111)]]
        monkeypatch.setattr(krylov, "_search", lambda *_: small)
        with pytest.raises(ValueError, match="expected to certify"):
            largest(A, 12)

    def test_vectors_that_have_not_converged_are_not_certified(self, monkeypatch):
        # Their values are too small, and what is left beside them is small as well.
        from scipy.sparse.linalg import aslinearoperator

        search, rng = krylov._search, np.random.default_rng(0)

        def loose(*arguments):
            found = search(*arguments)
            return np.linalg.qr(found + rng.normal(size=found.shape) / 50)[0]

        monkeypatch.setattr(krylov, "_search", loose)
        A = aslinearoperator(np.diag([3.0, 2.9, *np.linspace(0, 1, 298)]))
        with pytest.raises(ValueError, match="to converge, got a residual"):
            largest(A, 2)


class TestRank:
    @pytest.mark.parametrize("mode", ["zeros", "circular", "reflect"])
    def test_is_never_judged_through_a_gram_matrix_that_is_not_needed(self, mode):
        operator = ConvOperator(np.diag([1, 1e-8])[:, :, None, None], (2, 3, 3), padding_mode=mode)
        assert operator.rank == 18
        assert operator.condition_number == pytest.approx(1e8)
        image = np.zeros((2, 3, 3))
        image[1] = 1
        assert operator.rejected_energy(image) == pytest.approx(0)

    def test_follows_the_precision_of_the_weights_unless_told(self):
        weight = np.diag([1, 1e-8])[:, :, None, None]
        assert ConvOperator(weight.astype(np.float32), (2, 3, 3)).rank == 9
        assert ConvOperator(weight.astype(np.float32), (2, 3, 3), rtol=1e-12).rank == 18
        assert ConvOperator(weight, (2, 3, 3), rtol=1e-6).rank == 9

    def test_a_gram_matrix_says_its_coarser_rule(self, monkeypatch):
        monkeypatch.setattr(choice, "SMALL", 0)
        monkeypatch.setattr(choice, "LARGE", 0)
        rng = np.random.default_rng(0)
        spectrum = ConvOperator(rng.normal(size=(2, 2, 3, 3)), (2, 5, 5)).singular_values()
        assert spectrum.method == "gram"
        assert spectrum.tolerance == np.sqrt(50 * 2.0**-52)

    @pytest.mark.parametrize("scale", [1e-300, 1e-170, 1e170, 1e300])
    @pytest.mark.parametrize("options", [{}, {"padding": 1, "padding_mode": "circular"}])
    def test_entries_of_any_magnitude(self, scale, options):
        weight = np.random.default_rng(0).normal(size=(2, 2, 3, 3))
        plain, scaled = (ConvOperator(s * weight, (2, 5, 5), **options) for s in (1, scale))
        assert_allclose(
            scaled.singular_values().values / scale, plain.singular_values().values, rtol=1e-9
        )
        assert scaled.rank == plain.rank
        x = np.random.default_rng(1).normal(size=(2, 5, 5))
        assert_allclose(scaled.split(x)[0], plain.split(x)[0], atol=1e-9)
        assert_allclose(scaled.signal_vectors(1) / scale, plain.signal_vectors(1), atol=1e-9)

    @pytest.mark.parametrize("options", [{}, {"padding": 1, "padding_mode": "circular"}])
    def test_values_beyond_float64_are_refused_and_the_rank_is_not(self, options):
        # All weights alike: the singular values of a map of ones, times more than float64 holds.
        huge, ones = (
            ConvOperator(np.full((1, 1, 3, 3), size), (1, 5, 5), **options) for size in (1e308, 1.0)
        )
        assert huge.rank == ones.rank > 0
        assert huge.condition_number == pytest.approx(ones.condition_number, rel=1e-6)
        for ask in (huge.singular_values, lambda: huge.signal_vectors(1)):
            with pytest.raises(ValueError, match="that float64 holds"):
                ask()

    @pytest.mark.parametrize("mode", ["zeros", "circular"])
    def test_splits_by_one_rule_on_both_sides_or_not_at_all(self, mode, way):
        # Three channels of 1e-4: zero by rtol = 1e-2.
        weight = np.zeros((6, 6, 3, 3))
        weight[range(6), range(6), 1, 1] = [1, 1, 1, 1e-4, 1e-4, 1e-4]
        operator = ConvOperator(weight, (6, 6, 6), padding=1, padding_mode=mode, rtol=1e-2)
        x = np.random.default_rng(0).normal(size=(2, 6, 6, 6))
        if way == "products" and mode == "zeros":
            with pytest.raises(ValueError, match="give rtol=0"):
                operator.split(x)
            operator = ConvOperator(weight, (6, 6, 6), padding=1, rtol=0)
            assert_allclose(operator.split(x)[0], x, atol=1e-6)
            return
        for signal, rejected in (operator.split(x), operator.split_out(x)):
            assert_allclose(signal[:, :3], x[:, :3], atol=1e-12)
            assert_allclose(rejected[:, 3:], x[:, 3:], atol=1e-12)

    def test_a_zero_layer_has_zeros(self, way):
        operator = ConvOperator(np.zeros((1, 1, 3, 3)), (1, 6, 6))
        assert_allclose(operator.singular_values(1).values, [0])
        assert_allclose(operator.signal_vectors(1), np.zeros((1, 1, 6, 6)))


class TestModules:
    def test_effective_kernels_are_read(self):
        class Standardised(nn.Conv2d):
            def forward(self, x):
                W = self.weight - self.weight.mean((1, 2, 3), keepdim=True)
                return nn.functional.conv2d(x, W, self.bias, self.stride, self.padding)

        torch.manual_seed(0)
        conv = Standardised(2, 3, 3, padding=1)
        operator = ConvOperator.of(conv, (2, 5, 5))
        assert_allclose(operator.matmat(np.eye(50)), dense(conv, (2, 5, 5)), atol=1e-6)

    def test_another_geometry_than_the_module_s_own_is_refused(self):
        class Strided(nn.Conv2d):
            def forward(self, x):
                return super().forward(x)[:, :, ::2, ::2]

        with pytest.raises(ValueError):
            ConvOperator.of(Strided(1, 2, 3), (1, 7, 7))

    def test_what_is_no_convolution_is_refused(self):
        with pytest.raises(ValueError, match="expected a torch convolution, got Linear"):
            ConvOperator.of(nn.Linear(3, 2), (1, 3, 3))

    def test_a_convolution_that_the_network_does_not_use_is_named(self):
        class Half(nn.Module):
            def __init__(self):
                super().__init__()
                self.used, self.idle = nn.Conv2d(1, 1, 3), nn.Conv1d(1, 1, 3)

            def forward(self, x):
                return self.used(x)

        found = conv_operators(Half(), (1, 8, 8))
        assert [*found] == ["used"] and "does not use it" in found.skipped["idle"]

    def test_every_convolution_of_a_network_has_its_operator(self):
        network = nn.Sequential(
            nn.Conv1d(1, 2, 3), nn.ReLU(), nn.ConvTranspose1d(2, 1, 3, stride=2)
        )
        found = conv_operators(network, (1, 8))
        assert [A.output_shape for A in found.values()] == [(2, 6), (1, 13)]
