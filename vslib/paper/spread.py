"""Numbers measured over several seeds, and the spread that is stated with each of them."""

import numpy as np

from vslib import files, networks
from vslib.paper.claims import FOLDER
from vslib.paper.figure2 import kernels
from vslib.paper.inverses import inverses
from vslib.paper.trained import from_scratch, measure, shipped

__all__ = ["store"]

SEEDS = {"fc1": 10, "fc5": 4}
INITIAL = 10
# What the numbers of one trained seed may differ by, where no spread was measured.
ALLOWED = 0.2
CHANCE = (0.05, 1, "not beyond chance at the level of 0.05")
COPIES = (0, 1e-3, "a thousandth of evaluation mode")
BOUNDS = {
    "copies_rise": (1, 10, "above 1: noise of 1e-8 drawn once"),
    "copies_spread": (1, 100, "above 1: noise of 1e-8 drawn once"),
    "exact_convolution": (0, 1e-4, "rounding in float32"),
    "exact_support": (0, 1e-4, "rounding in float32"),
    "fc5_lost_2": (0, 1e-9, "rounding"),
    "fc5_recovered": (0, 0.02, "2 in 100 allowed"),
    "identical_gradient": COPIES,
    "identical_spread": COPIES,
    "invertible_error": (0, 1e-9, "rounding"),
    "authors_line_p": CHANCE,
    "kernels_binary_p": CHANCE,
    "kernels_line_p": CHANCE,
    "kernels_p": CHANCE,
}
SETTLED = (
    "kernels_rows",
    "kernels_vectors",
    "resnet18_fell",
    "resnet18_nearest_own",
    "resnet18_white_avg",
    "resnet18_winners",
)


def store(folder, path=FOLDER / "numbers.json"):
    """Train fc1 and fc5 from several seeds, and store all numbers with their spread.

    Of resnet18 there is the one seed that ships, and untrained kernels of ten seeds.

    Parameters
    ----------
    folder : path-like
        Of the checkpoints, as for `from_scratch`.
    path : path-like
        The package's own file by default.

    Examples
    --------
    What it stored when this package was made, after 13 trainings:

    >>> from vslib.paper import stored
    >>> len(stored()["fc1_test"].seeds), len(stored()["fc5_test"].seeds)
    (10, 4)
    """
    entries = {}
    for name in networks.NAMES:
        numbers, _ = measure(shipped(name))
        others = [
            measure(from_scratch(name, folder, seed=seed))[0]
            for seed in range(1, SEEDS.get(name, 1))
        ]
        for key, value in numbers.items():
            seeds = [value, *(other[key] for other in others)] if others else []
            entries[key] = _entry(key, value, seeds)
    untrained = [kernels(networks.build("resnet18", s)) for s in range(INITIAL)]
    for key in untrained[0]:
        value = entries[key]["value"]
        seeds = [value, *(found[key] for found in untrained)]
        words = f"{INITIAL} untrained networks and the trained one"
        entries[key] = _entry(key, value, seeds, words)
    files.write_json(path, entries | with_inverses())


def with_inverses():
    """The entries of what was measured of invertible networks, over their own seeds.

    Examples
    --------
    >>> entries = with_inverses()
    >>> entries["invertible_error"]["spread"], entries["invertible_gap_low"]["seeds"]
    ('rounding', [])
    """
    numbers, seeds = inverses()
    return {key: _entry(key, value, seeds.get(key, [])) for key, value in numbers.items()}


def _entry(key, value, seeds, words=None):
    """A number with its stated spread: over seeds with half of it added at each end, or a bound."""
    room = 1e-6 * abs(value)
    if key in BOUNDS:
        low, high, words = BOUNDS[key]
    elif key.startswith("authors_"):
        low, high, words = value - room, value + room, "what the authors' notebook prints"
    elif key.startswith("exact_"):
        low, high, words, seeds = 0, 1e-9, "rounding", []
    elif seeds:
        room = max(room, (max(seeds) - min(seeds)) / 2)
        low, high = min(seeds) - room, max(seeds) + room
        low = max(low, 0) if min(seeds) >= 0 else low
        words = f"{words or f'{len(seeds)} seeds'}: half their range added at each end"
    elif key.endswith(("_validation", "_test", "_all")):
        room = 2 * np.sqrt(value * (1 - value) / 10_000)
        low, high = value - room, value + room
        words = "one seed: two standard errors of 10,000 images"
    elif key.endswith("_low"):
        room = 0.2  # points: two standard errors of one more seed
        low, high, words = value - room, value + room, "95 % interval over seeds: .2 points allowed"
    elif key in SETTLED:
        low, high, words = value - room, value + room, "one seed: no other value allowed"
    else:
        room = ALLOWED * abs(value)
        low, high = value - room, value + room
        drawn = key.endswith(("_chance", "_often"))
        words = f"{'seeded draws' if drawn else 'one seed'}: {ALLOWED:.0%} allowed"
    return {"value": value, "seeds": seeds, "low": low, "high": high, "spread": words}
