"""The four subspaces of any matrix: what must hold, and what dense references say."""

import numpy as np
import pandas as pd
import pytest
import scipy.linalg
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from strategies import (
    EPS,
    FORMS,
    clear_ranks,
    dense,
    entries,
    float_matrices,
    lengths,
    little_memory,
    matrices,
    matrices_with_input,
    matrices_with_output,
    norm,
    plain_matrices,
    vectors,
)

from vslib import Subspaces, project
from vslib.arrays import precision
from vslib.networks.shipped import weights

TOLERANCE = 200 * EPS


def assert_small(difference, scale, axis=-1):
    """Each vector of `difference` is rounding beside `scale`."""
    assert (norm(difference, axis) <= TOLERANCE * scale + np.finfo(float).tiny).all()


def norm_each(a):
    return norm(a, axis=-1)


class TestBases:
    @given(matrices())
    def test_are_orthonormal(self, W):
        S = Subspaces(W)
        for basis in (S.signal, S.rejected, S.signal_out, S.rejected_out):
            assert_allclose(basis.T @ basis, np.eye(basis.shape[1]), atol=TOLERANCE)

    @given(matrices())
    def test_ranks_add_up(self, W):
        m, n = dense(W).shape
        S = Subspaces(W)
        assert S.shape == (m, n)
        assert S.signal.shape == (n, S.rank) and S.rejected.shape == (n, n - S.rank)
        assert S.signal_out.shape == (m, S.rank) and S.rejected_out.shape == (m, m - S.rank)
        assert S.singular_values.shape == (S.rank,) and S.signal_vectors.shape == (S.rank, n)

    @given(matrices())
    def test_of_the_two_sides_are_orthogonal_complements(self, W):
        S = Subspaces(W)
        assert_allclose(S.signal.T @ S.rejected, 0, atol=TOLERANCE)
        assert_allclose(S.signal_out.T @ S.rejected_out, 0, atol=TOLERANCE)

    @given(matrices())
    def test_make_up_the_matrix_again(self, W):
        S = Subspaces(W)
        assert_small(S.signal_out @ S.signal_vectors - dense(W), norm(dense(W)), axis=None)

    @given(matrices())
    def test_rejected_bases_are_mapped_to_zero(self, W):
        S, eps, W = Subspaces(W), precision(W), dense(W)
        # What counts as zero is up to max(m, n) eps s1, with the eps of what was given.
        room = 1 + max(W.shape) ** 1.5 * eps / TOLERANCE
        assert_small(W @ S.rejected, room * norm(W), axis=None)
        assert_small(W.T @ S.rejected_out, room * norm(W), axis=None)

    @given(matrices())
    def test_singular_values_fall_and_are_above_the_tolerance(self, W):
        s = Subspaces(W).singular_values
        assert (np.diff(s) <= 0).all()
        if s.size:
            assert s[-1] > max(dense(W).shape) * EPS * s[0]

    @given(matrices())
    def test_condition_number_is_first_over_last(self, W):
        S = Subspaces(W)
        if S.rank:
            assert S.condition_number == S.singular_values[0] / S.singular_values[-1] >= 1
        else:
            with pytest.raises(ValueError, match="rank 1 or more, got rank 0"):
                _ = S.condition_number

    @given(clear_ranks())
    def test_agree_with_dense_references(self, matrix_and_rank):
        W, rank = matrix_and_rank
        S = Subspaces(W)
        assert S.rank == rank
        for basis, reference in (
            (S.signal, scipy.linalg.orth(W.T)),
            (S.signal_out, scipy.linalg.orth(W)),
            (S.rejected, scipy.linalg.null_space(W)),
            (S.rejected_out, scipy.linalg.null_space(W.T)),
        ):
            # Bases are not unique, the projections onto what they span are.
            assert_allclose(basis @ basis.T, reference @ reference.T, atol=1e-12)
        assert_allclose(S.singular_values, np.linalg.svd(W)[1][:rank], rtol=1e-12)

    @given(matrices())
    def test_signal_vectors_are_the_scaled_rows_of_the_basis(self, W):
        S = Subspaces(W)
        for vector, s, v in zip(S.signal_vectors, S.singular_values, S.signal.T, strict=True):
            assert_allclose(vector, s * v, rtol=1e-15)

    @given(st.sampled_from(sorted(FORMS)), plain_matrices())
    def test_do_not_depend_on_the_form_in_which_the_matrix_came(self, form, W):
        given_form = FORMS[form](W)
        got, expected = Subspaces(given_form), Subspaces(dense(given_form))
        assert_array_equal(got.signal_vectors, expected.signal_vectors)
        assert_array_equal(got.signal_out, expected.signal_out)
        assert got.signal.dtype == got.singular_values.dtype == np.float64

    def test_leave_the_matrix_as_it_was(self):
        W = np.random.default_rng(0).normal(size=(4, 3))
        before = W.copy()
        S = Subspaces(W)
        S.split(W[0]), S.preimage(W[:, 0]), S.rejected_energy(W), project(W, W)
        assert_array_equal(W, before)

    def test_repr_says_shape_and_rank(self):
        assert repr(Subspaces([[1, 2, 3], [2, 4, 6]])) == "Subspaces(2 x 3, rank 1)"


