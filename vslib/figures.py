"""Pictures for the chapters, in one style that reads on light and on dark pages."""

import contextlib
import math

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from vslib.arrays import real_array

__all__ = ["DIVERGING", "curve", "distribution", "images", "spectrum", "split", "style"]

# Blue below zero, white at zero, orange above; js/common.js holds the same.
DIVERGING = ((10, 63, 125), (92, 154, 210), (250, 250, 250), (240, 160, 85), (163, 60, 4))
MAP = LinearSegmentedColormap.from_list("vslib", np.array(DIVERGING) / 255)

INK = "#80858d"
BLUE = "#4a90d0"
ORANGE = "#dd7a2c"
TILE = 1.5


@contextlib.contextmanager
def style():
    """Matplotlib settings of the figures, as a context: transparent, ink for white and black."""
    settings = {
        "figure.facecolor": "none",
        "savefig.transparent": True,
        "axes.facecolor": "none",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 12,
        "axes.prop_cycle": plt.cycler(color=[BLUE, ORANGE, INK]),
        "font.size": 12,
        "legend.frameon": False,
        "figure.constrained_layout.use": True,
    }
    inked = ("axes.edgecolor", "axes.labelcolor", "text.color", "xtick.color", "ytick.color")
    with plt.rc_context(settings | dict.fromkeys(inked, INK)):
        yield


def images(arrays, titles=None, columns=5, kind="image", scale="row", caption_scale=True):
    """A grid of pictures.

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
        For "signed": the value of the strongest colour is the largest magnitude of each row, of
        all pictures, or this number.
    caption_scale : bool
        For "signed": whether a colour bar with the numbers stands beside each row.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If `arrays` has not three axes, the titles are not N, or `kind` or `scale` is unknown.
    """
    arrays = real_array(arrays, "arrays", axes=3)
    if titles is not None and len(titles) != len(arrays):
        raise ValueError(f"titles: expected {len(arrays)}, got {len(titles)}")
    if kind not in ("image", "signed"):
        raise ValueError(f"kind: expected 'image' or 'signed', got {kind!r}")
    if isinstance(scale, str) and scale not in ("row", "all"):
        raise ValueError(f"scale: expected 'row', 'all' or a number, got {scale!r}")
    rows = math.ceil(len(arrays) / columns)
    height = TILE * arrays.shape[1] / arrays.shape[2] + (0.3 if titles is not None else 0.05)
    with style():
        figure, grid = plt.subplots(
            rows, columns, figsize=(TILE * columns + 0.6, height * rows), squeeze=False
        )
        for row, axes in enumerate(grid):
            shown = arrays[row * columns : (row + 1) * columns]
            limit = _limit(shown if scale == "row" else arrays, scale)
            for column, axis in enumerate(axes):
                axis.set_axis_off()
                if column < len(shown):
                    picture = _picture(axis, shown[column], kind, limit)
                    if titles is not None:
                        axis.set_title(titles[row * columns + column])
            if kind == "signed" and caption_scale:
                _scale_bar(figure, picture, list(axes), limit)
    return _closed(figure)


def _limit(arrays, scale):
    return (float(np.abs(arrays).max()) if isinstance(scale, str) else float(scale)) or 1.0


