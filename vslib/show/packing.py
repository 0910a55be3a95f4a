"""How the numbers of a view travel in a page: checked, packed, and nothing lost unsaid."""

import math
import zlib
from numbers import Real

import numpy as np

from vslib.arrays import real_array

__all__ = ["double", "exact", "grey", "leading", "signed", "single"]

# Numbers that are all smaller than this travel in units of their own.
TINY = 2.0**-100


def leading(values, name, lengths, axes):
    """`values` as a float64 array of shape (*lengths, ...) with so many `axes` after those.

    Parameters
    ----------
    values : (*lengths, ...) array-like
    name : str
        What the message calls it.
    lengths : tuple of int
    axes : int

    Raises
    ------
    ValueError
        If the shape is another one, or an entry is not a finite real number.

    Examples
    --------
    >>> leading([[1, 2], [3, 4]], "frames", [2], 1).shape
    (2, 2)
    """
    values = real_array(values, name)
    lengths = tuple(lengths)
    if values.ndim != len(lengths) + axes or values.shape[: len(lengths)] != lengths:
        expected = ", ".join([*map(str, lengths), *["..."] * axes])
        raise ValueError(f"{name}: expected shape ({expected}), got {values.shape}")
    return values


def _pack(values, dtype, axes, unit=1.0):
    return {
        "bytes": zlib.compress(np.ascontiguousarray(values, dtype).tobytes(), 9),
        "type": np.dtype(dtype).name,
        "shape": list(values.shape),
        "axes": axes,
        "unit": unit,
    }


def grey(values, axes, name="values"):
    """Pack values in [0, 1] as bytes, exact to 1/510.

    Parameters
    ----------
    values : array
    axes : int
        How many leading axes choose a frame.
    name : str
        What the message calls them.

    Raises
    ------
    ValueError
        If a value is not in [0, 1].

    Examples
    --------
    >>> packed = grey(np.array([[[0.0, 1.0]]]), 1)
    >>> packed["type"], packed["shape"], zlib.decompress(packed["bytes"])
    ('uint8', [1, 1, 2], b'\\x00\\xff')
    """
    if values.min() < 0 or values.max() > 1:
        got = f"{values.min()} to {values.max()}"
        raise ValueError(f"{name}: expected grey values in [0, 1], got {got}")
    return _pack(np.rint(255 * values), np.uint8, axes, 1 / 255)


def signed(values, axes, scale=None):
    """Pack signed values as bytes, exact to 1/254 of the scale.

    Parameters
    ----------
    values : array
    axes : int
        How many leading axes choose a frame.
    scale : float or "frame", optional
        The magnitude of the strongest colour, larger ones are cut: by default the largest of
        all values; "frame" for the largest of each frame.

    Returns
    -------
    dict
        "frames", in parts of the scale; "scales", one number, or one for each frame.

    Raises
    ------
    ValueError
        If the scale is a word but "frame", or no positive number.

    Examples
    --------
    >>> packed = signed(np.array([[[-2.0, 1.0]], [[0.0, 0.1]]]), 1, "frame")
    >>> packed["scales"], packed["frames"]["type"]
    ([2.0, 0.1], 'int8')
    """
    number = isinstance(scale, Real) and not isinstance(scale, bool) and 0 < scale < math.inf
    if not (scale is None or number or (isinstance(scale, str) and scale == "frame")):
        raise ValueError(f"scale: expected a positive number or 'frame', got {scale!r}")
    frames = values.reshape(-1, *values.shape[axes:])
    largest = abs(frames).max(axis=tuple(range(1, frames.ndim)))
    if not number:
        scales = largest if scale == "frame" else largest.max(keepdims=True)
    else:
        scales = np.array([scale], np.float64)
    divisor = np.where(scales > 0, scales, 1.0).reshape(-1, *[1] * (frames.ndim - 1))
    with np.errstate(over="ignore"):  # what a given scale cuts may be far beyond it
        parts = np.clip(frames / divisor, -1, 1).reshape(values.shape)
    return {
        "frames": _pack(np.rint(127 * parts), np.int8, axes, 1 / 127),
        "scales": [float(scale) for scale in scales],
    }


def single(values, name="values"):
    """Values as float32 in parts of a unit: 1, or a power of two where all of them are tiny.

    Parameters
    ----------
    values : array
        NaN is kept.
    name : str
        What the message calls them.

    Returns
    -------
    parts : float32 array
    unit : float

    Raises
    ------
    ValueError
        If a value is beyond the range of float32, where it would be infinite.

    Examples
    --------
    >>> parts, unit = single(np.array([1e-200, 3e-200]))
    >>> np.round(parts * unit / 1e-200, 6).tolist()
    [1.0, 3.0]
    """
    top = np.nanmax(abs(values))
    unit = np.ldexp(1.0, np.frexp(top)[1]) if 0 < top < TINY else 1.0
    with np.errstate(over="ignore"):
        parts = (values / unit).astype(np.float32)
    beyond = values[np.isinf(parts)]
    if beyond.size:
        most = np.finfo(np.float32).max
        raise ValueError(f"{name}: expected magnitudes up to {most:.3g}, got {beyond[0]:.6g}")
    return parts, unit


def exact(values, axes, name="values"):
    """Pack values as float32, for what the page computes with or draws as a chart.

    Parameters
    ----------
    values : array
    axes : int
        How many leading axes choose a frame.
    name : str
        What the message calls them.

    Raises
    ------
    ValueError
        If a value is beyond the range of float32.

    Examples
    --------
    >>> packed = exact(np.array([0.5, -1e30]), 0)
    >>> np.frombuffer(zlib.decompress(packed["bytes"]), packed["type"]).tolist()[0]
    0.5
    """
    parts, unit = single(values, name)
    return _pack(parts, np.float32, axes, unit)


def double(values, axes):
    """Pack values as they are, in float64, for what the page must not round.

    Parameters
    ----------
    values : array
    axes : int
        How many leading axes choose a frame.

    Examples
    --------
    >>> packed = double(np.array([0.1]), 0)
    >>> np.frombuffer(zlib.decompress(packed["bytes"]), packed["type"]).tolist()
    [0.1]
    """
    return _pack(values, np.float64, axes)
