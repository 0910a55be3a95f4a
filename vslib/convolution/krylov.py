"""The largest singular values of a map too large to write down, certified that none is missing."""

import math

import numpy as np
from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh

__all__ = ["largest"]

MEMORY = 4 * 2**30  # bytes that the vectors may take
SPARE = 8  # values beyond those asked for: the bound on what is left is theirs
ROUNDS = 60
STEPS = 400  # of Lanczos' method for that bound
FAILURE = 1e-6
GAP = 1e-3
LOOSE = 1e-8  # residual of what was found, in the Gram matrix


def largest(A, k):
    """The k largest singular values, copies counted, and right singular vectors.

    An iteration of Krylov's kind sees one vector of each eigenspace. So what is found is taken
    out of the map, and the rest is searched again, until nothing that is left is as large as the
    k-th. A last search of the rest from a random start bounds it: Lanczos' method gives at least
    (1 - e) of the largest eigenvalue of an n x n matrix after q steps, but with probability
    1.648 sqrt(n) exp(-sqrt(e) (2 q - 1)) (Kuczynski and Wozniakowski 1992, theorem 4.2).

    Parameters
    ----------
    A : scipy.sparse.linalg.LinearOperator, (m, n)
    k : int
        From 1 to min(m, n) - 1.

    Returns
    -------
    values : (k,) array
        In decreasing order.
    vectors : (k, n) array
        Orthonormal where the values are not zero.
    residual : float
        The largest of ||A v - s u|| and ||A^T u - s v||, relative to the largest value.
    missed : float
        No value above (1 + missed) times the last was left out, but with probability 1e-6.

    Raises
    ------
    ValueError
        If the vectors do not fit in memory, or the certificate is not reached.

    Examples
    --------
    >>> from scipy.sparse.linalg import aslinearoperator
    >>> A = aslinearoperator(np.diag([5.0] * 3 + [2.0] * 37))
    >>> largest(A, 4)[0].round(6)
    array([5., 5., 5., 2.])
    """
    m, n = A.shape
    size = min(m, n)
    needed = 8 * (4 * (k + SPARE) * size + k * (m + n))
    if needed > MEMORY:
        raise ValueError(
            f"a map of {m} x {n}: expected vectors that fit in {MEMORY / 2**30:.0f} GiB, got a "
            f"request for {k}, which need {needed / 2**30:.1f}; ask for fewer"
        )
    rng = np.random.default_rng(0)
    square = (lambda x: A.matvec(A.rmatvec(x))) if m < n else (lambda x: A.rmatvec(A.matvec(x)))
    start = rng.normal(size=size)
    if not np.any(square(start)):
        vectors = np.linalg.qr(rng.normal(size=(n, k)))[0].T
        return np.zeros(k), vectors, 0.0, 0.0
    basis = np.empty((size, 0))
    squares = np.empty(0)
    wanted = min(k + SPARE, size - 1)
    for _ in range(ROUNDS):
        count = min(wanted, size - basis.shape[1] - 1)
        if count < 1:
            break
        found = _search(square, basis, count, rng)
        basis = np.linalg.qr(np.column_stack([basis, found]))[0]
        squares, basis = _ritz(square, basis)
        basis, squares = basis[:, : 4 * wanted], squares[: 4 * wanted]
        # What the search found new: is any of it among the largest?
        if len(squares) >= wanted and _below(square, basis[:, :wanted], squares[k - 1], rng):
            break
    found, top = basis[:, :wanted], squares[:wanted]
    # What a vector lacks to be one of its own couples it with the rest, which is bounded alone.
    loose = np.linalg.norm(np.column_stack([square(v) for v in found.T]) - found * top)
    if loose > LOOSE * top[0]:
        raise ValueError(
            f"a map of {m} x {n}: expected its largest {k} singular vectors to converge, got a "
            f"residual of {loose / top[0]:.1g}; ask for another k"
        )
    missed = _bound(square, found, top[k - 1], rng, loose)
    if missed > GAP:
        raise ValueError(
            f"a map of {m} x {n}: expected to certify its largest {k} singular values to {GAP:g}, "
            f"got {missed:.1g}; ask for another k"
        )
    left = basis[:, :k]
    values = np.sqrt(np.maximum(squares[:k], 0))
    small = values == 0
    if m < n:
        vectors = A.rmatmat(left) / np.where(small, 1, values)
        residual = np.linalg.norm(A.matmat(vectors) - left * values, axis=0).max()
    else:
        vectors = left
        other = A.matmat(left) / np.where(small, 1, values)
        residual = np.linalg.norm(A.rmatmat(other) - left * values, axis=0).max()
    return values, vectors.T, float(residual / values[0]), missed


def _deflated(square, basis):
    def without(x):
        x = x - basis @ (basis.T @ x)
        return x - basis @ (basis.T @ x)

    return lambda x: without(square(without(x)))


def _search(square, basis, count, rng):
    size = len(basis)
    rest = LinearOperator((size, size), matvec=_deflated(square, basis), dtype=np.float64)
    start = rest.matvec(rng.normal(size=size))
    if not np.any(start):
        return rng.normal(size=(size, 1))
    try:
        return eigsh(rest, count, which="LA", v0=start)[1]
    except ArpackError:
        return start[:, None]


def _ritz(square, basis):
    images = np.column_stack([square(v) for v in basis.T])
    squares, turn = np.linalg.eigh((basis.T @ images + images.T @ basis) / 2)
    return squares[::-1], basis @ turn[:, ::-1]


def _below(square, basis, level, rng):
    """Whether a short search of the rest comes to nothing above a level."""
    return _lanczos(_deflated(square, basis), rng.normal(size=len(basis)), 40) <= level * (1 + 1e-9)


def _bound(square, basis, level, rng, loose):
    size = len(basis)
    left = size - basis.shape[1]
    if left <= 0:
        return 0.0
    start = rng.normal(size=size)
    start -= basis @ (basis.T @ start)
    steps = min(STEPS, left)
    top = _lanczos(_deflated(square, basis), start, steps)
    if steps == left:
        share = 0.0
    else:
        share = (math.log(1.648 * math.sqrt(left) / FAILURE) / (2 * steps - 1)) ** 2
    if top <= 0 or share >= 1:
        return 0.0 if top <= 0 else math.inf
    if level <= 0:
        return math.inf
    return max(0.0, math.sqrt((top / (1 - share) + loose) / level) - 1)


def _lanczos(apply, start, steps):
    """The largest Ritz value after so many steps, every vector orthogonal to all before it."""
    q = start / np.linalg.norm(start)
    rows, diagonal, beside = [q], [], []
    for _ in range(steps):
        w = apply(q)
        diagonal.append(w @ q)
        Q = np.array(rows)
        for _ in range(2):
            w = w - Q.T @ (Q @ w)
        length = np.linalg.norm(w)
        if length <= 1e-14 * max(map(abs, diagonal)):
            break
        beside.append(length)
        q = w / length
        rows.append(q)
    size = len(diagonal)
    T = np.diag(diagonal) + np.diag(beside[: size - 1], 1) + np.diag(beside[: size - 1], -1)
    return float(np.linalg.eigvalsh(T)[-1])
