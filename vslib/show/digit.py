"""A field to draw a digit in, and two or more networks that answer it in the browser."""

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


def digit(networks, images):
    """A digit of the reader's own: what networks keep of it, what they reject, what they answer.

    The reader draws, or takes a stored digit and moves it. The page scales a drawing to a box of
    20 x 20 pixels and brings its centre of mass to the middle, as MNIST's are [1]_. All else is
    computed there in float64, from weights rounded to multiples of `UNIT`: x is split into signal
    and rejected part by the first layer of each network, the networks answer x + t r, and r is
    what the first of them rejects of another stored digit.

    Parameters
    ----------
    networks : dict of str to torch.nn.Sequential
        By name: a Flatten, then Linear layers, each with or without a SELU after it. All have as
        many outputs.
    images : (N, 28, 28) array
        The stored digits 0, 1, ... N - 1, with values in [0, 1].

    Returns
    -------
    ipywidgets.VBox

    Raises
    ------
    ValueError
        If a network is another one, the rows of its first matrix are dependent or nearly so, a
        weight is 64 or more, or the images do not fit.

    References
    ----------
    .. [1] Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-based learning applied to
       document recognition", Proceedings of the IEEE 86 (11), 1998, section III.A.

    Examples
    --------
    >>> from torch import nn
    >>> one = nn.Sequential(nn.Flatten(), nn.Linear(784, 10), nn.SELU())
    >>> control = digit({"one": one}, np.eye(28) * np.ones((2, 1, 1)))
    >>> [slider.description for slider in control.children[:-1]]
    ['stored digit', 'other digit', 't, rejected added']
    """
    images = real_array(images, "images", axes=3)
    if images.shape[1:] != (SIDE, SIDE):
        raise ValueError(f"images: expected shape (N, {SIDE}, {SIDE}), got {images.shape}")
    if not np.rint(255 * images).any(axis=(1, 2)).all():
        raise ValueError("images: expected ink in each, got a black one")
    read = {name: _layers(network, name) for name, network in networks.items()}
    counts = {name: len(layers[-1][1]) for name, layers in read.items()}
    if len({*counts.values()}) != 1:
        raise ValueError(f"networks: expected one or more, of as many outputs, got {counts}")
    spec = {
        "images": grey(images, 1, "images"),
        "networks": [
            {
                "name": name,
                "layers": [{"shape": list(W.shape), "selu": selu} for W, _, selu in layers],
            }
            for name, layers in read.items()
        ],
        "weights": _packed(
            [part for layers in read.values() for W, b, _ in layers for part in (W.ravel(), b)]
        ),
    }
    options = range(len(images))
    sliders = [views.choices(f"{which} digit", options) for which in ("stored", "other")]
    return views.box("digit", spec, [*sliders, views.knob("t, rejected added", 0, -2, 2, 0.1)])


def _layers(network, name):
    """[(W, b, whether SELU follows)] of a network that is nothing else."""
    from torch import nn

    kinds = [type(part) for part in network] if type(network) is nn.Sequential else [type(network)]
    found, expected = [], "expected a Sequential of Flatten, and Linear with SELU or without"
    if kinds[:2] != [nn.Flatten, nn.Linear] or not {*kinds[1:]} <= {nn.Linear, nn.SELU}:
        raise ValueError(f"{name}: {expected}, got {[kind.__name__ for kind in kinds]}")
    for before, part in zip(kinds, [*network][1:], strict=False):
        if type(part) is nn.SELU:
            if before is nn.SELU:
                raise ValueError(f"{name}: {expected}, got two SELUs in a row")
            found[-1] = (*found[-1][:2], True)
            continue
        length = found[-1][0].shape[0] if found else SIDE**2
        W = real_array(part.weight, f"{name}, weights", axes=2, length=length)
        b = np.zeros(len(W)) if part.bias is None else real_array(part.bias, f"{name}, biases")
        found.append((W, b, False))
    S = Subspaces(network[1].weight)
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
