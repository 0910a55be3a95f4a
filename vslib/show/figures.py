"""Pictures for the chapters, in one style that reads on light and on dark pages."""

import math
from numbers import Real

import matplotlib.pyplot as plt
import numpy as np

from vslib.arrays import real_array
from vslib.show.charts import curve, distribution, ranges, spectrum
from vslib.show.looks import CHART, DIVERGING, MAP, closed, style

__all__ = [
    "DIVERGING",
    "curve",
    "distribution",
    "images",
    "ranges",
    "spectrum",
    "split",
    "style",
]


def images(arrays, titles=None, columns=5, kind="image", scale="row"):
    """A grid of pictures; beside each row of signed ones a colour bar with its numbers.

    Parameters
    ----------
    arrays : (N, h, w) array
    titles : sequence of N str, optional
        Over the pictures.
    columns : int
        Pictures in a row.
    kind : {"image", "signed"}
        Grey from 0 (black) to 1 (white), or a diverging map with white at zero.
    scale : {"row", "all"} or float
        For "signed": the strongest colour is the largest magnitude of the row, of all, or this.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If `arrays` has not three axes, the titles are not N, `columns` is not 1 or more, `kind` is
        unknown, or `scale` neither of the words nor a positive number.

    Examples
    --------
    >>> figure = images(np.zeros((2, 3, 3)), titles=["one", "two"])
    >>> [axis.get_title() for axis in figure.axes]
    ['one', 'two']
    >>> len(images(np.zeros((2, 3, 3)), kind="signed").axes)  # and a scale
    3
    """
    arrays = real_array(arrays, "arrays", axes=3)
    if titles is not None and len(titles) != len(arrays):
        raise ValueError(f"titles: expected {len(arrays)}, got {len(titles)}")
    if kind not in ("image", "signed"):
        raise ValueError(f"kind: expected 'image' or 'signed', got {kind!r}")
    number = isinstance(scale, Real) and not isinstance(scale, bool) and 0 < scale < math.inf
    if not number and scale not in ("row", "all"):
        raise ValueError(f"scale: expected 'row', 'all' or a positive number, got {scale!r}")
    if columns < 1:
        raise ValueError(f"columns: expected 1 or more, got {columns!r}")
    columns = min(columns, len(arrays))
    rows = math.ceil(len(arrays) / columns)
    wide = min(2, (CHART[0] - 0.6) / columns)
    high = wide * arrays.shape[1] / arrays.shape[2] + (0 if titles is None else 0.25)
    with style():
        size = (wide * columns + 0.6 * (kind == "signed"), high * rows)
        figure, grid = plt.subplots(rows, columns, figsize=size, squeeze=False)
        for axis in grid.flat:
            axis.set_axis_off()
        for row, axes in enumerate(grid):
            shown = arrays[row * columns : (row + 1) * columns]
            limit = scale if number else _limit(shown if scale == "row" else arrays)
            for axis, values in zip(axes, shown, strict=False):
                picture = _picture(axis, values, kind, limit)
            if kind == "signed":
                _scale_bar(figure, picture, list(axes), limit)
        for axis, title in zip(grid.flat, () if titles is None else titles, strict=False):
            axis.set_title(title)
    return closed(figure)


def _limit(arrays):
    return float(np.abs(arrays).max()) or 1.0


def _picture(axis, values, kind, limit):
    if kind == "image":
        return axis.imshow(values, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    if not 1e-30 < limit < 1e30:  # where Matplotlib's own arithmetic would lose them
        values, limit = np.clip(values / limit, -1, 1), 1
    return axis.imshow(values, cmap=MAP, vmin=-limit, vmax=limit, interpolation="nearest")


def _scale_bar(figure, picture, axes, limit):
    bar = figure.colorbar(picture, ax=axes, shrink=0.8, aspect=12, pad=0.02)
    bar.set_ticks([-limit, 0, limit], labels=[f"−{limit:.2g}", "0", f"{limit:.2g}"])
    bar.outline.set_visible(False)


def split(x, signal, rejected, shape):
    """x = signal + rejected as three pictures, with their shares of the energy of x.

    Parameters
    ----------
    x : (n,) array
        Drawn grey, from 0 to 1.
    signal, rejected : (n,) arrays
        Drawn signed, on one scale.
    shape : (int, int)
        h and w, with h w = n.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If the lengths differ or are not h w, or h or w is not 1 or more.

    Examples
    --------
    >>> figure = split([0.6, 0.8], [0.6, 0], [0, 0.8], (1, 2))
    >>> [axis.get_title() for axis in figure.axes if axis.get_title()]
    ['x', 'signal, 36%', 'rejected, 64%']
    """
    if len(shape) != 2 or min(shape) < 1:
        raise ValueError(f"shape: expected h and w of 1 or more, got {tuple(shape)}")
    x, signal, rejected = (
        real_array(values, name, axes=1, length=math.prod(shape)).reshape(shape)
        for name, values in (("x", x), ("signal", signal), ("rejected", rejected))
    )
    top = _limit(x)  # squares of very small numbers are zero
    energy = ((x / top) ** 2).sum() or 1.0
    limit = _limit(np.stack([signal, rejected]))
    with style():
        figure, axes = plt.subplots(1, 5, figsize=(6, 1.8), width_ratios=(6, 1, 6, 1, 6))
        for axis in axes:
            axis.set_axis_off()
        for axis, sign in zip(axes[1::2], "=+", strict=True):
            axis.text(0.5, 0.5, sign, ha="center", va="center", fontsize=20)
        _picture(axes[0], x, "image", limit)
        axes[0].set_title("x")
        parts = {"signal": signal, "rejected": rejected}
        for axis, (name, values) in zip(axes[2::2], parts.items(), strict=True):
            picture = _picture(axis, values, "signed", limit)
            axis.set_title(f"{name}, {((values / top) ** 2).sum() / energy:.0%}")
        _scale_bar(figure, picture, list(axes), limit)
    return closed(figure)
