"""Summaries of singular values, and what chance alone would show."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import ks_2samp, kstest
from strategies import EPS, little_memory

from vslib import Subspaces
from vslib.layers.matrices import matrices
from vslib.networks.shipped import weights
from vslib.spaces import chance, effective_rank, participation_ratio, stable_rank, two_sided_p

SUMMARIES = (effective_rank, stable_rank, participation_ratio)
SLACK = 100 * EPS


@st.composite
def singular_values(draw):
    """In any order, some of them zero, of any magnitude."""
    values = draw(st.lists(st.floats(0, 1, width=16), min_size=1, max_size=12).filter(any))
    return np.array(values) * 10.0 ** draw(st.integers(-150, 150))


class TestSummaries:
    @given(singular_values())
    def test_are_from_1_to_the_number_that_are_not_zero(self, s):
        for summary in SUMMARIES:
            assert 1 - SLACK <= summary(s) <= np.count_nonzero(s) * (1 + SLACK)

    @given(singular_values(), st.integers(-100, 100))
    def test_do_not_depend_on_scale(self, s, power):
        for summary in SUMMARIES:
            assert_allclose(summary(s * 10.0**power), summary(s), rtol=1e-12)

    @given(singular_values(), st.randoms(use_true_random=False))
    def test_do_not_depend_on_order_nor_on_zeros(self, s, random):
        shuffled = [*s, 0.0]
        random.shuffle(shuffled)
        for summary in SUMMARIES:
            assert_allclose(summary(shuffled), summary(s), rtol=1e-12)

    @given(singular_values())
    def test_stable_rank_is_never_above_the_participation_ratio(self, s):
        assert stable_rank(s) <= participation_ratio(s) * (1 + SLACK)

    @given(st.integers(1, 50))
    def test_of_equal_values_are_how_many_there_are(self, r):
        for summary in SUMMARIES:
            assert_allclose(summary(np.full(r, 1e308)), r)
            assert_allclose(summary(np.full(r, 5e-324)), r)

    @pytest.mark.parametrize(
        "summary, values, exact",
        [
            (effective_rank, [1], 1),
            (effective_rank, [7, 0, 0], 1),
            (effective_rank, [2, 1, 1], 2**1.5),
            (effective_rank, [3, 1], 4 / 3**0.75),
            (stable_rank, [2, 1, 1], 1.5),
            (stable_rank, [1, 3], 10 / 9),
            (participation_ratio, [2, 1, 1], 2),
            (participation_ratio, [1, 3], 100 / 82),
        ],
    )
    def test_of_small_cases_are_exact(self, summary, values, exact):
        assert_allclose(summary(values), exact, rtol=1e-14)

    def test_stable_rank_is_that_of_the_two_norms(self):
        W = np.random.default_rng(0).normal(size=(6, 9))
        norms = np.linalg.norm(W, "fro"), np.linalg.norm(W, 2)
        assert_allclose(stable_rank(Subspaces(W).singular_values), (norms[0] / norms[1]) ** 2)


def dense_draws(shape, draws, seed=1):
    """Singular values of normal random matrices, the long way."""
    return np.linalg.svd(np.random.default_rng(seed).normal(size=(draws, *shape)), compute_uv=False)


class TestChance:
    @pytest.mark.parametrize(
        "shape, draws",
        [
            ((1, 1), 4000),
            ((5, 1), 4000),
            ((1, 6), 4000),
            ((2, 2), 4000),
            ((3, 2), 4000),
            ((2, 5), 4000),
            ((4, 4), 4000),
            ((9, 7), 4000),
            ((40, 9), 2000),
            ((9, 64), 2000),
            ((400, 9), 500),
        ],
    )
    def test_has_the_law_of_dense_random_matrices(self, shape, draws):
        scale = 0.3
        expected = scale * dense_draws(shape, draws)
        got = chance(np.full(shape, -scale), draws=draws)
        for i in {0, min(shape) // 2, min(shape) - 1}:
            assert ks_2samp(got.singular_values[:, i], expected[:, i]).pvalue > 0.005
        if min(shape) > 1:
            kappa = expected[:, 0] / expected[:, -1]
            assert ks_2samp(got.condition_numbers, kappa).pvalue > 0.005

    def test_has_the_dependence_of_dense_random_matrices(self):
        # The energy of a 4 x 3 matrix is the sum of 12 squares, however it is shared.
        got = chance(np.ones((4, 3)), draws=4000).singular_values
        assert kstest((got**2).sum(1), "chi2", args=(12,)).pvalue > 0.005
        assert_allclose(np.corrcoef(got.T), np.corrcoef(dense_draws((4, 3), 4000).T), atol=0.06)

    @given(st.integers(1, 8), st.integers(1, 8), st.integers(1, 5), st.integers(0, 99))
    def test_values_are_positive_and_fall(self, m, n, draws, seed):
        found = chance(np.ones((m, n)), seed=seed, draws=draws)
        assert found.singular_values.shape == (draws, min(m, n))
        assert (found.singular_values > 0).all()
        assert (np.diff(found.singular_values) <= 0).all()
        assert found.condition_numbers.shape == (draws,)
        assert (found.condition_numbers >= 1).all()

    @given(st.integers(1, 6), st.integers(1, 6), st.integers(-150, 150), st.integers(0, 99))
    def test_uses_only_shape_and_root_mean_square(self, m, n, power, seed):
        W = np.random.default_rng(seed).normal(size=(m, n))
        scale = np.sqrt((W**2).mean()) * 10.0**power
        got = chance(W * 10.0**power, draws=3)
        for other in (
            chance(np.full((m, n), scale), draws=3),
            chance(np.full((n, m), scale), draws=3),
        ):
            assert_allclose(got.singular_values, other.singular_values, rtol=1e-12)
            assert_allclose(got.edges, other.edges, rtol=1e-12)

    def test_is_seeded(self):
        W = np.ones((5, 4))
        assert_array_equal(chance(W).singular_values, chance(W, seed=0).singular_values)
        assert (chance(W, seed=0).singular_values != chance(W, seed=1).singular_values).any()
        assert len(chance(W).condition_numbers) == 1000

    def test_edges_are_those_of_marchenko_and_pastur(self):
        assert_allclose(chance(np.full((400, 100), 0.5), draws=1).edges, (5, 15))
        assert_allclose(chance(np.full((100, 400), -0.5), draws=1).edges, (5, 15))

    def test_large_matrices_keep_within_the_edges_and_fill_what_is_between(self):
        found = chance(np.full((400, 100), 0.5), draws=200)
        low, high = found.edges
        s = found.singular_values
        assert ((s > 0.95 * low) & (s < 1.05 * high)).all()
        assert_allclose(s[:, 0].mean(), high, rtol=0.03)
        assert_allclose(s[:, -1].mean(), low, rtol=0.03)

    def test_of_a_tall_matrix_never_makes_another(self):
        W = np.ones((50_000, 9))
        with little_memory() as peak:
            chance(W, draws=100)
            assert peak() < 5 * W.nbytes


class TestPValue:
    found = chance(np.ones((6, 3)), draws=999)

    @given(st.floats(1, 1e300))
    def test_is_above_0_and_at_most_1(self, condition_number):
        assert 2 / 1000 <= self.found.p_value(condition_number) <= 1

    @given(st.floats(1, 1e3), st.floats(1, 1e3))
    def test_falls_away_from_the_median_on_either_side(self, one, other):
        near, far = sorted((one, other))
        if far < np.median(self.found.condition_numbers):
            near, far = far, near
        if (near - np.median(self.found.condition_numbers)) * (
            far - np.median(self.found.condition_numbers)
        ) >= 0:
            assert self.found.p_value(far) <= self.found.p_value(near)

    def test_is_1_at_the_median_and_smallest_beyond_all_draws(self):
        draws = self.found.condition_numbers
        assert self.found.p_value(np.median(draws)) == 1
        assert self.found.p_value(1) == self.found.p_value(2 * draws.max()) == 2 / 1000

    def test_is_twice_the_smaller_tail(self):
        tenth = np.sort(self.found.condition_numbers)[9]
        assert_allclose(self.found.p_value(tenth), 2 * 11 / 1000)

    @pytest.mark.parametrize("shape", [(6, 3), (4, 4), (3, 20)])
    def test_is_uniform_where_there_is_nothing_to_find(self, shape):
        s = dense_draws(shape, 2000)
        found = chance(np.ones(shape), draws=10_000)
        p_values = [found.p_value(kappa) for kappa in s[:, 0] / s[:, -1]]
        assert kstest(p_values, "uniform").pvalue > 0.005


class TestFindings:
    def test_the_papers_4096_x_9_layer_is_what_chance_shows(self):
        found = chance(np.ones((4096, 9)), draws=5000)
        draws = found.condition_numbers
        assert_allclose([draws.mean(), draws.std()], [1.0807, 0.0102], atol=5e-4)
        assert 0.11 < (draws < 1.0694).mean() < 0.15
        assert found.p_value(1.0694) > 0.2
        assert_allclose(found.edges[1] / found.edges[0], 67 / 61)

    def test_a_square_matrix_of_256_has_any_condition_number(self):
        n = 256
        draws = chance(np.ones((n, n)), draws=400).condition_numbers

        def edelman(kappa):
            return np.exp(-2 * n / kappa - 2 * (n / kappa) ** 2)

        assert_allclose(edelman(940), 0.5, atol=1e-3)
        assert kstest(draws, edelman).pvalue > 0.005
        assert (draws > 10_000).any() and (draws < 400).any()

    def test_training_takes_the_single_layer_out_of_chance(self):
        before, after = (matrices(weights("fc1", epoch))["layer1"] for epoch in (0, 20))
        draws = chance(before)
        kappa = Subspaces(before).condition_number
        assert 1.14 < kappa < 1.27 and draws.p_value(kappa) > 0.05
        assert draws.p_value(Subspaces(after).condition_number) == 2 / 1001


class TestExtremes:
    @pytest.mark.parametrize("shape", [(1, 1), (1, 6), (6, 1), (2, 2), (9, 40), (60, 60)])
    def test_are_those_of_the_dense_bidiagonal_matrix(self, shape):
        drawn = chance(3 * np.ones(shape), draws=30)
        for diagonal, beside, ends in zip(*drawn.bidiagonals, drawn.extremes, strict=True):
            B = np.diag(diagonal)
            B[np.arange(len(beside)), np.arange(1, len(B))] = beside
            s = 3 * np.linalg.svd(B, compute_uv=False)
            assert_allclose(ends, [s[0], s[-1]], rtol=1e-10)

    def test_are_the_ends_of_all_values(self):
        drawn = chance(np.ones((30, 12)), draws=40)
        assert_allclose(drawn.singular_values[:, [0, -1]], drawn.extremes, rtol=1e-12)
        assert (np.diff(drawn.singular_values) <= 1e-12).all()

    def test_small_ones_keep_their_digits(self):
        from vslib.spaces.random import _extremes

        diagonal, beside = np.array([[1.0, 1e-3, 1e-6]]), np.array([[1e-3, 1e-6]])
        product = 1.0 * 1e-3 * 1e-6  # the determinant
        largest, smallest = _extremes(diagonal, beside)[0]
        B = np.diag(diagonal[0]) + np.diag(beside[0], 1)
        middle = np.linalg.svd(B, compute_uv=False)[1]
        assert_allclose(largest * middle * smallest, product, rtol=1e-9)

    def test_scales_beyond_the_range_are_refused(self):
        for W in (np.full((3, 3), 1e308), np.full((3, 3), 1e-320)):
            with pytest.raises(ValueError, match="whose matrix has finite values"):
                chance(W)

    def test_condition_numbers_do_not_depend_on_scale_at_the_ends_of_the_range(self):
        ends = [chance(np.full((60, 60), scale), draws=9) for scale in (1, 3e-308, 1e305)]
        for found in ends[1:]:
            assert_array_equal(found.condition_numbers, ends[0].condition_numbers)

    def test_two_are_compared_without_an_error(self):
        W = np.ones((4, 3))
        drawn = chance(W, draws=3)
        assert drawn == drawn and drawn != chance(W, draws=3)


def test_a_two_sided_p_value_counts_the_observation():
    draws = np.arange(1.0, 100.0)
    assert two_sided_p(draws, 0.0) == two_sided_p(draws, 1000.0) == 2 / 100
    assert two_sided_p(draws, 50.0) == 1
    assert_allclose(two_sided_p(draws, 10.0), 2 * 11 / 100)
