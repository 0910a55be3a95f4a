"""Controls that are alive without Python: ipywidgets sliders linked to views that hold the numbers.

The views are drawn, and some of them computed, by the small JavaScript files in vslib/js.
"""

import itertools
import math
import zlib
from dataclasses import dataclass
from pathlib import Path

import anywidget
import ipywidgets
import numpy as np
import traitlets

from vslib.subspaces import Subspaces

__all__ = ["Panel", "browse", "mix", "plane", "projection", "rank_k"]

SOURCES = Path(__file__).parent / "js"


class View(anywidget.AnyWidget):
    """Draws `spec` at the position of its controls, which are the traits control_0, control_1, ..."""

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode((SOURCES / "widgets.css").read_text()).tag(sync=True)
    spec = traitlets.Dict().tag(sync=True)

    def __init__(self, name, spec):
        sources = [(SOURCES / f"{file}.js").read_text() for file in ("common", name)]
        super().__init__(_esm="\n".join(sources), spec=spec)


def _slider(name, options):
    """A control over at least two options: an IntSlider if they are consecutive integers."""
    options = list(options)
    if len(options) < 2:
        raise ValueError(f"control {name!r}: expected two or more options, got {options!r}")
    whole = all(isinstance(option, int | np.integer) for option in options)
    if whole and options == list(range(options[0], options[0] + len(options))):
        first, last = int(options[0]), int(options[-1])
        return ipywidgets.IntSlider(first, first, last, description=name), first, options
    words = [str(option) for option in options]
    if len(set(words)) < len(words):
        raise ValueError(f"control {name!r}: expected different options, got {words}")
    return ipywidgets.SelectionSlider(options=words, description=name), 0, words


def _box(view, spec, sliders, firsts, options):
    """The sliders over the view named, each linked to its trait."""
    width = f"{max(len(slider.description) for slider in sliders) * 0.6 + 1:.0f}em"
    spec["controls"] = [
        {"name": slider.description, "first": first, "options": [str(o) for o in own]}
        for slider, first, own in zip(sliders, firsts, options, strict=True)
    ]
    drawn = View(view, spec)
    for number, slider in enumerate(sliders):
        slider.style.description_width = width
        source = "index" if isinstance(slider, ipywidgets.SelectionSlider) else "value"
        start = getattr(slider, source)
        drawn.add_traits(**{f"control_{number}": traitlets.Any(start).tag(sync=True)})
        ipywidgets.jslink((slider, source), (drawn, f"control_{number}"))
    box = ipywidgets.VBox([*sliders, drawn])
    box.add_class("vslib")
    return box
