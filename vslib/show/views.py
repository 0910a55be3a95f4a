"""Sliders and the view that they move, linked in the browser."""

from pathlib import Path

import anywidget
import ipywidgets
import numpy as np
import traitlets

__all__ = ["View", "box", "choices", "knob"]

SOURCES = Path(__file__).parent / "js"


def _source(file):
    return (SOURCES / file).read_text("utf-8")


class View(anywidget.AnyWidget):
    """Draws `spec` as the JavaScript file `name` says, at the positions of its controls.

    The positions are the synchronised traits control_0, control_1, ..., one for each start value.

    Examples
    --------
    >>> view = View("browse", {"panels": [], "controls": [], "words": ["nothing"]}, [0])
    >>> view.control_0, view.spec["words"]
    (0, ['nothing'])
    """

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    spec = traitlets.Dict().tag(sync=True)

    def __init__(self, name, spec, starts):
        positions = {f"control_{i}": traitlets.Any(start) for i, start in enumerate(starts)}
        self.add_traits(**{key: trait.tag(sync=True) for key, trait in positions.items()})
        super().__init__(
            _esm="\n".join(_source(f"{file}.js") for file in ("common", name)),
            _css=_source("widgets.css"),
            spec=spec,
        )


def choices(name, options):
    """A slider over the given options.

    Parameters
    ----------
    name : str
    options : sequence
        Consecutive integers give an IntSlider, anything else a SelectionSlider.

    Raises
    ------
    ValueError
        If there are fewer than two options, or two that read the same.

    Examples
    --------
    >>> type(choices("digit", range(10))).__name__, choices("layer", ["one", "two"]).options
    ('IntSlider', ('one', 'two'))
    """
    options = list(options)
    if len(options) < 2 or len({str(option) for option in options}) < len(options):
        raise ValueError(f"control {name!r}: expected two or more different options, got {options}")
    if all(isinstance(option, int | np.integer) for option in options):
        first, last = int(options[0]), int(options[-1])
        if options == list(range(first, last + 1)):
            return ipywidgets.IntSlider(first, first, last, description=name)
    return ipywidgets.SelectionSlider(options=[str(o) for o in options], description=name)


def knob(name, start, reach, step):
    """A slider over the numbers from -reach to reach.

    Examples
    --------
    >>> slider = knob("t", start=0, reach=2, step=0.1)
    >>> slider.min, slider.max
    (-2.0, 2.0)
    """
    digits = ".0f" if step >= 1 else ".1f"
    return ipywidgets.FloatSlider(
        start, min=-reach, max=reach, step=step, description=name, readout_format=digits
    )


def _position(slider):
    """The trait of a slider that its view follows, where it starts counting, and its options."""
    if isinstance(slider, ipywidgets.SelectionSlider):
        return "index", 0, list(slider.options)
    if isinstance(slider, ipywidgets.IntSlider):
        return "value", slider.min, [str(i) for i in range(slider.min, slider.max + 1)]
    return "value", 0, []


def box(name, spec, sliders):
    """The sliders over the view that the JavaScript file `name` draws, linked in the browser.

    Parameters
    ----------
    name : str
    spec : dict
        What the JavaScript needs besides the controls: JSON and packed arrays.
    sliders : list of ipywidgets sliders

    Returns
    -------
    ipywidgets.VBox

    Examples
    --------
    >>> spec = {"panels": [], "words": ["none", "one"]}
    >>> whole = box("browse", spec, [choices("digit", [0, 1])])
    >>> [type(part).__name__ for part in whole.children]
    ['IntSlider', 'View']
    """
    positions = [_position(slider) for slider in sliders]
    controls = [
        {"name": slider.description, "first": first, "options": options}
        for slider, (_, first, options) in zip(sliders, positions, strict=True)
    ]
    starts = [getattr(slider, key) for slider, (key, *_) in zip(sliders, positions, strict=True)]
    view = View(name, spec | {"controls": controls}, starts)
    width = max(len(slider.description) for slider in sliders)
    for number, (slider, (key, *_)) in enumerate(zip(sliders, positions, strict=True)):
        slider.style.description_width = f"{0.55 * width + 0.5:.1f}em"
        slider.tooltip = slider.description
        ipywidgets.jslink((slider, key), (view, f"control_{number}"))
    whole = ipywidgets.VBox([*sliders, view])
    whole.add_class("vslib")
    return whole
