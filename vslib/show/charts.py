"""Charts for the chapters: spectra, curves, what chance shows, and how far values reach."""

import itertools

import matplotlib.pyplot as plt
import numpy as np

from vslib.arrays import real_array
from vslib.show.looks import BLUE, CHART, INK, ORANGE, closed, style

__all__ = ["curve", "distribution", "ranges", "spectrum"]


def spectrum(singular_values, chance=None, edges=None, names=None):
    """Singular values against their number, beside what chance would show.

    Parameters
    ----------
    singular_values : (r,) array, or a sequence of several
    chance : (draws, r) array, optional
        Spectra of random matrices, drawn as thin lines.
    edges : (float, float), optional
        The Marchenko-Pastur edges, drawn as a band.
    names : sequence of str, optional
        One for each spectrum.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If a spectrum is not a vector of numbers of 0 or more, the edges are not two numbers, or
        the names are not as many as the spectra.

    Examples
    --------
    >>> (axis,) = spectrum([3, 2, 1]).axes
    >>> axis.lines[0].get_ydata().tolist()
    [3.0, 2.0, 1.0]
    """
    one = not len(singular_values) or np.ndim(singular_values[0]) == 0
    several = [singular_values] if one else singular_values
    spectra = [real_array(s, "singular_values", axes=1) for s in several]
    least = min(s.min() for s in spectra)
    if least < 0:
        raise ValueError(f"singular_values: expected numbers of 0 or more, got {least:g}")
    if edges is not None:
        edges = real_array(edges, "edges", axes=1, length=2)
    if chance is not None:
        chance = real_array(chance, "chance", axes=2)
    names = [None] * len(spectra) if names is None else names
    if len(names) != len(spectra):
        raise ValueError(f"names: expected {len(spectra)}, got {len(names)}")
    with style():
        figure, axis = plt.subplots(figsize=CHART)
        if edges is not None:
            axis.axhspan(*edges, color=INK, alpha=0.2, lw=0, label="Marchenko–Pastur edges")
        if chance is not None:
            lines = axis.plot(np.arange(1, chance.shape[1] + 1), chance.T, color=INK, lw=0.6)
            lines[0].set_label("chance, seeded draws")
        for name, s in zip(names, spectra, strict=True):
            axis.plot(np.arange(1, len(s) + 1), s, "o-" if len(s) <= 40 else "-", label=name)
        axis.set(xlabel="number i", ylabel="singular value $\\sigma_i$", ylim=(0, None))
        if axis.get_legend_handles_labels()[1]:
            axis.legend()
    return closed(figure)


def curve(x, y, xlabel, ylabel):
    """A line chart with named axes.

    Parameters
    ----------
    x, y : (n,) arrays
    xlabel, ylabel : str

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If x and y differ in length.

    Examples
    --------
    >>> (axis,) = curve([1, 2, 3], [0.2, 0.5, 0.9], "rank k", "accuracy").axes
    >>> axis.get_xlabel(), axis.get_ylabel()
    ('rank k', 'accuracy')
    """
    x = real_array(x, "x", axes=1)
    y = real_array(y, "y", axes=1, length=len(x))
    with style():
        figure, axis = plt.subplots(figsize=CHART)
        axis.plot(x, y, "o-", markersize=4)
        axis.set(xlabel=xlabel, ylabel=ylabel)
    return closed(figure)


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

    Raises
    ------
    ValueError
        If a draw or a mark is not finite.

    Examples
    --------
    >>> (axis,) = distribution([1.0, 1.1, 1.3], {"fc1": 7.363}, "condition number").axes
    >>> [text.get_text() for text in axis.get_legend().get_texts()]
    ['fc1: 7.363']
    """
    draws = real_array(draws, "draws", axes=1)
    marks = {str(name): _number(value, f"mark {name!r}") for name, value in marks.items()}
    with style():
        figure, axis = plt.subplots(figsize=CHART)
        axis.hist(draws, bins=40, color=INK, alpha=0.5)
        looks = itertools.cycle([(ORANGE, "-"), (BLUE, "--"), (INK, ":"), (ORANGE, "-.")])
        for (name, value), (color, dash) in zip(marks.items(), looks, strict=False):
            axis.axvline(value, color=color, ls=dash, label=f"{name}: {value:.4g}")
        axis.set(xlabel=xlabel, ylabel=f"draws, of {len(draws):,}")
        axis.legend()
    return closed(figure)


def _number(value, name):
    return float(real_array([value], name, axes=1)[0])


def ranges(values, ends, xlabel):
    """How far the values of each layer reach, beside the ends of a range.

    Parameters
    ----------
    values : dict of str to array
        By name, drawn from top to bottom as boxes: the middle half of the values with their
        median, and whiskers to the lowest and the highest.
    ends : (float, float)
        Of the range, drawn as a band; infinite for none.
    xlabel : str

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If there are no values, one of them is not finite, or the ends are not in order.

    Examples
    --------
    >>> (axis,) = ranges({"tanh": [-0.9, 0, 2]}, (-1, 1), "value").axes
    >>> [label.get_text() for label in axis.get_yticklabels()]
    ['tanh']
    """
    flat = [real_array(some, str(name)).ravel() for name, some in values.items()]
    if not flat:
        raise ValueError("values: expected arrays by name, got none")
    low, high = ends
    if not low < high:
        raise ValueError(f"ends: expected a lower and a higher one, got {low} and {high}")
    with style():
        figure, axis = plt.subplots(figsize=CHART)
        looks = {key: {"color": INK} for key in ("boxprops", "whiskerprops", "capprops")}
        median = {"color": ORANGE, "linewidth": 2}
        places = -np.arange(len(flat))
        axis.boxplot(
            flat,
            positions=places,
            orientation="horizontal",
            whis=(0, 100),
            medianprops=median,
            **looks,
        )
        axis.set_yticks(places, [str(name) for name in values])
        left, right = axis.get_xlim()
        # Where the range begins beyond the values there is nothing to colour.
        band = np.clip(ends, left, right)
        axis.axvspan(*band, color=BLUE, alpha=0.2, lw=0, label="range of the activation")
        axis.set(xlabel=xlabel, xlim=(left, right))
        axis.legend(loc="lower right", bbox_to_anchor=(1, 1))
    return closed(figure)