class TestSigns:
    @given(matrices())
    def test_largest_entry_of_each_signal_vector_is_positive(self, W):
        for v in Subspaces(W).signal.T:
            largest = np.abs(v) > (1 - 1e-6) * np.abs(v).max()
            assert v[largest][0] > 0

    @given(clear_ranks(), st.booleans(), st.floats(1e-9, 1e9))
    def test_do_not_depend_on_the_sign_or_scale_of_the_matrix(self, matrix_and_rank, flip, scale):
        W, _ = matrix_and_rank
        s = Subspaces(W).singular_values
        if (np.abs(np.diff(s)) > 1e-3).all():
            other = Subspaces(-scale * W if flip else scale * W)
            assert_allclose(other.signal, Subspaces(W).signal, atol=1e-9)

    @pytest.mark.parametrize("scale", [1, 3, 7, 1e-5, -1, 0.1, 1 / 3])
    def test_ties_go_to_the_first_entry_whatever_rounding_says(self, scale):
        S = Subspaces(scale * np.array([[1.0, -1, 0], [0, 0, 2]]))
        assert_allclose(S.signal.T[1], [0.5**0.5, -(0.5**0.5), 0], atol=1e-15)


class TestRtol:
    W = np.diag([1.0, 1e-3, 1e-6, 0])

    @pytest.mark.parametrize(
        "rtol, rank", [(None, 3), (0, 3), (1e-7, 3), (1e-5, 2), (1e-2, 1), (0.999, 1)]
    )
    def test_sets_where_singular_values_count_as_zero(self, rtol, rank):
        assert Subspaces(self.W, rtol).rank == rank

    @given(float_matrices(), st.floats(0, 1, exclude_max=True))
    def test_what_is_rejected_is_mapped_below_it(self, W, rtol):
        S = Subspaces(W, rtol)
        largest = np.linalg.svd(W)[1][0]
        assert (norm(W @ S.rejected, axis=0) <= (rtol + TOLERANCE) * largest).all()

    def test_default_is_the_usual_one(self):
        size, rng = 40, np.random.default_rng(0)
        u, v = (np.linalg.qr(rng.normal(size=(size, size)))[0] for _ in "uv")
        for factor, rank in ((100, size), (0.01, size - 1)):
            s = np.ones(size)
            s[-1] = factor * size * EPS
            W = (u * s) @ v.T
            assert Subspaces(W).rank == np.linalg.matrix_rank(W) == rank

    @pytest.mark.parametrize("rtol", [-0.1, 1, 2.0, np.nan, np.inf])
    def test_outside_0_to_1_is_an_error(self, rtol):
        with pytest.raises(ValueError, match=r"rtol: expected a number in \[0, 1\), got"):
            Subspaces(self.W, rtol)