def _picture(axis, values, kind, limit):
    axis.set_axis_off()
    if kind == "image":
        return axis.imshow(values, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    return axis.imshow(values, cmap=MAP, vmin=-limit, vmax=limit, interpolation="nearest")


def _scale_bar(figure, picture, axes, limit):
    bar = figure.colorbar(picture, ax=axes, shrink=0.8, aspect=12, pad=0.02)
    bar.set_ticks([-limit, 0, limit], labels=[f"−{limit:.2g}", "0", f"{limit:.2g}"])
    bar.outline.set_visible(False)


def _closed(figure):
    # A notebook would show an open figure a second time.
    plt.close(figure)
    return figure


def spectrum(singular_values, chance=None, edges=None, names=None, log=False):
    """Singular values against their number, beside what chance would show.

    Parameters
    ----------
    singular_values : (r,) array, or a sequence of such
        One or several spectra.
    chance : (draws, r) array, optional
        Spectra of random matrices, drawn as thin lines.
    edges : (float, float), optional
        The Marchenko-Pastur edges, drawn as a band.
    names : sequence of str, optional
        One for each spectrum, for the legend.
    log : bool
        Whether the vertical axis is logarithmic.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If a spectrum is not a vector, or the names are not as many as the spectra.
    """
    several = np.ndim(singular_values[0]) == 1
    spectra = [
        real_array(s, "singular_values", axes=1)
        for s in (singular_values if several else [singular_values])
    ]
    names = [None] * len(spectra) if names is None else names
    if len(names) != len(spectra):
        raise ValueError(f"names: expected {len(spectra)}, got {len(names)}")
    with style():
        figure, axis = plt.subplots(figsize=(6.4, 3.6))
        if edges is not None:
            axis.axhspan(*edges, color=INK, alpha=0.2, lw=0, label="Marchenko–Pastur edges")
        if chance is not None:
            draws = real_array(chance, "chance", axes=2)
            lines = axis.plot(np.arange(1, draws.shape[1] + 1), draws.T, color=INK, lw=0.6)
            lines[0].set_label("chance, seeded draws")
        for name, s in zip(names, spectra, strict=True):
            few = len(s) <= 40
            axis.plot(np.arange(1, len(s) + 1), s, "o-" if few else "-", label=name)
        if log:
            axis.set_yscale("log")
        else:
            axis.set_ylim(bottom=0)
        axis.set(xlabel="number i", ylabel="singular value $\\sigma_i$")
        if axis.get_legend_handles_labels()[1]:
            axis.legend()
    return _closed(figure)


def split(x, signal, rejected, shape):
    """x = signal + rejected as three pictures, with the shares of the energy.

    Parameters
    ----------
    x : (n,) array
        Drawn grey, values in [0, 1].
    signal, rejected : (n,) arrays
        Drawn signed, on one scale.
    shape : (int, int)
        h and w with h w = n.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If the lengths differ or are not h w.
    """
    n = math.prod(shape)
    x, signal, rejected = (
        real_array(values, name, axes=1, length=n).reshape(shape)
        for name, values in (("x", x), ("signal", signal), ("rejected", rejected))
    )
    energy = (x**2).sum() or 1.0
    limit = _limit(np.stack([signal, rejected]), "all")
    with style():
        figure, axes = plt.subplots(
            1, 5, figsize=(7.5, 2.4), width_ratios=(6, 1, 6, 1, 6), layout="constrained"
        )
        for axis, sign in zip(axes[1::2], "=+", strict=True):
            axis.set_axis_off()
            axis.text(0.5, 0.5, sign, ha="center", va="center", fontsize=20)
        _picture(axes[0], x, "image", limit)
        axes[0].set_title("x")
        for axis, values, name in ((axes[2], signal, "signal"), (axes[4], rejected, "rejected")):
            picture = _picture(axis, values, "signed", limit)
            axis.set_title(f"{name}: {(values**2).sum() / energy:.0%} of the energy")
        _scale_bar(figure, picture, list(axes), limit)
    return _closed(figure)


def curve(x, y, xlabel, ylabel, mark=None):
    """A line chart with named axes.

    Parameters
    ----------
    x, y : (n,) arrays
    xlabel, ylabel : str
    mark : float, optional
        The x of a point to be marked, one of `x`.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If x and y differ in length, or `mark` is not one of x.
    """
    x = real_array(x, "x", axes=1)
    y = real_array(y, "y", axes=1, length=len(x))
    if mark is not None and mark not in x:
        raise ValueError(f"mark: expected one of x, from {x.min()} to {x.max()}, got {mark}")
    with style():
        figure, axis = plt.subplots(figsize=(6.4, 3.6))
        axis.plot(x, y, "o-", markersize=4)
        if mark is not None:
            axis.plot(mark, y[x == mark][0], "o", color=ORANGE, markersize=10)
        axis.set(xlabel=xlabel, ylabel=ylabel)
    return _closed(figure)


def distribution(draws, marks, xlabel):
    """What chance shows, as a histogram, and where given values lie in it.

    Parameters
    ----------
    draws : (N,) array
    marks : dict of str to float
        Vertical lines by their names.
    xlabel : str

    Returns
    -------
    matplotlib.figure.Figure
    """
    draws = real_array(draws, "draws", axes=1)
    with style():
        figure, axis = plt.subplots(figsize=(6.4, 3.6))
        axis.hist(draws, bins=40, color=INK, alpha=0.5)
        for color, dash, (name, value) in zip(
            (ORANGE, BLUE, INK), ("-", "--", ":"), marks.items(), strict=False
        ):
            axis.axvline(value, color=color, ls=dash, label=f"{name}: {value:.4g}")
        axis.set(xlabel=xlabel, ylabel=f"draws, of {len(draws):,}")
        axis.legend()
    return _closed(figure)
