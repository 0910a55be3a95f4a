"""A file of weights that the reader chooses, taken apart in the browser."""

import numpy as np

from vslib.show import views

__all__ = ["checkpoint"]

USES = ("spectrum", "safetensors", "matrixrow")


def checkpoint(example, named, gates, level, law, largest=2048):
    """A table of the matrices in a .safetensors file that the reader chooses or drops.

    A worker of the browser reads float64, float32, float16 and bfloat16, and computes in float64;
    nothing of the file leaves the machine. `vslib.report.in_page` fills in what the bands need.

    Parameters
    ----------
    example : dict of str to array
        Floating-point arrays by name, which a button shows to those who have no file.
    named : str
        What the example is called.
    gates : list of lists of str
        Of recurrent layers, in the order in which their rows are stacked.
    level, law : float
        Of each end of the band of chance: its level, and the quantile of the law of Tracy and
        Widom at 1 - level.
    largest : int
        Rows or columns, whichever are fewer, up to which a matrix is taken apart.

    Returns
    -------
    ipywidgets.VBox

    Raises
    ------
    ValueError
        If an example is no float64, float32 or float16.

    Examples
    --------
    >>> control = checkpoint({"fc.weight": np.eye(2)}, "two by two", [], 0.01, 2.02)
    >>> [type(part).__name__ for part in control.children]
    ['View']
    """
    from safetensors.numpy import save

    held = {name: np.ascontiguousarray(array) for name, array in example.items()}
    for name, array in held.items():
        if array.dtype.kind != "f" or array.dtype.itemsize > 8:
            raise ValueError(
                f"example: expected float64, float32 or float16, got {array.dtype} in {name!r}"
            )
    spec = {
        "example": save(held),
        "named": named,
        "gates": [list(each) for each in gates],
        "chance": {"level": level, "law": law},
        "largest": largest,
    }
    return views.box("checkpoint", spec, [], uses=USES)