class TestSplit:
    @given(matrices_with_input())
    def test_parts_add_up_to_x(self, W_and_x):
        W, x = W_and_x
        signal, rejected = Subspaces(W).split(x)
        assert signal.shape == rejected.shape == x.shape
        assert_small(signal + rejected - x, norm_each(x))

    @given(matrices_with_output())
    def test_out_parts_add_up_to_y(self, W_and_y):
        W, y = W_and_y
        signal, rejected = Subspaces(W).split_out(y)
        assert signal.shape == rejected.shape == y.shape
        assert_small(signal + rejected - y, norm_each(y))

    @given(matrices_with_input())
    def test_parts_lie_in_their_spaces_and_are_orthogonal(self, W_and_x):
        W, x = W_and_x
        S = Subspaces(W)
        signal, rejected = S.split(x)
        assert_small(signal @ S.rejected, norm_each(x))
        assert_small(rejected @ S.signal, norm_each(x))

    @given(matrices_with_output())
    def test_out_parts_lie_in_their_spaces_and_are_orthogonal(self, W_and_y):
        W, y = W_and_y
        S = Subspaces(W)
        signal, rejected = S.split_out(y)
        assert_small(signal @ S.rejected_out, norm_each(y))
        assert_small(rejected @ S.signal_out, norm_each(y))

    @given(matrices_with_input())
    def test_energies_obey_pythagoras(self, W_and_x):
        W, x = W_and_x
        signal, rejected = Subspaces(W).split(x)
        whole = norm_each(x)
        unit = np.where(whole == 0, 1, whole)
        assert_allclose(
            (norm_each(signal) / unit) ** 2 + (norm_each(rejected) / unit) ** 2,
            (whole / unit) ** 2,
            atol=TOLERANCE,
        )

    @given(matrices_with_input())
    def test_the_matrix_does_not_see_the_rejected_part(self, W_and_x):
        W, x = W_and_x
        _, rejected = Subspaces(W).split(x)
        W = dense(W)
        assert_small(rejected @ W.T, norm(W) * norm_each(x))

    @given(matrices_with_input())
    def test_is_idempotent(self, W_and_x):
        W, x = W_and_x
        S = Subspaces(W)
        signal, rejected = S.split(x)
        again, nothing = S.split(signal)
        assert_small(again - signal, norm_each(x))
        assert_small(nothing, norm_each(x))
        nothing, again = S.split(rejected)
        assert_small(again - rejected, norm_each(x))
        assert_small(nothing, norm_each(x))

    @given(matrices_with_output())
    def test_out_is_idempotent(self, W_and_y):
        W, y = W_and_y
        S = Subspaces(W)
        signal, rejected = S.split_out(y)
        assert_small(S.split_out(signal)[1], norm_each(y))
        assert_small(S.split_out(rejected)[0], norm_each(y))

    @given(matrices_with_output())
    def test_what_the_matrix_answers_is_all_signal_out(self, W_and_y):
        W, y = W_and_y
        S, W = Subspaces(W), dense(W)
        unit = y / norm(y) if norm(y) else y
        answers = unit @ W @ W.T / (norm(W) or 1)
        assert_small(S.split_out(answers)[1], norm(W))

    def test_of_a_nearly_all_signal_vector_is_clean_in_the_rejected_part(self):
        # One pass of x - V V^T x would leave rounding of x, seven digits above what is looked for.
        rng = np.random.default_rng(0)
        S = Subspaces(rng.normal(size=(300, 784)))
        x = S.signal @ rng.normal(size=300) + 1e-9 * S.rejected[:, 0]
        _, rejected = S.split(x)
        assert norm(rejected @ S.signal) < 1e-14 * norm(rejected)

    @given(clear_ranks(), st.integers(0, 99))
    def test_agrees_with_dense_projections(self, matrix_and_rank, seed):
        W, _ = matrix_and_rank
        x = np.random.default_rng(seed).normal(size=(5, W.shape[1]))
        signal, rejected = Subspaces(W).split(x)
        assert_allclose(signal, x @ (np.linalg.pinv(W, rcond=1e-10) @ W).T, atol=1e-11)
        null = scipy.linalg.null_space(W)
        assert_allclose(rejected, x @ null @ null.T, atol=1e-11)


