"""What one neuron sees, and what several miss: exercises of the third chapter."""

import numpy as np

from vslib.teach.check import Exercise
from vslib.teach.exercises.drawn import equal, matrix, shape, vector

__all__ = ["EXERCISES"]


def _project(x, w):
    return (w @ x) / (w @ w) * w


def _pair(random):
    n = int(random.integers(2, 7))
    return vector(random, n), vector(random, n)


def _one(random):
    m, n = shape(random)
    return vector(random, n), matrix(random, m, n)


def _onto(x, W):
    return np.linalg.pinv(W) @ (W @ x)


def _share(x, W):
    lost = x - _onto(x, W)
    return (lost @ lost) / (x @ x)


EXERCISES = (
    Exercise(
        call="project(x, w)",
        draw=_pair,
        reference=_project,
        holds=(
            (
                "the result is a multiple of w",
                lambda given, p, e: np.outer(p, given[1]) - np.outer(given[1], p),
            ),
            (
                "what is left, x - p, is orthogonal to w",
                lambda given, p, e: (given[0] - p) @ given[1],
            ),
        ),
        slips=(
            (
                "Divide by w @ w: a longer w must not give a longer projection.",
                lambda x, w: (w @ x) * w,
            ),
            (
                "Divide by the square of the length: w comes in twice.",
                lambda x, w: (w @ x) / np.linalg.norm(w) * w,
            ),
            ("That is what is left of x.", lambda x, w: x - _project(x, w)),
            (
                "That is the coefficient. The projection is a vector.",
                lambda x, w: (w @ x) / (w @ w),
            ),
            (
                "x and w have changed places: it is to be a multiple of w.",
                lambda x, w: _project(w, x),
            ),
        ),
    ),
    Exercise(
        call="onto_all(x, W)",
        draw=_one,
        reference=_onto,
        holds=(
            (
                "what is left is orthogonal to every row of W",
                lambda given, p, e: given[1] @ (given[0] - p),
            ),
            (
                "the result is a combination of rows of W",
                lambda given, p, e: p - _onto(p, given[1]),
            ),
        ),
        slips=(
            (
                "A sum of projections is right for orthogonal rows only.",
                lambda x, W: sum(_project(x, w) for w in W),
            ),
            (
                "W.T @ W @ x is a combination of rows, but not the projection.",
                lambda x, W: W.T @ W @ x,
            ),
            ("That is what is left of x.", lambda x, W: x - _onto(x, W)),
        ),
    ),
    Exercise(
        call="rejected_share(x, W)",
        draw=_one,
        reference=_share,
        holds=(equal("it is the energy of what is left over the energy of x"),),
        slips=(
            ("That is the share that is kept.", lambda x, W: 1 - _share(x, W)),
            (
                "That is a ratio of lengths. Energy is the length squared.",
                lambda x, W: np.sqrt(_share(x, W)),
            ),
            (
                "That is the energy of what is left. Divide by the energy of x.",
                lambda x, W: _share(x, W) * (x @ x),
            ),
        ),
    ),
)
