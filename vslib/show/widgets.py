"""Controls that live without Python: ipywidgets sliders linked to views that hold the numbers.

The views are drawn, and all but `browse` computed, by the small JavaScript files in vslib/show/js.
"""

import numpy as np

from vslib.show import views
from vslib.show.checkpoint import checkpoint
from vslib.show.computed import mix, projection, rank_k
from vslib.show.digit import digit
from vslib.show.drill import drill
from vslib.show.panels import Panel, enlarged
from vslib.show.plane import plane
from vslib.show.regions import regions

__all__ = [
    "Panel",
    "browse",
    "checkpoint",
    "digit",
    "drill",
    "enlarged",
    "mix",
    "plane",
    "projection",
    "rank_k",
    "regions",
]


def browse(panels, controls, words):
    """Sliders that choose which frame each panel shows.

    Parameters
    ----------
    panels : list of Panel
        Drawn side by side, wrapping on a narrow screen.
    controls : dict of str to sequence
        The options of each slider by its name, which it shows as `str` does; consecutive integers
        give an IntSlider, anything else a SelectionSlider.
    words : (*lengths) nested list of str
        The sentence under the panels for every choice; `lengths` are those of the controls.

    Returns
    -------
    ipywidgets.VBox

    Raises
    ------
    ValueError
        If a control has fewer than two options or two that read the same, the words or a panel do
        not fit the controls, or a value of a chart is beyond the range of float32.

    Examples
    --------
    >>> panel = Panel("digits", np.zeros((2, 4, 4)), "image")
    >>> control = browse([panel], {"digit": [3, 8]}, ["a three", "an eight"])
    >>> [type(part).__name__ for part in control.children]
    ['SelectionSlider', 'View']
    """
    sliders, lengths = views.sliders(controls)
    sentences = np.asarray(words, dtype=object)
    if sentences.shape != tuple(lengths.values()):
        raise ValueError(f"words: expected shape {(*lengths.values(),)}, got {sentences.shape}")
    spec = {
        "panels": [panel.spec(lengths) for panel in panels],
        "words": [str(sentence) for sentence in sentences.flat],
    }
    return views.box("browse", spec, [*sliders.values()])