class TestRejectedEnergy:
    @given(matrices_with_input())
    def test_is_a_share_from_0_to_1(self, W_and_x):
        W, x = W_and_x
        energy = Subspaces(W).rejected_energy(x)
        assert np.shape(energy) == x.shape[:-1]
        assert ((energy >= 0) & (energy <= 1)).all()

    @given(matrices_with_input())
    def test_is_that_of_the_rejected_part(self, W_and_x):
        W, x = W_and_x
        S = Subspaces(W)
        whole = norm_each(x)
        share = norm_each(S.split(x)[1]) / np.where(whole == 0, 1, whole)
        assert_allclose(S.rejected_energy(x), share**2, atol=TOLERANCE)

    @given(matrices_with_input())
    def test_is_0_of_signals_and_1_of_rejected_signals(self, W_and_x):
        W, x = W_and_x
        S = Subspaces(W)
        if S.signal.size:
            assert_allclose(S.rejected_energy(S.signal.T), 0, atol=TOLERANCE)
        if S.rejected.size:
            assert_allclose(S.rejected_energy(S.rejected.T), 1, atol=TOLERANCE)
        assert (S.rejected_energy(np.zeros_like(x)) == 0).all()

    @given(matrices_with_input(), st.floats(1e-200, 1e200), st.booleans())
    def test_does_not_depend_on_the_scale_of_x(self, W_and_x, scale, flip):
        W, x = W_and_x
        x = x / (np.abs(x).max() or 1)
        S = Subspaces(W)
        scaled = -scale * x if flip else scale * x
        assert_allclose(S.rejected_energy(scaled), S.rejected_energy(x), atol=TOLERANCE)


class TestPreimage:
    @given(matrices_with_output())
    def test_solves_for_the_reachable_part_of_y(self, W_and_y):
        W, y = W_and_y
        S = Subspaces(W)
        x = S.preimage(y)
        assert x.shape == (*y.shape[:-1], S.shape[1])
        reachable, _ = S.split_out(y)
        W = dense(W)
        # Backward stability: an answer is as good as rounding W and y would leave it.
        unit = norm(y) or 1.0
        assert_small(x / unit @ W.T - reachable / unit, norm(W) * norm_each(x / unit) + 1)

    @given(matrices_with_output())
    def test_lies_in_the_signal_space(self, W_and_y):
        W, y = W_and_y
        S = Subspaces(W)
        x = S.preimage(y)
        assert_small(S.split(x)[1], norm_each(x))

    @given(matrices_with_output())
    def test_does_not_see_what_is_rejected_of_y(self, W_and_y):
        W, y = W_and_y
        S = Subspaces(W)
        _, rejected = S.split_out(y)
        if S.rank:
            assert_small(S.preimage(rejected), norm_each(y) / S.singular_values[-1])
        else:
            assert_array_equal(S.preimage(y), np.zeros((*y.shape[:-1], S.shape[1])))

    @given(matrices_with_input())
    def test_of_an_output_gives_the_signal_part_of_the_input(self, W_and_x):
        W, x = W_and_x
        S, W = Subspaces(W), dense(W)
        if S.rank and S.condition_number < 1e4:
            unit = x / norm(x) if norm(x) else x
            found = S.preimage(unit @ W.T)
            assert_allclose(found, S.split(unit)[0], atol=TOLERANCE * S.condition_number * 10)

    @given(clear_ranks(), st.integers(0, 99))
    def test_agrees_with_the_dense_pseudoinverse(self, matrix_and_rank, seed):
        W, _ = matrix_and_rank
        y = np.random.default_rng(seed).normal(size=(4, W.shape[0]))
        assert_allclose(Subspaces(W).preimage(y), y @ np.linalg.pinv(W, rcond=1e-10).T, atol=1e-11)

    @given(clear_ranks(), st.integers(0, 99))
    def test_is_the_shortest_of_all_solutions(self, matrix_and_rank, seed):
        W, _ = matrix_and_rank
        rng = np.random.default_rng(seed)
        y = W @ rng.normal(size=W.shape[1])
        S = Subspaces(W)
        other = S.preimage(y) + S.rejected @ rng.normal(size=S.rejected.shape[1])
        assert_allclose(W @ other, y, atol=1e-10)
        assert norm(S.preimage(y)) <= norm(other) * (1 + TOLERANCE)


