"""Centred shares, gains and areas under the curve: exercises of the tenth chapter."""

import numpy as np

from vslib.teach.check import Exercise
from vslib.teach.exercises.drawn import equal, matrix, shape

__all__ = ["EXERCISES"]


def _inputs(random):
    m, n = shape(random)
    return matrix(random, m, n), random.normal(size=(9, n)) + random.normal(size=n)


def _share(W, X):
    kept = X @ np.linalg.pinv(W) @ W
    return 1 - (kept**2).sum() / (X**2).sum()


def _rejected(W, X):
    return _share(W, X - X.mean(axis=0))


def _gain(W, X):
    passed = ((X @ W.T) ** 2).sum() / (X**2).sum()
    return passed / ((W**2).sum() / W.shape[1])


def _kinds(random):
    sizes = random.integers(3, 8, size=2)
    return tuple(random.integers(0, 6, size=n).astype(float) for n in sizes)


def _auc(ones, others):
    above = (ones[:, None] > others).mean()
    return above + (ones[:, None] == others).mean() / 2


EXERCISES = (
    Exercise(
        call="rejected_centred(W, X)",
        draw=_inputs,
        reference=_rejected,
        holds=(equal("it is the share of the centred inputs' energy in the null space"),),
        slips=(
            ("The mean of the inputs is still in them: take it away first.", _share),
            ("That is the share that is kept.", lambda W, X: 1 - _rejected(W, X)),
            (
                "The mean was taken from each input's own numbers. It is the mean over inputs.",
                lambda W, X: _share(W, X - X.mean(axis=1, keepdims=True)),
            ),
        ),
    ),
    Exercise(
        call="input_gain(W, X)",
        draw=_inputs,
        reference=_gain,
        holds=(equal("it is 1 for inputs with as much energy in all directions"),),
        slips=(
            (
                "That is energy out over energy in. Divide it by what a random direction gets.",
                lambda W, X: ((X @ W.T) ** 2).sum() / (X**2).sum(),
            ),
            (
                "A random direction gets the squares of the entries over the number of *inputs*.",
                lambda W, X: _gain(W, X) * len(W) / W.shape[1],
            ),
            (
                "Those are lengths. Energy is the length squared.",
                lambda W, X: np.sqrt(_gain(W, X)),
            ),
        ),
    ),
    Exercise(
        call="area(ones, others)",
        draw=_kinds,
        reference=_auc,
        holds=(equal("it is the share of pairs in which the first is larger, ties half"),),
        slips=(
            ("Ties count half.", lambda a, b: (a[:, None] > b).mean()),
            ("Ties count half, not whole.", lambda a, b: (a[:, None] >= b).mean()),
            ("The two kinds have changed places.", lambda a, b: _auc(b, a)),
        ),
    ),
)
