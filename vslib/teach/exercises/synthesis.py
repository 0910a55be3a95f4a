"""An image that is trained instead of the weights: exercises of the seventh chapter."""

import numpy as np

from vslib.teach.check import Exercise
from vslib.teach.exercises.drawn import equal, matrix, shape, vector

__all__ = ["EXERCISES"]


def _gradient(W, b, x, target):
    return 2 / len(W) * W.T @ (W @ x + b - target)


def _loss(random):
    m, n = shape(random)
    W = matrix(random, m, n)
    return W, vector(random, m), vector(random, n), vector(random, m)


def _run(random):
    m, n = shape(random)
    W = matrix(random, m, n)
    W /= np.linalg.norm(W, 2)
    rate = random.uniform(0.1, 0.9)
    return W, vector(random, m), vector(random, n), rate, int(random.integers(2, 6))


def _descend(W, y, x, rate, steps, sign=1):
    for _ in range(steps):
        x = x - sign * rate * W.T @ (W @ x - y)
    return x


def _rejected(W, x):
    return x - np.linalg.pinv(W) @ (W @ x)


def _subspace(random):
    n = int(random.integers(3, 7))
    k = int(random.integers(1, n))
    V = np.linalg.qr(random.normal(size=(n, k)))[0].T
    return V, vector(random, n), vector(random, n)


EXERCISES = (
    Exercise(
        call="gradient(W, b, x, target)",
        draw=_loss,
        reference=_gradient,
        holds=(
            ("it has no rejected part", lambda given, got, e: _rejected(given[0], got)),
            equal("it is the gradient of the mean squared difference, by x"),
        ),
        slips=(
            ("The factor 2 of the square is missing.", lambda *given: _gradient(*given) / 2),
            (
                "The loss is a mean over the outputs: divide by their number.",
                lambda W, *given: _gradient(W, *given) * len(W),
            ),
            (
                "The sign is wrong: the loss grows along the gradient.",
                lambda *given: -_gradient(*given),
            ),
            (
                "That is the gradient by the outputs. W.T takes it back to the image.",
                lambda W, b, x, target: 2 / len(W) * (W @ x + b - target),
            ),
        ),
    ),
    Exercise(
        call="descend(W, y, x, rate, steps)",
        draw=_run,
        reference=_descend,
        holds=(
            (
                "the rejected part of x is still there",
                lambda given, got, e: _rejected(given[0], got - given[2]),
            ),
            equal("each step goes against the gradient of half the squared difference"),
        ),
        slips=(
            (
                "It climbs: a step goes against the gradient.",
                lambda *given: _descend(*given, sign=-1),
            ),
            ("One step only.", lambda W, y, x, rate, steps: _descend(W, y, x, rate, 1)),
            (
                "That is where it ends after many steps. Only so many were asked for.",
                lambda W, y, x, rate, steps: x + np.linalg.pinv(W) @ (y - W @ x),
            ),
            (
                "It starts from 0, not from x.",
                lambda W, y, x, rate, steps: _descend(W, y, 0 * x, rate, steps),
            ),
        ),
    ),
    Exercise(
        call="nearest_in_subspace(V, mean, x)",
        draw=_subspace,
        reference=lambda V, mean, x: mean + V.T @ (V @ (x - mean)),
        holds=(
            (
                "less the mean it is a combination of the rows of V",
                lambda given, got, e: (got - given[1]) - given[0].T @ given[0] @ (got - given[1]),
            ),
            (
                "what is left of x is orthogonal to the rows of V",
                lambda given, got, e: given[0] @ (given[2] - got),
            ),
        ),
        slips=(
            (
                "The mean is left out: the subspace does not go through 0.",
                lambda V, mean, x: V.T @ (V @ x),
            ),
            ("Add the mean again at the end.", lambda V, mean, x: V.T @ (V @ (x - mean))),
            (
                "Take the mean away before, as it is added at the end.",
                lambda V, mean, x: mean + V.T @ (V @ x),
            ),
            (
                "These are coefficients. Multiply the rows of V with them.",
                lambda V, mean, x: V @ (x - mean),
            ),
        ),
    ),
)