@st.composite
def inputs_and_neurons(draw):
    """x, and one nonzero weight vector or a few; their magnitudes apart by up to 1e350."""
    n = draw(lengths())
    batch = draw(st.sampled_from([(), (1,), (4,)]))
    w = draw(entries((*batch, n)))
    w[..., draw(st.integers(0, n - 1))] = draw(st.sampled_from([-1.0, 0.25, 1.0]))
    return draw(vectors(n)), w * 10.0 ** draw(st.integers(-200, 200))


def beside(x, w):
    """x with an axis for the weight vectors, where there is more than one."""
    return x[..., None, :] if w.ndim == 2 else x


class TestProject:
    @given(inputs_and_neurons())
    def test_parts_add_up_to_x(self, x_and_w):
        x, w = x_and_w
        p, residual = project(x, w)
        assert p.shape == residual.shape == (*x.shape[:-1], *w.shape)
        assert_small(p + residual - beside(x, w), norm_each(beside(x, w)))

    @given(inputs_and_neurons())
    def test_residual_is_orthogonal_to_the_weight_vector(self, x_and_w):
        x, w = x_and_w
        _, residual = project(x, w)
        unit = w / norm_each(w)[..., None]
        along = np.abs((residual * unit).sum(-1))
        assert (along <= TOLERANCE * norm(x)).all()

    @given(inputs_and_neurons())
    def test_projection_is_parallel_to_the_weight_vector(self, x_and_w):
        x, w = x_and_w
        p, _ = project(x, w)
        unit = w / norm_each(w)[..., None]
        assert_small(p - (p * unit).sum(-1, keepdims=True) * unit, norm(x))

    @given(inputs_and_neurons())
    def test_energies_obey_pythagoras(self, x_and_w):
        x, w = x_and_w
        x = x / (norm(x) or 1)
        p, residual = project(x, w)
        energies = (p**2).sum(-1) + (residual**2).sum(-1)
        assert_allclose(energies - (beside(x, w) ** 2).sum(-1), 0, atol=TOLERANCE)

    @given(inputs_and_neurons())
    def test_is_idempotent(self, x_and_w):
        x, w = x_and_w
        w = w.reshape(-1, w.shape[-1])[0]
        p, residual = project(x, w)
        assert_small(project(p, w)[1], norm_each(x))
        assert_small(project(residual, w)[0], norm_each(x))

    @given(inputs_and_neurons())
    def test_agrees_with_the_split_by_a_matrix_of_one_row(self, x_and_w):
        x, w = x_and_w
        w = w.reshape(-1, w.shape[-1])[0]
        p, residual = project(x, w)
        signal, rejected = Subspaces(w[None]).split(x)
        assert_small(p - signal, norm_each(x))
        assert_small(residual - rejected, norm_each(x))

    def test_is_equation_3_with_many_weight_vectors_as_with_each_alone(self):
        rng = np.random.default_rng(0)
        x, w = rng.normal(size=(3, 5, 7)), rng.normal(size=(4, 7))
        p, residual = project(x, w)
        assert p.shape == residual.shape == (3, 5, 4, 7)
        for i, neuron in enumerate(w):
            coefficients = (x @ neuron) / (neuron @ neuron)
            assert_allclose(p[:, :, i], coefficients[..., None] * neuron, atol=1e-13)
            assert_allclose(residual[:, :, i], x - p[:, :, i], atol=1e-13)
            assert_array_equal(project(x, neuron)[0], p[:, :, i])

    @given(st.sampled_from(sorted(FORMS)), plain_matrices())
    def test_does_not_depend_on_the_form_in_which_the_vectors_came(self, form, x):
        x = FORMS[form](x)
        w = np.arange(1.0, dense(x).shape[-1] + 1)
        assert_array_equal(project(x, torch.tensor(w))[1], project(dense(x), w)[1])


