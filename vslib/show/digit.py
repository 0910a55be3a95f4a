"""A field to draw a digit in, and networks that answer it in the browser."""

import zlib

import numpy as np

from vslib.arrays import real_array
from vslib.show import views
from vslib.show.packing import grey
from vslib.spaces import Subspaces

__all__ = ["UNIT", "digit"]

# Weights travel as multiples of this. Float16 is finer only below 1/64, and rounds what is larger
# so much that the outputs of fc5 are off by several thousandths.
UNIT = 2.0**-17
LARGEST = 2**23  # multiples; three bytes hold them with a sign
SIDE = 28
# Gram-Schmidt in the browser loses as many digits as this has.
ILL = 1e6


def digit(networks, images, ends_in_selu=()):
    """A digit of the reader's own: what networks keep of it, what they reject, what they answer.

    The reader draws, or takes a stored digit and moves it. The page scales a drawing to a box of
    20 x 20 pixels and brings its centre of mass to the middle, as MNIST's are. All else is
    computed there in float64, from weights rounded to multiples of `UNIT`: x is split into signal
    and rejected part by the first layer of each network, the networks answer x + t r, and r is
    what the first of them rejects of another stored digit.

    Parameters
    ----------
    networks : dict of str to dict of str to LayerMatrix
        The layers of each by name, first to last, as `vslib.layers.matrices` reads them: of
        networks of linear layers with a SELU between every two, and as many outputs each.
    images : (N, 28, 28) array
        The stored digits 0, 1, ... N - 1, with values in [0, 1].
    ends_in_selu : sequence of str
        Names of the networks that have a SELU after the last layer too.

    Returns
    -------
    ipywidgets.VBox

    Raises
    ------
    ValueError
        If the layers do not follow each other, the rows of a first one are dependent or nearly so,
        a weight is 64 or more, or the images do not fit.

    References
    ----------
    LeCun, Bottou, Bengio and Haffner (1998), Gradient-based learning applied to document
    recognition, section III.A, for the size and the centre of a digit.

    Examples
    --------
    >>> from vslib import layers
    >>> one = layers.matrices({"layer1.weight": np.eye(10, 784), "layer1.bias": np.ones(10)})
    >>> control = digit({"one": one}, np.eye(28) * np.ones((2, 1, 1)))
    >>> [slider.description for slider in control.children[:-1]]
    ['stored digit', 'other digit', 't, rejected added']
    """
    images = real_array(images, "images", axes=3)
    if images.shape[1:] != (SIDE, SIDE):
        raise ValueError(f"images: expected shape (N, {SIDE}, {SIDE}), got {images.shape}")
    if not np.rint(255 * images).any(axis=(1, 2)).all():
        raise ValueError("images: expected ink in each, got a black one")
    read = {name: _read(network, name) for name, network in networks.items()}
    counts = {name: len(layers[-1][1]) for name, layers in read.items()}
    if len({*counts.values()}) != 1:
        raise ValueError(f"networks: expected one or more, of as many outputs, got {counts}")
    unknown = {*ends_in_selu} - {*networks}
    if unknown:
        raise ValueError(f"ends_in_selu: expected names of {[*networks]}, got {sorted(unknown)}")
    spec = {
        "images": grey(images, 1, "images"),
        "networks": [
            {
                "name": name,
                "shapes": [W.shape for W, _ in layers],
                "ends_in_selu": name in ends_in_selu,
            }
            for name, layers in read.items()
        ],
        "weights": _packed(
            [part for layers in read.values() for W, b in layers for part in (W.ravel(), b)]
        ),
    }
    options = range(len(images))
    sliders = [views.choices(f"{which} digit", options) for which in ("stored", "other")]
    sliders[1].value = 1  # what a digit rejects, added to itself, would be a poor beginning
    return views.box("digit", spec, [*sliders, views.knob("t, rejected added", 0, -2, 2, 0.1)])


def _read(network, name):
    """[(W, b)] of the layers of a network, each of which takes what the one before it gives."""
    found, length = [], SIDE**2
    for layer, matrix in network.items():
        W = real_array(matrix.values, f"{name}, {layer}", axes=2, length=length)
        if matrix.bias is None:
            raise ValueError(f"{name}, {layer}: expected a layer with a bias, got none")
        found.append((W, real_array(matrix.bias, f"bias of {name}, {layer}")))
        length = len(W)
    if not found:
        raise ValueError(f"{name}: expected layers, got none")
    S = Subspaces(next(iter(network.values())))
    if S.rank < S.shape[0] or S.condition_number > ILL:
        got = f"rank {S.rank}, condition number {S.condition_number:.3g}"
        raise ValueError(f"{name}: expected {S.shape[0]} independent rows first, got {got}")
    return found


def _packed(parts):
    """Numbers as multiples of `UNIT`, the lowest bytes of all first: so they compress best."""
    whole = np.rint(np.concatenate(parts) / UNIT)
    if abs(whole).max() >= LARGEST:
        most = abs(whole).max() * UNIT
        raise ValueError(f"networks: expected weights below {LARGEST * UNIT:g}, got {most:.6g}")
    whole = whole.astype(np.int64)
    signed = 2 * abs(whole) - (whole < 0)
    planes = np.stack([signed >> shift & 255 for shift in (0, 8, 16)]).astype(np.uint8)
    return {"bytes": zlib.compress(planes.tobytes(), 9), "unit": UNIT}
