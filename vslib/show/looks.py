"""The look of all figures: colours for light and dark pages, and for those who see few of them."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap

__all__ = ["BLUE", "CHART", "DIVERGING", "INK", "MAP", "ORANGE", "closed", "style"]

# Blue below zero, white at zero, orange above; js/common.js holds the same.
DIVERGING = ((10, 63, 125), (92, 154, 210), (250, 250, 250), (240, 160, 85), (163, 60, 4))
MAP = LinearSegmentedColormap.from_list("vslib", np.array(DIVERGING) / 255)

# Contrast of the words 4.6 on white and 4 on black, of the lines at least 3.7 on both.
INK, BLUE, ORANGE = "#70757d", "#2f7fc4", "#c96a1c"
CHART = (6, 3.5)  # inches: with 12 points the words keep 9 pixels on a phone


def style():
    """Matplotlib settings of the figures, as a context: transparent, ink for white and black.

    Examples
    --------
    >>> with style():
    ...     plt.rcParams["text.color"]
    '#70757d'
    """
    settings = {
        "figure.facecolor": "none",
        "axes.facecolor": "none",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.prop_cycle": plt.cycler(color=[BLUE, ORANGE, INK]),
        "axes.titlesize": 12,
        "font.size": 12,
        "figure.dpi": 110,
        "legend.frameon": False,
        "figure.constrained_layout.use": True,
    }
    inked = ("axes.edgecolor", "axes.labelcolor", "text.color", "xtick.color", "ytick.color")
    return plt.rc_context(settings | dict.fromkeys(inked, INK))


def closed(figure):
    """The figure, closed: a notebook would show an open one a second time.

    Examples
    --------
    >>> figure = closed(plt.figure())
    >>> plt.fignum_exists(figure.number)
    False
    """
    plt.close(figure)
    return figure
