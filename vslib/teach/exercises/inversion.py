"""From an answer back to an input: exercises of the sixth chapter."""

import numpy as np

from vslib.teach.check import Exercise
from vslib.teach.exercises.drawn import equal, matrix, vector

__all__ = ["EXERCISES"]


def _nearest(W, y, start):
    return start + np.linalg.pinv(W) @ (y - W @ start)


def _wide(random):
    m = int(random.integers(2, 4))
    return matrix(random, m, m + int(random.integers(1, 4)), full=True)


def _layer(random):
    W = _wide(random)
    return W, vector(random, len(W)), vector(random, W.shape[1])


def _step(random):
    W = _wide(random)
    return vector(random, W.shape[1]), vector(random, len(W)), W, vector(random, len(W))


def _newton(x, fx, J, y):
    return x + np.linalg.pinv(J) @ (y - fx)


def _polytope(random):
    W = random.integers(-2, 3, size=(3, 3)).astype(float)
    b, x = (random.integers(-2, 3, size=3).astype(float) for _ in range(2))
    y = np.maximum(W @ x + b, 0)
    # As it is; an active unit asked for more than it gives; one asked for 0.
    change = random.integers(3)
    if change and y.any():
        y[y.argmax()] = y.max() + 1 if change == 1 else 0
    return W, b, y, x


def _inside(W, b, y, x):
    z = W @ x + b
    return np.where(y > 0, z == y, z <= 0).all()


EXERCISES = (
    Exercise(
        call="nearest(W, y, start)",
        draw=_layer,
        reference=_nearest,
        holds=(
            ("it has the answer y", lambda given, got, e: given[0] @ got - given[1]),
            (
                "its way from the start lies in the signal space",
                lambda given, got, e: (
                    got - given[2] - np.linalg.pinv(given[0]) @ given[0] @ (got - given[2])
                ),
            ),
        ),
        slips=(
            (
                "That is nearest to 0. It forgets the start.",
                lambda W, y, start: np.linalg.pinv(W) @ y,
            ),
            (
                "Add what is missing of the answer, y - W start, not all of y.",
                lambda W, y, start: start + np.linalg.pinv(W) @ y,
            ),
            (
                "The sign of the correction is wrong.",
                lambda W, y, start: start - np.linalg.pinv(W) @ (y - W @ start),
            ),
        ),
    ),
    Exercise(
        call="newton_step(x, fx, J, y)",
        draw=_step,
        reference=_newton,
        holds=(
            (
                "to first order it has the answer y",
                lambda given, got, e: given[1] + given[2] @ (got - given[0]) - given[3],
            ),
            equal("it is the shortest step that does"),
        ),
        slips=(
            (
                "The sign is wrong: this goes away from y.",
                lambda x, fx, J, y: x - np.linalg.pinv(J) @ (y - fx),
            ),
            (
                "That is a step of gradient descent, by the transpose of J. Newton takes J^+.",
                lambda x, fx, J, y: x + J.T @ (y - fx),
            ),
            ("That is the step. Add it to x.", lambda x, fx, J, y: np.linalg.pinv(J) @ (y - fx)),
        ),
    ),
    Exercise(
        call="in_polytope(W, b, y, x)",
        draw=_polytope,
        reference=_inside,
        holds=(equal("it is true exactly if max(0, W x + b) is y"),),
        slips=(
            (
                "Where y is 0, W x + b may be anything up to 0, not 0 alone.",
                lambda W, b, y, x: np.all(W @ x + b == y),
            ),
            (
                "Where y is positive, W x + b must be y, not only positive.",
                lambda W, b, y, x: np.array_equal(W @ x + b > 0, y > 0),
            ),
            (
                "Where y is 0, W x + b must not be positive.",
                lambda W, b, y, x: np.all((W @ x + b == y)[y > 0]),
            ),
            ("The bias is missing.", lambda W, b, y, x: _inside(W, 0 * b, y, x)),
        ),
    ),
)
