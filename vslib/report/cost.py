"""What the columns from weights cost: seconds for one matrix, and for checkpoints not at hand."""

import math
import time

import numpy as np

__all__ = ["LLAMA", "SIZES", "checkpoint", "seconds", "timed", "whole"]

SIZES = ((512, 1376), (1024, 1024), (1024, 2752), (2048, 2048), (2048, 5504), (4096, 4096))
# Of Llama 2: layers, width, width between, width of keys and values.
LLAMA = {"7B": (32, 4096, 11008, 4096), "70B": (80, 8192, 28672, 1024)}
WORDS = 32000


def checkpoint(layers, width, between, keys):
    """Shapes of the matrices of a language model of Llama's kind, by how many there are.

    Parameters
    ----------
    layers, width, between, keys : int
        As in `LLAMA`.

    Returns
    -------
    dict of (int, int) to int

    References
    ----------
    Touvron and others (2023), Llama 2: open foundation and fine-tuned chat models.

    Examples
    --------
    >>> shapes = checkpoint(*LLAMA["7B"])
    >>> round(sum(m * n * count for (m, n), count in shapes.items()) / 1e9, 2)
    6.74
    """
    shapes = [(width, width)] * 2 + [(keys, width)] * 2 + [(between, width)] * 2
    shapes.append((width, between))
    found = {}
    for shape, count in [(s, layers) for s in shapes] + [((WORDS, width), 2)]:
        found[shape] = found.get(shape, 0) + count
    return found


def timed(shape, seed=0):
    """Seconds of one core for the columns from weights of a float32 matrix of normal numbers.

    Parameters
    ----------
    shape : (int, int)
    seed : int

    Examples
    --------
    >>> timed((64, 128)) > 0
    True
    """
    from threadpoolctl import threadpool_limits

    from vslib.report.stream import streamed

    A = np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
    with threadpool_limits(1):
        start = time.process_time()
        streamed(lambda *part: A[part].astype(float), shape, 2.0**-23)
        return time.process_time() - start


def seconds(shape, measured):
    """Seconds for a matrix of a shape, from those that were measured of others.

    Operations are of two kinds: products for the Gram matrix, about s * s * l of short side s and
    long side l, and its eigenvalues, about s**3. A second of each is fitted, relative to what was
    measured, and no less than nothing.

    Parameters
    ----------
    shape : (int, int)
    measured : list of (m, n, seconds)

    Returns
    -------
    float

    Examples
    --------
    >>> done = [(m, n, 1e-9 * m * m * n + 2e-9 * m**3) for m, n in [(100, 100), (100, 400)]]
    >>> round(seconds((1000, 2000), done), 6)
    4.0
    """
    from scipy.optimize import nnls

    def work(m, n):
        short, long = sorted((m, n))
        return [short * short * long, short**3]

    times = np.array([t for *_, t in measured])
    A = np.array([work(m, n) for m, n, _ in measured]) / times[:, None]
    scale = np.abs(A).max(0)
    rates, _ = nnls(A / scale, np.ones(len(times)))
    return float(math.fsum(np.array(work(*shape)) * rates / scale))


def whole(shapes, measured):
    """Seconds for all matrices of a checkpoint.

    Parameters
    ----------
    shapes : dict of (int, int) to int
        How many there are of each, as `checkpoint` gives them.
    measured : list of (m, n, seconds)

    Examples
    --------
    >>> round(whole({(100, 400): 3, (100, 100): 1}, [(100, 100, 1.0), (100, 400, 2.0)]), 6)
    7.0
    """
    return sum(count * seconds(shape, measured) for shape, count in shapes.items())
