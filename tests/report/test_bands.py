"""What chance shows, against random matrices and random subspaces that are drawn whole."""

import math

import numpy as np
import pytest
from scipy import stats

from vslib.report.bands import spectrum_band, subspace_p, subspace_spread
from vslib.report.blocks import decompose, rounding
from vslib.report.moments import Inputs


class TestSpectrumBand:
    @pytest.mark.parametrize(
        ("shape", "groups", "draws"),
        [
            ((1, 9), 1, 20000),
            ((1, 9), 50, 2000),
            ((9, 1), 3, 5000),
            ((2, 3), 1, 20000),
            ((2, 9), 40, 2000),
            ((5, 9), 1, 20000),
            ((12, 10), 1, 10000),
            ((32, 32), 1, 4000),
            ((32, 36), 1, 4000),
            ((64, 147), 1, 2000),
        ],
    )
    def test_one_random_matrix_in_a_hundred_leaves_it_on_either_side(self, shape, groups, draws):
        rng = np.random.default_rng(1)
        low, high = spectrum_band(shape, groups)
        values = np.linalg.svd(rng.normal(size=(draws, groups, *shape)), compute_uv=False)
        values = values.reshape(draws, -1)
        # Three standard deviations of counting beside what the formulas are off.
        slack = 3 * math.sqrt(0.01 / draws)
        assert 0.006 - slack < (values.max(1) > high).mean() < 0.014 + slack
        assert 0.006 - slack < (values.min(1) < low).mean() < 0.014 + slack

    def test_of_uniform_entries_as_torch_draws_them_it_is_left_more_rarely(self):
        rng = np.random.default_rng(0)
        _, high = spectrum_band((32, 100))
        values = np.linalg.svd(rng.uniform(-1, 1, (3000, 32, 100)) * math.sqrt(3), compute_uv=False)
        assert (values.max(1) > high).mean() < 0.014


class TestSubspaces:
    def drawn(self, values, rank, draws=4000):
        """Shares that random subspaces of that rank reject of inputs with these second moments."""
        rng, n = np.random.default_rng(0), len(values)
        shares = [np.linalg.qr(rng.normal(size=(n, rank)))[0] for _ in range(draws)]
        return np.array([1 - ((basis**2).sum(1) * values).sum() for basis in shares])

    @pytest.mark.parametrize("rank", [1, 5, 15])
    @pytest.mark.parametrize("decay", [1.0, 0.7, 0.1])
    def test_the_spread_and_the_p_values_are_those_of_random_subspaces(self, rank, decay):
        values = decay ** np.arange(20.0)
        values /= values.sum()
        shares = self.drawn(values, rank)
        spread = subspace_spread(rank, 20, (values**2).sum())
        assert spread == pytest.approx(shares.std(), rel=0.06, abs=1e-8)
        if decay < 1:
            p = [subspace_p(share, 1 - rank / 20, spread) for share in shares]
            # Uniform where the law is right; its ends are what counts.
            assert stats.kstest(p, "uniform").statistic < 0.08
            assert 0.002 < np.mean(np.array(p) < 0.01) < 0.03

    def test_where_chance_leaves_no_room_there_is_no_p_value(self):
        for mean, spread in ((0.0, 0.1), (1.0, 0.1), (0.5, 0.0)):
            assert math.isnan(subspace_p(0.5, mean, spread))

    @pytest.mark.parametrize("decay", [1.0, 0.999, 0.9, 0.3])
    def test_the_concentration_of_wide_inputs_is_estimated(self, decay):
        import torch

        rng = np.random.default_rng(0)
        rows = rng.normal(size=(2000, 300)) * decay ** np.arange(300) @ np.linalg.qr(
            rng.normal(size=(300, 300))
        )[0] + rng.normal(size=300)
        inputs = Inputs(1, 300)
        for part in np.split(rows, 5):
            inputs.add(torch.from_numpy(part)[:, None])
        C = np.cov(rows.T)
        exact = (C**2).sum() / np.trace(C) ** 2
        assert inputs.concentration()[0] == pytest.approx(exact, rel=0.1)
        assert inputs.energy(True)[0] == pytest.approx(np.trace(C) * 1999)
        assert inputs.energy(False)[0] == pytest.approx((rows**2).sum())

    def test_a_mean_that_is_large_costs_no_digits(self):
        import torch

        rows = np.random.default_rng(0).normal(size=(100, 3))
        inputs = Inputs(1, 3)
        for part in np.split(rows + 1e8, 4):
            inputs.add(torch.from_numpy(part)[:, None])
        assert inputs.energy(True)[0] == pytest.approx(((rows - rows.mean(0)) ** 2).sum(), rel=1e-6)


class TestDecompose:
    @pytest.mark.parametrize("power", [-900, 0, 900])
    @pytest.mark.parametrize("precision", [2.0**-23, 2.0**-52])
    @pytest.mark.parametrize("shape", [(5, 9), (9, 5), (6, 6)])
    def test_rank_and_row_space_of_planted_matrices(self, power, precision, shape):
        rng = np.random.default_rng(0)
        A = rng.normal(size=(shape[0], 3)) @ rng.normal(size=(3, shape[1]))
        found = decompose(np.ldexp(A, power)[None], precision, vectors=True)
        assert found.rank == 3
        s = np.linalg.svd(A, compute_uv=False)
        assert np.allclose(np.ldexp(found.values, -power), s, atol=1e-7 * s[0])
        basis = found.bases[0]
        assert np.allclose(basis.T @ basis, np.eye(3), atol=1e-9)
        assert np.allclose((A @ basis) @ basis.T, A)

    def test_blocks_of_unequal_rank_are_told_apart(self):
        blocks = np.zeros((2, 2, 3))
        blocks[0] = [[1, 2, 3], [2, 4, 6]]
        blocks[1] = [[1, 0, 0], [0, 1, 0]]
        found = decompose(blocks, 2**-52, vectors=True)
        assert found.rank == 3 and [b.shape for b in found.bases] == [(3, 1), (3, 2)]

    @pytest.mark.parametrize(("bits", "eps"), [(8, 2.0**-7), (11, 2.0**-10)])
    @pytest.mark.parametrize("shape", [(60, 60), (30, 200)])
    def test_rounding_to_short_floats_stays_below_its_bound(self, bits, eps, shape):
        rng = np.random.default_rng(0)
        A = rng.normal(size=shape)
        fractions, powers = np.frexp(A)
        rounded = np.ldexp(np.round(np.ldexp(fractions, bits)), powers - bits)
        noise = np.linalg.norm(rounded - A, 2)
        assert 0.7 * rounding(A[None], eps) < noise < rounding(A[None], eps)
