"""The columns of a matrix that is read by blocks: a Gram matrix in float64, and sums on the way."""

import math

import numpy as np

from vslib.report.blocks import Decomposed, gram_values
from vslib.report.columns import SHORT, spectral

__all__ = ["BLOCK", "streamed"]

BLOCK = 2**22  # entries that are held in float64
EPS = np.finfo(np.float64).eps


def streamed(read, shape, eps):
    """What a matrix says by itself, from one pass over its blocks.

    In memory are one block and the Gram matrix of the smaller side, in float64. A float64 matrix
    is read whole, as a Gram matrix would lose digits by which its rank is judged.

    Parameters
    ----------
    read : callable
        Of two slices, rows and columns: that part of the matrix, in float64.
    shape : (int, int)
    eps : float
        Of the floats that the matrix is stored in.

    Returns
    -------
    columns : dict
        As `vslib.report.columns.row` makes them; only a note where numbers are not finite.
    values : (min(m, n),) array
        Singular values in decreasing order.

    Examples
    --------
    >>> A = np.diag([3.0, 2.0, 0.0])[:, :2]
    >>> columns, values = streamed(lambda *part: A[part], A.shape, 2**-23)
    >>> columns["rank"], columns["dead outputs"], values
    (2, 1, array([3., 2.]))
    """
    m, n = shape
    tall, size = m >= n, min(shape)
    whole = eps < SHORT
    step = max(shape) if whole else max(1, BLOCK // size)
    products, bad = np.zeros((size, size)), 0
    alive = [np.zeros(m, bool), np.zeros(n, bool)]
    rounded = [np.zeros(m), np.zeros(n)]
    for first in range(0, max(shape), step):
        along, every = slice(first, first + step), slice(None)
        part = (along, every) if tall else (every, along)
        block = read(*part)
        bad += block.size - np.count_nonzero(np.isfinite(block))
        if bad:
            continue
        for axis in (0, 1):
            alive[axis][part[axis]] |= block.any(1 - axis)
        if eps > SHORT:
            units = np.ldexp(eps, np.frexp(block)[1] - 1) * (block != 0)
            for axis in (0, 1):
                rounded[axis][part[axis]] += (units**2).sum(1 - axis)
        if not whole:
            products += block.T @ block if tall else block @ block.T
    found = {"m": m, "n": n, "groups": 1}
    if bad:
        note = f"expected finite numbers, got {bad:,} NaN or infinite of {m * n:,}"
        return found | {"note": note}, np.zeros(1)
    values = np.linalg.svd(block, compute_uv=False) if whole else gram_values(products)
    floor = sum(math.sqrt(sums.max()) for sums in rounded) / math.sqrt(12)
    # Shorter floats are judged as float32 is, and by what rounding to them can make.
    relative = max(shape) * (EPS if whole else SHORT)
    decomposed = Decomposed(shape, values, max(relative * values[0], floor))
    dead = {
        f"dead {side}": int((~alive[axis]).sum()) for axis, side in ((1, "inputs"), (0, "outputs"))
    }
    return found | spectral(decomposed, (1, m, n)) | dead, values
