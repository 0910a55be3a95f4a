"""Exercises with clean answers, as many as one likes: each is known by its kind, level and seed.

js/drill_make.js makes the same ones in the page. Both draw from the same random bits, and reject
what would not come out clean.
"""

from dataclasses import dataclass
from fractions import Fraction

from vslib.show.exact import product, pseudoinverse, reduced, spaces

__all__ = ["KINDS", "LAST", "LEVELS", "Exercise", "exercise"]

KINDS = ("subspaces", "projection", "pseudoinverse")
LEVELS = (1, 2, 3)
LAST = 999_999  # the largest seed
# Entries of W and x, and those of the bases.
ENTRY, BASIS = 6, 9
# By kind and level: the shapes that W may have, its ranks, and the largest denominator.
RULES = {
    "subspaces": (([(2, 3)], [1, 2], 1), ([(3, 2)], [1, 2], 1), ([(3, 3)], [1, 2], 1)),
    "projection": (([(1, 3)], [1], 1), ([(2, 3)], [1, 2], 3), ([(3, 3)], [1, 2], 9)),
    "pseudoinverse": (
        ([(2, 3)], [1], 30),
        ([(2, 3), (3, 2)], [2], 12),
        ([(3, 3)], [2], 36),
    ),
}
BITS = 0xFFFFFFFF


@dataclass(frozen=True)
class Exercise:
    """A matrix, what is asked of it, and the answers.

    Attributes
    ----------
    kind : str
        One of `KINDS`: "subspaces" asks for the rank and bases of the four subspaces,
        "projection" for the parts of x in Signal(W) and RejSignal(W), "pseudoinverse" for W^+.
    level : int
        1, 2 or 3.
    seed : int
    W : (m, n) list of lists of int
        1 to 3 rows, 2 or 3 columns; entries up to 6 in magnitude; no row or column is zero.
    x : (n,) list of int or None
        Entries up to 6; only a projection has it.
    answers : dict
        "rank", and of subspaces a basis of each by name, as `vslib.show.exact.spaces` gives
        them, with entries up to 9; of a projection "signal" and "rejected", of denominators up to
        1, 3 and 9 by level; else "pseudoinverse", of denominators up to 30, 12 and 36.

    Examples
    --------
    >>> made = exercise("projection", 1, 7)
    >>> [a + b for a, b in zip(made.answers["signal"], made.answers["rejected"])] == made.x
    True
    """

    kind: str
    level: int
    seed: int
    W: list
    x: list | None
    answers: dict

    @property
    def label(self):
        """What stands in an address for it, as in #drill=subspaces-1-7."""
        return f"{self.kind}-{self.level}-{self.seed}"


class _Draw:
    """Random integers from 32 bits: FNV-1a makes the state of a text, Mulberry32 goes on from it.

    Both are in the public domain: FNV by G. Fowler, L. C. Noll and K.-P. Vo, Mulberry32 by
    T. Ettinger. JavaScript has these products of 32 bits as Math.imul.
    """

    def __init__(self, text):
        self.state = 0x811C9DC5
        for letter in text.encode("ascii"):
            self.state = ((self.state ^ letter) * 0x01000193) & BITS

    def between(self, low, high):
        self.state = (self.state + 0x6D2B79F5) & BITS
        t = self.state
        t = ((t ^ (t >> 15)) * (t | 1)) & BITS
        t ^= (t + ((t ^ (t >> 7)) * (t | 61))) & BITS
        t ^= t >> 14
        return low + t % (high - low + 1)

    def matrix(self, rows, columns, size):
        return [[self.between(-size, size) for _ in range(columns)] for _ in range(rows)]

    def one_of(self, options):
        return options[self.between(0, len(options) - 1)]


def exercise(kind, level, seed):
    """The exercise of that kind, level and seed: the same wherever and whenever it is made.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    level : int
        1, 2 or 3: W is 2 x 3, 3 x 2 and 3 x 3 for subspaces; 1 x 3, 2 x 3 and 3 x 3 for a
        projection; 2 x 3 of rank 1, 2 x 3 or 3 x 2 of rank 2, and 3 x 3 of rank 2 for a
        pseudoinverse.
    seed : int
        1 to 999,999.

    Returns
    -------
    Exercise

    Raises
    ------
    ValueError
        If there is no such kind, level or seed.

    Examples
    --------
    >>> made = exercise("subspaces", 1, 7)
    >>> made.label, len(made.W), len(made.W[0])
    ('subspaces-1-7', 2, 3)
    """
    if kind not in KINDS:
        raise ValueError(f"kind: expected one of {', '.join(KINDS)}, got {kind!r}")
    for name, value, last in (("level", level, LEVELS[-1]), ("seed", seed, LAST)):
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= last:
            raise ValueError(f"{name}: expected an integer from 1 to {last}, got {value!r}")
    draw = _Draw(f"{kind}-{level}-{seed}")
    shapes, ranks, most = RULES[kind][level - 1]
    # One shape and rank for good: else those that are seldom clean would seldom be asked for.
    (m, n), rank = draw.one_of(shapes), draw.one_of(ranks)
    while True:
        W = _matrix(draw, m, n, rank)
        x = draw.matrix(1, n, ENTRY)[0] if kind == "projection" else None
        answers = W and _answers(kind, W, x, most)
        if answers:
            return Exercise(kind, level, seed, W, x, {"rank": rank} | answers)


def _matrix(draw, m, n, rank):
    """A matrix of that rank with small entries, or None."""
    if rank == min(m, n):
        W = draw.matrix(m, n, 3)
    else:
        left = draw.matrix(m, rank, 2)
        W = product(left, draw.matrix(rank, n, 3))
    lines = [*W, *zip(*W, strict=True)]
    small = max(abs(entry) for row in W for entry in row) <= ENTRY
    return W if small and all(map(any, lines)) and len(reduced(W)[1]) == rank else None


def _answers(kind, W, x, most):
    """The answers, or None where they are not clean."""
    if kind == "subspaces":
        found = spaces(W)
        entries = [entry for basis in found.values() for vector in basis for entry in vector]
        return found if max(map(abs, entries)) <= BASIS else None
    back = pseudoinverse(W)
    if kind == "pseudoinverse":
        found = {"pseudoinverse": back}
        parts = back
    else:
        y = product(W, [[entry] for entry in x])
        signal = [row[0] for row in product(back, y)]
        rejected = [Fraction(a) - b for a, b in zip(x, signal, strict=True)]
        found = {"signal": signal, "rejected": rejected}
        parts = [signal, rejected]
        if not all(map(any, parts)):
            return None
    return found if max(entry.denominator for part in parts for entry in part) <= most else None
