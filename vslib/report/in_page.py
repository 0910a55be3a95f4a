"""The table of a file of weights, computed in the reader's browser."""

from vslib.layers import GATES
from vslib.report.bands import LEVEL, tracy_widom
from vslib.show import widgets

__all__ = ["in_page"]


def in_page(example, named):
    """A control that takes a .safetensors file of the reader's own, on a page without Python.

    It shows the columns of `report` that come from weights, for each matrix with up to 2048 rows
    or columns, whichever are fewer. Nothing of the file leaves the machine.

    Parameters
    ----------
    example : dict of str to array
        What it shows to a reader without a file: float64, float32 or float16.
    named : str
        What that is called.

    Returns
    -------
    ipywidgets.VBox

    Raises
    ------
    ValueError
        If an array of the example has other numbers.

    Examples
    --------
    >>> import numpy as np
    >>> control = in_page({"fc.weight": np.eye(2)}, "two by two")
    >>> control.children[0].spec["largest"]
    2048
    """
    law = float(tracy_widom().ppf(1 - LEVEL))
    return widgets.checkpoint(example, named, GATES.values(), LEVEL, law)
