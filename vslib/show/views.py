"""Sliders and the view that follows them in the browser."""

import re
from collections.abc import Mapping
from importlib import resources

import anywidget
import ipywidgets
import traitlets

from vslib import files

__all__ = ["View", "box", "choices", "knob", "sliders"]

# Beyond this the browser, which counts in float64, takes neighbours for one.
LARGEST = 2**53


FOLDER = resources.files("vslib.show") / "js"
# Comments are for those who read the files; each control on a page carries its own copy.
COMMENT = re.compile(r"^ *//[^\n]*\n|/\*.*?\*/\n", flags=re.M | re.S)


def _source(file):
    """What a view is made of, wherever vslib is imported from, a zip file too."""
    return COMMENT.sub("", files.read(FOLDER / file, decode=bytes.decode))


class View(anywidget.AnyWidget):
    """Draws `spec` as the JavaScript file `name` says, where its sliders stand.

    It holds the sliders itself, so that whoever shows it finds them with it. A link beside them
    (`ipywidgets.jslink`) is no part of it: Colab leaves that out of a notebook opened again.
    `entries` are numbers that the reader changes in the view itself.

    Examples
    --------
    >>> slider = choices("digit", [3, 4])
    >>> controls = [{"name": "digit", "key": "value", "first": 3, "options": ["3", "4"]}]
    >>> view = View("browse", {"panels": [], "controls": controls, "words": ["", ""]}, [slider])
    >>> view.sliders[0].value
    3
    """

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    spec = traitlets.Dict().tag(sync=True)
    sliders = traitlets.List().tag(sync=True, **ipywidgets.widget_serialization)
    entries = traitlets.List().tag(sync=True)

    def __init__(self, name, spec, sliders, uses=()):
        styles = "widgets", *([name] if (FOLDER / f"{name}.css").is_file() else [])
        super().__init__(
            _esm="\n".join(_source(f"{file}.js") for file in ("common", *uses, name)),
            _css="\n".join(_source(f"{file}.css") for file in styles),
            # By default that of the class: the style of the last view would replace all others.
            _anywidget_id=f"vslib.show.{name}",
            spec=spec,
            sliders=sliders,
        )


def choices(name, options):
    """A slider over the given options, which says what is chosen as `str` does.

    Parameters
    ----------
    name : str
    options : sequence
        Consecutive integers give an IntSlider, anything else a SelectionSlider; booleans are no
        integers here, but False and True.

    Raises
    ------
    ValueError
        If the name or an option is blank, if there are fewer than two options, or two that read
        the same, as 1 and "1" do.

    Examples
    --------
    >>> type(choices("digit", range(10))).__name__, choices("trained", [False, True]).options
    ('IntSlider', ('False', 'True'))
    """
    if not isinstance(name, str) or not name.strip():
        raise ValueError(f"controls: expected names in words, got {name!r}")
    if not hasattr(options, "__iter__"):
        raise ValueError(f"control {name!r}: expected options to choose from, got {options!r}")
    options = [o.item() if getattr(o, "shape", None) == () else o for o in options]
    read = [" ".join(str(option).split()) for option in options]
    if len(read) < 2 or len({*read}) < len(read) or not all(read):
        got = f"{options}, which read as {read}"
        raise ValueError(f"control {name!r}: expected two or more different options, got {got}")
    if all(type(option) is int and abs(option) < LARGEST for option in options):
        first, last = options[0], options[-1]
        if options == list(range(first, last + 1)):
            return ipywidgets.IntSlider(first, first, last, description=name)
    return ipywidgets.SelectionSlider(options=read, description=name)


def sliders(controls):
    """A slider for each control, and the number of its options, both by name.

    Parameters
    ----------
    controls : dict of str to sequence
        As for `choices`.

    Raises
    ------
    ValueError
        If there is no control, or the options of one do not make a slider.

    Examples
    --------
    >>> made, lengths = sliders({"digit": range(10), "layer": ["one", "two"]})
    >>> lengths
    {'digit': 10, 'layer': 2}
    """
    if not isinstance(controls, Mapping) or not controls:
        raise ValueError(f"controls: expected options by name, got {controls!r}")
    made = {name: choices(name, options) for name, options in controls.items()}
    return made, {name: len(_position(slider)[2]) for name, slider in made.items()}


def knob(name, start, low, high, step):
    """A slider over the numbers from low to high.

    Examples
    --------
    >>> slider = knob("t", start=0, low=-2, high=2, step=0.1)
    >>> slider.min, slider.max
    (-2.0, 2.0)
    """
    digits = ".0f" if step >= 1 else ".1f"
    return ipywidgets.FloatSlider(
        start,
        min=low,
        max=high,
        step=step,
        description=name,
        readout_format=digits,
    )


def _position(slider):
    """The trait of a slider that its view follows, where it starts counting, and its options."""
    if isinstance(slider, ipywidgets.SelectionSlider):
        return "index", 0, list(slider.options)
    if isinstance(slider, ipywidgets.IntSlider):
        return "value", slider.min, [str(i) for i in range(slider.min, slider.max + 1)]
    return "value", 0, []


def box(name, spec, sliders, entries=(), uses=()):
    """The sliders over the view that the JavaScript file `name` draws, and that follows them.

    Parameters
    ----------
    name : str
    spec : dict
        What the JavaScript needs besides the controls: JSON and packed arrays.
    sliders : list of ipywidgets sliders
    entries : sequence of float
        Where fields in the view itself start.
    uses : sequence of str
        Names of other JavaScript files that it needs.

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
        {"name": slider.description, "key": key, "first": first, "options": options}
        for slider, (key, first, options) in zip(sliders, positions, strict=True)
    ]
    view = View(name, spec | {"controls": controls}, sliders, uses)
    view.entries = list(entries)
    width = max((len(slider.description) for slider in sliders), default=0)
    for slider in sliders:
        slider.style.description_width = f"{0.55 * width + 0.5:.1f}em"
        slider.tooltip = slider.description
    whole = ipywidgets.VBox([*sliders, view])
    whole.add_class("vslib")
    return whole
