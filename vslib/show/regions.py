"""The map of a small ReLU network on the plane through three images, for the reader to change."""

import numpy as np

from vslib.arrays import real_array
from vslib.preimage import plane_regions
from vslib.show import views
from vslib.show.packing import double, grey, leading

__all__ = ["regions"]

# As many answers have a colour of their own.
COLOURS = 10


def regions(network, images, names, labels=None, start=(0, 1, 2)):
    """The linear regions of a small ReLU network on a plane, drawn as its three images are changed.

    Every region is a polygon in the colour of the answer. A probe follows the pointer, a touch or
    the arrow keys; beside the map stand the image where it is, the units that are active there,
    and the outputs. The page computes with float64, as `vslib.preimage.plane_regions` does.

    Parameters
    ----------
    network : sequence of (W, b)
        With a ReLU between every two, and at most 10 outputs.
    images : (N, h, w) array
        What the corners can be: values in [0, 1], taken as the nearest multiples of 1/255.
    names : sequence of N
        What the sliders call them.
    labels : sequence of str, optional
        Names of the outputs; by default they are numbered from 0.
    start : three of the integers 0 to N - 1
        The corners at first.

    Returns
    -------
    ipywidgets.VBox

    Raises
    ------
    ValueError
        If the shapes do not fit, an image is not in [0, 1], there are more outputs than colours,
        or the three images lie on a line.

    Examples
    --------
    >>> layers = [(np.eye(2), np.zeros(2)), (np.eye(2), np.zeros(2))]
    >>> control = regions(layers, [[[1, 0]], [[0, 1]], [[1, 1]]], "pqr")
    >>> [slider.description for slider in control.children[:-1]]
    ['corner A', 'corner B', 'corner C']
    """
    names = [str(name) for name in names]
    sliders = [views.choices(f"corner {corner}", names) for corner in "ABC"]
    images = leading(images, "images", [len(names)], 2)
    packed = grey(images, 1, "images")
    flat = np.rint(255 * images).reshape(len(images), -1) / 255
    start = [int(place) for place in start]
    if len(start) != 3 or not all(0 <= place < len(images) for place in start):
        raise ValueError(f"start: expected three of 0 to {len(images) - 1}, got {start}")
    plane_regions(network, flat[start])
    (W, b), *rest = [(real_array(W, "W", axes=2), real_array(b, "b", axes=1)) for W, b in network]
    outputs = len(rest[-1][1])
    labels = range(outputs) if labels is None else labels
    if len(labels) != outputs or outputs > COLOURS:
        got = f"{outputs} outputs and {len(labels)} labels"
        raise ValueError(f"labels: expected one for each of up to {COLOURS} outputs, got {got}")
    for slider, place in zip(sliders, start, strict=True):
        slider.index = place
    spec = {
        "images": packed,
        "firsts": double(flat @ W.T + b, 1),
        "size": (np.abs(W) @ flat.max(0) + np.abs(b)).tolist(),
        "layers": [{"W": double(W, 0), "b": double(b, 0)} for W, b in rest],
        "labels": [str(label) for label in labels],
    }
    return views.box("regions", spec, sliders, uses=["cells"])
