"""Spreads, certificates and shares: exercises of the last chapter."""

import numpy as np

from vslib.teach.check import Exercise
from vslib.teach.exercises.drawn import equal, vector

__all__ = ["EXERCISES"]


def _seeds(random):
    return (random.normal(size=int(random.integers(3, 8))),)


def _spread(values):
    half = (values.max() - values.min()) / 2
    return values.min() - half, values.max() + half


def _shares(random):
    return float(random.uniform(0.5, 1)), int(random.integers(1, 9)), int(random.integers(10, 20))


def _pair(random):
    n = int(random.integers(2, 6))
    return vector(random, n), 10 * vector(random, n)


def _off(found, y):
    return np.linalg.norm(found - y) / np.linalg.norm(y)


EXERCISES = (
    Exercise(
        call="spread(values)",
        draw=_seeds,
        reference=_spread,
        holds=(
            equal("the range is widened by half of itself at each end"),
            (
                "the middle stays where it was",
                lambda given, got, e: sum(got) - given[0].max() - given[0].min(),
            ),
        ),
        slips=(
            (
                "That is the range. Five seeds do not show the ends: widen it.",
                lambda values: (values.min(), values.max()),
            ),
            (
                "That widens by the whole range at each end.",
                lambda values: (2 * values.min() - values.max(), 2 * values.max() - values.min()),
            ),
            (
                "That is a standard deviation about the mean. The book states the range.",
                lambda values: (values.mean() - values.std(), values.mean() + values.std()),
            ),
            (
                "That widens by a quarter at each end: half of it in all.",
                lambda values: (
                    1.25 * values.min() - 0.25 * values.max(),
                    1.25 * values.max() - 0.25 * values.min(),
                ),
            ),
        ),
    ),
    Exercise(
        call="expected_accuracy(a, held_out, learned)",
        draw=_shares,
        reference=lambda a, held_out, learned: (learned + a * held_out) / (learned + held_out),
        holds=(equal("all of the learned images are met, and a share a of the others"),),
        slips=(
            ("That takes both parts for equally large.", lambda a, held_out, learned: (1 + a) / 2),
            (
                "The two parts have changed places: the learned ones are all met.",
                lambda a, held_out, learned: (held_out + a * learned) / (learned + held_out),
            ),
            (
                "That is the accuracy on images that were not learned. The draw has others, too.",
                lambda a, held_out, learned: a,
            ),
        ),
    ),
    Exercise(
        call="certificate(found, y)",
        draw=_pair,
        reference=_off,
        holds=(equal("it is the length of the difference over the length of y"),),
        slips=(
            (
                "That is not relative. Divide by the length of y.",
                lambda found, y: np.linalg.norm(found - y),
            ),
            (
                "Divide by what was asked for, y, not by what was found.",
                lambda found, y: np.linalg.norm(found - y) / np.linalg.norm(found),
            ),
            ("That is its square.", lambda found, y: _off(found, y) ** 2),
            (
                "Lengths may be equal where the vectors are not. Subtract first.",
                lambda found, y: abs(np.linalg.norm(found) - np.linalg.norm(y)) / np.linalg.norm(y),
            ),
        ),
    ),
)