class TestMemory:
    """What is made along the way stays thin: 50,000 x 50,000 numbers would be 20 GB."""

    SHORT, LONG, LIMIT = 9, 50_000, 60e6

    @pytest.fixture(params=["tall", "wide"])
    def W(self, request):
        W = np.random.default_rng(0).normal(size=(self.LONG, self.SHORT))
        return W if request.param == "tall" else W.T

    @pytest.fixture
    def peak(self):
        with little_memory() as peak:
            yield peak

    def test_stays_thin(self, W, peak):
        m, n = W.shape
        x, y = np.ones(n), np.ones(m)
        S = Subspaces(W)
        for of_x in (S.split, S.rejected_energy, lambda x: project(x, W)):
            of_x(x)
        for of_y in (S.split_out, S.preimage):
            of_y(y)
        assert S.signal_vectors.shape == (self.SHORT, n)
        assert W.nbytes < peak() < self.LIMIT

    def test_of_the_short_side_a_rejected_basis_is_thin_too(self, peak):
        W = np.random.default_rng(0).normal(size=(self.LONG, self.SHORT))
        W[:, -1] = W[:, 0]
        assert Subspaces(W).rejected.shape == (self.SHORT, 1)
        assert Subspaces(W.T).rejected_out.shape == (self.SHORT, 1)
        assert peak() < self.LIMIT

    def test_of_many_vectors_the_energy_takes_little_beside_them(self, peak):
        rng = np.random.default_rng(0)
        S, x = Subspaces(rng.normal(size=(10, 500))), rng.normal(size=(25, 200, 500))
        energy = S.rejected_energy(x)
        assert peak() < 1.5 * 2 * x.nbytes
        assert energy.shape == (25, 200)
        lost = x - (x @ S.signal) @ S.signal.T
        assert_allclose(energy, (lost**2).sum(-1) / (x**2).sum(-1), rtol=1e-12)


class TestSmallCases:
    def test_two_by_three_by_hand(self):
        S = Subspaces([[1, 1, 0], [0, 0, 2]])
        assert S.rank == 2
        assert_allclose(S.singular_values, [2, 2**0.5])
        assert_allclose(S.signal.T, [[0, 0, 1], [0.5**0.5, 0.5**0.5, 0]], atol=1e-15)
        assert_allclose(np.abs(S.rejected.T), [[0.5**0.5, 0.5**0.5, 0]], atol=1e-15)
        signal, rejected = S.split([3, 1, 5])
        assert_allclose(signal, [2, 2, 5])
        assert_allclose(rejected, [1, -1, 0], atol=1e-15)
        assert_allclose(S.rejected_energy([3, 1, 5]), 2 / 35)
        assert_allclose(S.preimage([4, 10]), [2, 2, 5])
        assert_allclose(S.condition_number, 2**0.5)

    def test_zero_matrix_keeps_nothing(self):
        S = Subspaces(np.zeros((2, 3)))
        assert S.rank == 0
        assert_array_equal(S.split([1, 2, 3]), [[0, 0, 0], [1, 2, 3]])
        assert_array_equal(S.split_out([1, 2]), [[0, 0], [1, 2]])
        assert_array_equal(S.preimage([1, 2]), [0, 0, 0])
        assert S.rejected_energy([1, 2, 3]) == 1
        assert S.rejected.shape == (3, 3) and S.rejected_out.shape == (2, 2)

    def test_one_number(self):
        S = Subspaces([[-4]])
        assert S.condition_number == 1
        assert_array_equal(S.signal, [[1]])
        assert_array_equal(S.signal_out, [[-1]])
        assert_array_equal(S.preimage([2]), [-0.5])

    def test_two_images_that_differ_by_a_rejected_signal_are_one_to_a_real_layer(self):
        W = weights("fc5")["layer1.weight"]
        S = Subspaces(W)
        assert S.shape == (256, 784) and S.rank == 256
        x = np.random.default_rng(0).uniform(size=784)
        _, rejected = S.split(x)
        assert norm(rejected) > 0.5 * norm(x)
        assert_allclose(W.astype(float) @ (x - rejected), W.astype(float) @ x, atol=1e-12)


