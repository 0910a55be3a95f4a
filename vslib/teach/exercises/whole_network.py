"""Jacobians, ledgers and kept shares: exercises of the eighth chapter."""

import numpy as np

from vslib.teach.check import Exercise
from vslib.teach.exercises.drawn import equal, matrix, shape, vector

__all__ = ["EXERCISES"]


def _on(J, x):
    return np.linalg.pinv(J) @ (J @ x)


def _relu(random):
    m, n = shape(random)
    return random.normal(size=(m, n)), vector(random, m), vector(random, n)


def _behind(W, b, x):
    return W * (W @ x + b > 0)[:, None]


def _depths(random):
    n = int(random.integers(4, 7))
    J = matrix(random, n - 1, n, full=True)
    return J, matrix(random, n - 2, n - 1, full=True) @ J, vector(random, n)


def _ledger(J1, J2, x):
    return x - _on(J1, x), _on(J1, x) - _on(J2, x), _on(J2, x)


def _one(random):
    m, n = shape(random)
    return matrix(random, m, n), vector(random, n)


def _kept(J, x):
    return (_on(J, x) @ _on(J, x)) / (x @ x)


EXERCISES = (
    Exercise(
        call="relu_jacobian(W, b, x)",
        draw=_relu,
        reference=_behind,
        holds=(equal("rows of active units are those of W, the others 0"),),
        slips=(
            (
                "The rows of units that are off are kept. It is the active ones that pass.",
                lambda W, b, x: W * (W @ x + b <= 0)[:, None],
            ),
            ("No row is 0. Units below zero have the derivative 0.", lambda W, b, x: W),
            (
                "Whether a unit is active depends on W x + b, not on W x.",
                lambda W, b, x: W * (W @ x > 0)[:, None],
            ),
            (
                "ReLU was applied to the weights. It acts on W x + b.",
                lambda W, b, x: np.maximum(W, 0),
            ),
        ),
    ),
    Exercise(
        call="ledger(J1, J2, x)",
        draw=_depths,
        reference=_ledger,
        holds=(
            ("the three parts add up to x", lambda given, got, e: sum(got) - given[2]),
            (
                "J1 sends what is lost at the first depth to 0",
                lambda given, got, e: given[0] @ got[0],
            ),
            (
                "J2 sends what is lost at the second depth to 0",
                lambda given, got, e: given[1] @ got[1],
            ),
            # Without the next two, (0, 0, x) would do.
            (
                "nothing that J1 sends to 0 is left for later",
                lambda given, got, e: got[1] + got[2] - _on(given[0], got[1] + got[2]),
            ),
            (
                "nothing that J2 sends to 0 is kept",
                lambda given, got, e: got[2] - _on(given[1], got[2]),
            ),
            (
                "the parts are orthogonal",
                lambda given, got, e: [got[0] @ got[1], got[0] @ got[2], got[1] @ got[2]],
            ),
        ),
        slips=(
            (
                "What the second depth loses holds the first loss again. Count only what is new.",
                lambda J1, J2, x: (x - _on(J1, x), x - _on(J2, x), _on(J2, x)),
            ),
            (
                "All losses stand at the second depth. What J1 sends to 0 is lost at the first.",
                lambda J1, J2, x: (0 * x, x - _on(J2, x), _on(J2, x)),
            ),
            (
                "The two depths have changed places.",
                lambda J1, J2, x: (
                    _ledger(J1, J2, x)[1],
                    _ledger(J1, J2, x)[0],
                    _ledger(J1, J2, x)[2],
                ),
            ),
            (
                "That is kept at the first depth. What is kept in the end is less.",
                lambda J1, J2, x: (x - _on(J1, x), _on(J1, x) - _on(J2, x), _on(J1, x)),
            ),
        ),
    ),
    Exercise(
        call="kept_share(J, x)",
        draw=_one,
        reference=_kept,
        holds=(equal("it is the energy of the kept part over the energy of x"),),
        slips=(
            ("That is the share that is lost.", lambda J, x: 1 - _kept(J, x)),
            (
                "That is a ratio of lengths. Energy is the length squared.",
                lambda J, x: np.sqrt(_kept(J, x)),
            ),
            (
                "That is the gain: how long J x is. Ask how much of x lies in the signal space.",
                lambda J, x: (J @ x) @ (J @ x) / (x @ x),
            ),
        ),
    ),
)
