"""Small matrices as fractions: elimination, the four subspaces, the pseudoinverse, all exact.

js/drill_exact.js does the same in the page.
"""

from fractions import Fraction
from math import gcd, lcm

__all__ = ["inverse", "product", "pseudoinverse", "reduced", "spaces", "transposed", "whole"]


def transposed(A):
    """The transpose of a matrix that is given as a list of rows.

    Examples
    --------
    >>> transposed([[1, 2, 3]])
    [[1], [2], [3]]
    """
    return [list(column) for column in zip(*A, strict=True)]


def product(A, B):
    """The product of two matrices.

    Examples
    --------
    >>> product([[1, 2]], [[3], [4]])
    [[11]]
    """
    columns = transposed(B)
    return [[sum(a * b for a, b in zip(row, c, strict=True)) for c in columns] for row in A]


def reduced(W):
    """The reduced row echelon form of a matrix, and the columns of its pivots, counted from 0.

    Parameters
    ----------
    W : (m, n) list of lists
        Integers or fractions.

    Returns
    -------
    R : (m, n) list of lists of Fraction
    pivots : list of int
        As many as the rank.

    Examples
    --------
    >>> R, pivots = reduced([[2, 1, 0], [4, 2, 1]])
    >>> [[str(entry) for entry in row] for row in R], pivots
    ([['1', '1/2', '0'], ['0', '0', '1']], [0, 2])
    """
    R = [[Fraction(entry) for entry in row] for row in W]
    pivots = []
    for column in range(len(R[0])):
        top = len(pivots)
        found = next((i for i in range(top, len(R)) if R[i][column]), None)
        if found is None:
            continue
        R[top], R[found] = R[found], R[top]
        R[top] = [entry / R[top][column] for entry in R[top]]
        for i, row in enumerate(R):
            if i != top and row[column]:
                R[i] = [a - row[column] * b for a, b in zip(row, R[top], strict=True)]
        pivots.append(column)
    return R, pivots


def inverse(A):
    """The inverse of a square matrix.

    Raises
    ------
    ValueError
        If its rows are dependent.

    Examples
    --------
    >>> [[str(entry) for entry in row] for row in inverse([[2, 1], [0, 1]])]
    [['1/2', '-1/2'], ['0', '1']]
    """
    size = len(A)
    R, pivots = reduced([[*row, *(int(i == j) for j in range(size))] for i, row in enumerate(A)])
    if pivots != [*range(size)]:
        raise ValueError(f"A: expected independent rows, got {A}")
    return [row[size:] for row in R]


def whole(vector):
    """The multiple of a nonzero vector with coprime integers, the first of them positive.

    Examples
    --------
    >>> whole([Fraction(-1, 2), 1, 0])
    [1, -2, 0]
    """
    fractions = [Fraction(entry) for entry in vector]
    common = lcm(*(entry.denominator for entry in fractions))
    numbers = [int(entry * common) for entry in fractions]
    first = next(number for number in numbers if number)
    divisor = gcd(*numbers) * (1 if first > 0 else -1)
    return [number // divisor for number in numbers]


def _sent_to_zero(W):
    """One vector for each column without a pivot: that entry 1, the other such entries 0."""
    R, pivots = reduced(W)
    found = []
    for free in (j for j in range(len(W[0])) if j not in pivots):
        vector = [Fraction(int(j == free)) for j in range(len(W[0]))]
        for row, pivot in zip(R, pivots, strict=False):
            vector[pivot] = -row[free]
        found.append(whole(vector))
    return found


def spaces(W):
    """Bases of the four subspaces, of coprime integers.

    Parameters
    ----------
    W : (m, n) list of lists
        Integers or fractions.

    Returns
    -------
    dict of str to list of list of int
        "signal" and "rejected" in R^n, "signal_out" and "rejected_out" in R^m.

    Examples
    --------
    >>> spaces([[1, 2, 2], [2, 4, 4]])["rejected"]
    [[2, -1, 0], [2, 0, -1]]
    """
    R, pivots = reduced(W)
    return {
        "signal": [whole(row) for row in R[: len(pivots)]],
        "rejected": _sent_to_zero(W),
        "signal_out": [whole(transposed(W)[pivot]) for pivot in pivots],
        "rejected_out": _sent_to_zero(transposed(W)),
    }


def pseudoinverse(W):
    """The pseudoinverse of a matrix, exact.

    W = C F, where C has the columns of W that have pivots and F the rows of its reduced form that
    are not zero; then W^+ = F^T (F F^T)^-1 (C^T C)^-1 C^T.

    Raises
    ------
    ValueError
        If W is zero.

    Examples
    --------
    >>> [[str(entry) for entry in row] for row in pseudoinverse([[1, 2], [2, 4]])]
    [['1/25', '2/25'], ['2/25', '4/25']]
    """
    R, pivots = reduced(W)
    if not pivots:
        raise ValueError(f"W: expected an entry other than zero, got {W}")
    F, columns = R[: len(pivots)], transposed(W)
    Ct = [columns[pivot] for pivot in pivots]
    Ft, C = transposed(F), transposed(Ct)
    back = product(Ft, inverse(product(F, Ft)))
    return product(back, product(inverse(product(Ct, C)), Ct))
