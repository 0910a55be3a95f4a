"""Random arguments for exercises: matrices of every rank, and the property that all have."""

import numpy as np

__all__ = ["equal", "matrix", "shape", "vector"]


def shape(random, least=2, most=6):
    """Two sizes, of which now one, now the other is larger.

    Examples
    --------
    >>> shape(np.random.default_rng(0))
    (6, 5)
    """
    return int(random.integers(least, most + 1)), int(random.integers(least, most + 1))


def matrix(random, m, n, full=False):
    """(m, n) array; every second one has not the full rank, unless that is wanted.

    Unless it has, its size is any, and some have a first column of zeros, as the weights of a pixel
    that is always dark: what counts as 0 depends on the largest, and elimination has to look on.

    Examples
    --------
    >>> matrix(np.random.default_rng(0), 3, 2).shape
    (3, 2)
    """
    dark = int(not full and n > 2 and random.integers(2))
    rank = min(m, n - dark)
    if rank > 1 and not full and random.integers(2):
        rank = int(random.integers(1, rank))
    # Of a condition number of 4 at most: a right formula that squares it, as one with W W^T does,
    # still counts as right.
    left, right = (np.linalg.qr(random.normal(size=(size, rank)))[0] for size in (m, n - dark))
    made = left * random.uniform(0.5, 2, size=rank) @ right.T
    return made if full else np.pad(made, ((0, 0), (dark, 0))) * 10 ** random.uniform(-2, 0)


def vector(random, n):
    """(n,) array of normal numbers.

    Examples
    --------
    >>> vector(np.random.default_rng(0), 2).shape
    (2,)
    """
    return random.normal(size=n)


def equal(words):
    """The property that the result is the one that there is, in these words.

    Examples
    --------
    >>> equal("it is W x")[0]
    'it is W x'
    """
    return words, lambda given, got, expected: _off(got, expected)


def _off(got, expected):
    if isinstance(expected, tuple):
        return np.concatenate([np.ravel(a - b) for a, b in zip(got, expected, strict=True)])
    return got - expected