class TestPrecision:
    """Rank is judged by the precision in which the numbers came."""

    @pytest.fixture
    def thin(self):
        rng = np.random.default_rng(0)
        return rng.normal(size=(256, 4)) @ rng.normal(size=(4, 256))

    @pytest.mark.parametrize(
        "form",
        [
            np.float32,
            np.float16,
            lambda W: torch.tensor(W).float(),
            lambda W: torch.tensor(W).half(),
            lambda W: torch.tensor(W).bfloat16(),
        ],
    )
    def test_rounding_to_short_floats_is_no_rank(self, thin, form):
        given = form(thin)
        s = np.linalg.svd(dense(given), compute_uv=False)
        expected = np.count_nonzero(s > 256 * 2.0**-23 * s[0])
        assert Subspaces(given).rank == expected
        assert np.count_nonzero(s > 256 * 2.0**-52 * s[0]) > 4  # float64's eps would count noise

    def test_a_float32_matrix_of_rank_4_has_rank_4(self, thin):
        # Factors in float32, product in float32: the product's rounding is what must not count.
        S = Subspaces(thin.astype(np.float32))
        assert S.rank == 4 == np.linalg.matrix_rank(thin.astype(np.float32))
        x = np.random.default_rng(1).normal(size=256)
        assert 0.9 < S.rejected_energy(x) < 1
        assert S.condition_number < 10

    def test_float64_is_judged_as_float64(self):
        fine = np.diag([1.0, 1e-8])
        assert Subspaces(fine).rank == 2
        assert Subspaces(fine.astype(np.float32)).rank == 1
        assert Subspaces(fine.astype(np.float32), rtol=1e-9).rank == 2
        assert Subspaces(fine.tolist()).rank == 2

    @pytest.mark.parametrize(
        "form",
        [
            lambda W: list(W.astype(np.float32)),
            lambda W: [list(row) for row in W.astype(np.float32)],
            lambda W: tuple(torch.tensor(W).float()),
            lambda W: torch.tensor(W).float().requires_grad_(),
            lambda W: np.asfortranarray(W.astype(">f4")),
            lambda W: pd.DataFrame(W.astype(np.float32)),
        ],
    )
    def test_float32_is_seen_in_any_form(self, thin, form):
        assert Subspaces(form(thin)).rank == 4

    def test_what_is_quantised_has_float32_scales(self):
        steps = np.outer(np.arange(1, 9), np.arange(1, 9))
        W = torch.quantize_per_tensor(torch.tensor(steps) * 0.1, 0.1, 0, torch.qint8)
        exact = W.dequantize().double().numpy()
        assert np.linalg.matrix_rank(exact) > 1
        S = Subspaces(W)
        assert S.rank == 1
        assert_allclose(S.singular_values, np.linalg.svd(exact)[1][:1], rtol=1e-12)

    def test_what_says_its_precision_is_believed(self):
        class Said:
            precision = 2.0**-23

            def __array__(self, dtype=None, copy=None):
                return np.diag([1.0, 1e-8])

        assert Subspaces(Said()).rank == 1


