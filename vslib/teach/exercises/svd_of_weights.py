"""Singular values, signal vectors, low rank: exercises of the fourth chapter."""

import numpy as np

from vslib.teach.check import Exercise
from vslib.teach.exercises.drawn import equal, matrix, shape

__all__ = ["EXERCISES"]


def _svd(W):
    U, s, V = np.linalg.svd(W, full_matrices=False)
    r = np.count_nonzero(s > 1e-9 * s[0])
    return U[:, :r], s[:r], V[:r]


def _low(W, k):
    U, s, V = np.linalg.svd(W, full_matrices=False)
    return (U[:, :k] * s[:k]) @ V[:k]


def _any(random):
    return (matrix(random, *shape(random)),)


def _full_and_k(random):
    m, n = shape(random, least=3)
    return matrix(random, m, n, full=True), int(random.integers(1, min(m, n)))


def _signed(W):
    _, s, V = _svd(W)
    return _one_way(s[:, None] * V)


def _one_way(rows):
    """Each row with its largest entry positive: a signal vector is known up to its sign."""
    return rows * np.sign(rows[np.arange(len(rows)), np.abs(rows).argmax(1)])[:, None]


EXERCISES = (
    Exercise(
        call="rank_k(W, k)",
        draw=_full_and_k,
        reference=_low,
        holds=(
            (
                "what is left has no value above the next singular value",
                lambda given, got, e: (
                    np.linalg.norm(given[0] - got, 2) - np.linalg.norm(given[0] - e, 2)
                ),
            ),
            equal("it is the sum of the first k layers"),
        ),
        slips=(
            (
                "These are the weakest k. Keep the strongest.",
                lambda W, k: W - _low(W, min(W.shape) - k),
            ),
            (
                "The singular values are missing.",
                lambda W, k: np.linalg.svd(W)[0][:, :k] @ np.linalg.svd(W)[2][:k],
            ),
            (
                "That keeps k rows of W. Other matrices of rank k are nearer.",
                lambda W, k: W * (np.arange(len(W)) < k)[:, None],
            ),
            ("That is what is left.", lambda W, k: W - _low(W, k)),
        ),
    ),
    Exercise(
        call="condition_number(W)",
        draw=_any,
        reference=lambda W: _svd(W)[1][0] / _svd(W)[1][-1],
        holds=(equal("it is the largest over the smallest singular value that counts"),),
        slips=(
            (
                "The smallest one here is 0 but for rounding. Leave out what does not count.",
                lambda W: np.linalg.svd(W)[1][0] / np.linalg.svd(W)[1][-1],
            ),
            (
                "That is its square: the eigenvalues of W^T W are squares of singular values.",
                lambda W: (_svd(W)[1][0] / _svd(W)[1][-1]) ** 2,
            ),
            ("Upside down: it is 1 or more.", lambda W: _svd(W)[1][-1] / _svd(W)[1][0]),
        ),
    ),
    Exercise(
        call="signal_vectors(W)",
        draw=_any,
        reference=_signed,
        holds=(("the rows are sigma_k v_k, up to signs", lambda given, got, e: _one_way(got) - e),),
        slips=(
            ("The singular values are missing: these have length 1.", lambda W: _svd(W)[2]),
            (
                "Each has its singular value squared.",
                lambda W: (_svd(W)[1] ** 2)[:, None] * _svd(W)[2],
            ),
            (
                "Some of these rows have a singular value of 0. Leave them out.",
                lambda W: (
                    np.linalg.svd(W, full_matrices=False)[1][:, None]
                    * np.linalg.svd(W, full_matrices=False)[2]
                ),
            ),
            (
                "These vectors lie among the answers. Signal vectors lie among the inputs.",
                lambda W: (_svd(W)[0] * _svd(W)[1]).T,
            ),
        ),
    ),
)
