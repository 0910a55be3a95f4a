"""Couplings and fibres: exercises of the chapter on invertible networks."""

import numpy as np

from vslib.teach.check import Exercise
from vslib.teach.exercises.drawn import equal, matrix, vector

__all__ = ["EXERCISES"]


def _coupled(random):
    n = int(random.integers(2, 6))
    A = random.normal(size=(n, n))
    return vector(random, n), vector(random, n), lambda x: np.tanh(A @ x)


def _scales(random):
    return (random.normal(size=int(random.integers(2, 6))),)


def _fibre(random):
    m = int(random.integers(2, 4))
    R = matrix(random, m, m + int(random.integers(1, 4)), full=True)
    return R, vector(random, m), vector(random, R.shape[1])


def _same_answer(R, y, z):
    return z + np.linalg.pinv(R) @ (y - R @ z)


EXERCISES = (
    Exercise(
        call="couple_back(y1, y2, t)",
        draw=_coupled,
        reference=lambda y1, y2, t: (y1, y2 - t(y1)),
        holds=(
            ("coupled again, the first part is y1", lambda given, got, e: got[0] - given[0]),
            (
                "coupled again, the second part is y2",
                lambda given, got, e: got[1] + given[2](got[0]) - given[1],
            ),
        ),
        slips=(
            ("That couples once more. The way back subtracts.", lambda y1, y2, t: (y1, y2 + t(y1))),
            ("t acts on the part that went through unchanged.", lambda y1, y2, t: (y1, y2 - t(y2))),
            (
                "The part that goes through unchanged is the first.",
                lambda y1, y2, t: (y1 - t(y2), y2),
            ),
        ),
    ),
    Exercise(
        call="log_volume(s)",
        draw=_scales,
        reference=lambda s: np.log(np.abs(s)).sum(),
        holds=(equal("it is the logarithm of the absolute value of the determinant of diag(s)"),),
        slips=(
            (
                "That is the determinant with its sign. Take the logarithm of its absolute value.",
                lambda s: np.prod(s),
            ),
            (
                "That is the logarithm of a sum. A determinant multiplies.",
                lambda s: np.log(np.abs(s).sum()),
            ),
            (
                "A logarithm of a negative number is none: take absolute values first.",
                lambda s: np.log(s).sum(),
            ),
            (
                "That is the mean. The volume is the product of all.",
                lambda s: np.log(np.abs(s)).mean(),
            ),
        ),
    ),
    Exercise(
        call="same_answer(R, y, z)",
        draw=_fibre,
        reference=_same_answer,
        holds=(
            ("R gives y", lambda given, got, e: given[0] @ got - given[1]),
            (
                "its rejected part is that of z",
                lambda given, got, e: (
                    (got - given[2]) - np.linalg.pinv(given[0]) @ given[0] @ (got - given[2])
                ),
            ),
        ),
        slips=(
            (
                "That has no rejected part. It is to have that of z.",
                lambda R, y, z: np.linalg.pinv(R) @ y,
            ),
            (
                "The signal of z is still in it, so R gives more than y.",
                lambda R, y, z: z + np.linalg.pinv(R) @ y,
            ),
            (
                "That is the rejected part of z alone: R gives 0.",
                lambda R, y, z: z - np.linalg.pinv(R) @ (R @ z),
            ),
        ),
    ),
)
