"""The two parts of an image, and the spaces that they lie in: exercises of the second chapter."""

import numpy as np

from vslib.teach.check import Exercise
from vslib.teach.exercises.drawn import equal, matrix, shape, vector

__all__ = ["EXERCISES"]


def _split(W, x):
    signal = np.linalg.pinv(W) @ (W @ x)
    return signal, x - signal


def _rejecting(W, rank=None):
    _, s, V = np.linalg.svd(W)
    rank = np.count_nonzero(s > 1e-9 * s[0]) if rank is None else rank
    return V[rank:].T


def _rank(W):
    return int(np.linalg.matrix_rank(W))


def _one(random):
    m, n = shape(random)
    return matrix(random, m, n), vector(random, n)


def _wide(random):
    m = int(random.integers(2, 5))
    return (matrix(random, m, m + int(random.integers(1, 4))),)


def _two(random):
    W, a = _one(random)
    return W, a, vector(random, len(a))


def _any(random):
    return (matrix(random, *shape(random)),)


EXERCISES = (
    Exercise(
        call="split(W, x)",
        draw=_one,
        reference=_split,
        holds=(
            ("the two parts add up to x", lambda given, got, e: got[0] + got[1] - given[1]),
            ("W sends the rejected part to 0", lambda given, got, e: given[0] @ got[1]),
            (
                "the signal is a combination of the rows of W",
                lambda given, got, e: got[0] - np.linalg.pinv(given[0]) @ (given[0] @ got[0]),
            ),
            ("the two parts are orthogonal", lambda given, got, e: got[0] @ got[1]),
        ),
        slips=(
            (
                "The two parts stand in the wrong order: the signal first.",
                lambda W, x: _split(W, x)[::-1],
            ),
            (
                "W.T @ W @ x lies in the signal space, but it is not the projection: W^+ W x is.",
                lambda W, x: (W.T @ W @ x, x - W.T @ W @ x),
            ),
            (
                "Here W has not the full rank, so not all of its rows are independent.",
                lambda W, x: (
                    x - _rejecting(W, min(W.shape)) @ _rejecting(W, min(W.shape)).T @ x,
                    _rejecting(W, min(W.shape)) @ _rejecting(W, min(W.shape)).T @ x,
                ),
            ),
        ),
    ),
    Exercise(
        call="rejected_basis(W)",
        draw=_wide,
        reference=_rejecting,
        holds=(
            ("W sends every column to 0", lambda given, got, e: given[0] @ got),
            (
                "the columns are orthonormal",
                lambda given, got, e: got.T @ got - np.eye(got.shape[1]),
            ),
        ),
        slips=(
            ("The vectors are the rows. A basis has them as columns.", lambda W: _rejecting(W).T),
            (
                "That is n minus the number of rows. Here the rank is smaller.",
                lambda W: _rejecting(W, min(W.shape)),
            ),
            ("That is a basis of the signal space.", lambda W: np.linalg.svd(W)[2][: _rank(W)].T),
            (
                "These vectors lie among the answers: that is RejSignalOut.",
                lambda W: np.linalg.svd(W)[0][:, _rank(W) :],
            ),
        ),
    ),
    Exercise(
        call="rank(W)",
        draw=_any,
        reference=_rank,
        holds=(equal("the rank is the number of singular values above rounding"),),
        slips=(
            (
                "That is what the shape allows. Here some singular value is 0 but for "
                "rounding: not all rows are independent.",
                lambda W: min(W.shape),
            ),
            ("That is the number of rows.", lambda W: len(W)),
            ("That is the dimension of the rejected signal.", lambda W: W.shape[1] - _rank(W)),
        ),
    ),
    Exercise(
        call="twin(W, a, b)",
        draw=_two,
        reference=lambda W, a, b: _split(W, a)[0] + _split(W, b)[1],
        holds=(
            ("it has the answer of a", lambda given, got, e: given[0] @ (got - given[1])),
            (
                "its difference to b has no rejected part",
                lambda given, got, e: _split(given[0], got - given[2])[1],
            ),
        ),
        slips=(
            (
                "That is the other one: the signal of b and the rejected part of a.",
                lambda W, a, b: _split(W, b)[0] + _split(W, a)[1],
            ),
            (
                "It has the whole of b in it. Only b's rejected part may be added.",
                lambda W, a, b: _split(W, a)[0] + b,
            ),
            ("The rejected part of a is still in it.", lambda W, a, b: a + _split(W, b)[1]),
        ),
    ),
)