class TestRange:
    """Singular values are right for entries of any magnitude, or refused."""

    @pytest.mark.parametrize("scale", [1e-300, 1e-170, 1e-20, 1.0, 1e20, 1e170, 1e300])
    def test_values_scale_with_the_matrix(self, scale):
        W = np.random.default_rng(0).normal(size=(5, 7))
        S = Subspaces(scale * W)
        assert S.rank == 5
        assert_allclose(S.singular_values / scale, np.linalg.svd(W)[1], rtol=1e-12)
        x = np.random.default_rng(1).normal(size=7)
        assert_allclose(S.split(x)[0], Subspaces(W).split(x)[0], atol=1e-12)
        back = S.preimage((scale * W) @ x)
        assert_allclose(back, Subspaces(W).split(x)[0], atol=1e-11)

    @pytest.mark.parametrize("W", [np.full((3, 3), 1e308), np.full((3, 3), 1e-310)])
    def test_values_that_float64_cannot_hold_are_refused(self, W):
        with pytest.raises(ValueError, match="expected singular values within the range"):
            Subspaces(W)

    def test_a_preimage_that_float64_cannot_hold_is_refused(self):
        beyond = "y: expected one with results in the range of float64"
        with pytest.raises(ValueError, match=beyond):
            Subspaces(1e-200 * np.eye(2)).preimage([1e200, 0])
        with pytest.raises(ValueError, match=beyond):
            Subspaces(np.diag([1, 1e-300]), rtol=0).preimage([0, 1e10])

    def test_a_condition_number_that_float64_cannot_hold_is_refused(self):
        with pytest.raises(ValueError, match="condition number: expected one in float64, got"):
            _ = Subspaces(np.diag([1e130, 1e-190]), rtol=0).condition_number

    @pytest.mark.parametrize("power", [-1000, -600, -200, 0, 200, 600, 1000])
    def test_parts_and_shares_scale_with_the_vector(self, power):
        rng = np.random.default_rng(0)
        W, w, x, y = (rng.normal(size=size) for size in ((5, 7), 7, (3, 7), (3, 5)))
        S = Subspaces(W)
        # A batch whose vectors are of different magnitude: none may spoil the others.
        scales = 2.0 ** np.array([[power], [0], [-power]])
        for of, v in ((S.split, x), (S.split_out, y), (lambda x: project(x, w), x)):
            for got, expected in zip(of(scales * v), of(v), strict=True):
                assert_allclose(got / scales, expected, atol=1e-13)
        assert_allclose(S.rejected_energy(scales * x), S.rejected_energy(x), rtol=1e-12)
        assert_allclose(S.preimage(scales * y) / scales, S.preimage(y), rtol=1e-12)

    def test_the_largest_vectors_are_split_or_refused(self):
        W = np.ones((1, 4))
        largest = np.full(4, np.finfo(float).max)
        for one, other in (Subspaces(W).split(largest), project(largest, W[0])):
            assert_allclose(one, largest)
            assert np.abs(other).max() < 1e-14 * largest[0]
        # The part along (1, 1, 2) of the corner is longer than any entry may be.
        corner, w = np.finfo(float).max * np.array([1.0, 1, 1]), np.array([1.0, 1, 2])
        for call in (lambda: Subspaces([w]).split(corner), lambda: project(corner, w)):
            with pytest.raises(ValueError, match="x: expected one with results in the range"):
                call()

    def test_the_smallest_vectors_have_their_share(self):
        S = Subspaces([[1.0, 1, 1, 1]])
        assert_allclose(S.rejected_energy([5e-324, 0, 0, 0]), 0.75, rtol=1e-12)
        assert_allclose(S.rejected_energy([5e-324, 5e-324, 0, 0]), 0.5, rtol=1e-12)

    def test_a_large_preimage_is_no_matter_of_the_way_to_it(self):
        S = Subspaces(1e300 * np.eye(3))
        assert_allclose(S.preimage(np.full(3, 1.7e308)), 1.7e8)
        S = Subspaces(3e-308 * np.eye(3))
        assert_allclose(S.preimage(np.full(3, 6e-308)), 2)
