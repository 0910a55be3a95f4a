"""Every control of vslib.widgets, small and of random numbers, for the tests that need them."""

import zlib

import numpy as np
import pytest

from vslib import layers
from vslib.show import widgets
from vslib.show.widgets import Panel

RNG = np.random.default_rng(0)
X = RNG.random((3, 4, 5))
R = RNG.standard_normal((3, 4, 5))
Y = RNG.standard_normal((3, 2))
Z = 1e-16 * RNG.standard_normal((3, 2))
W = RNG.standard_normal((3, 20))
PLANE = np.array([[1.0, 2.0, 0.0], [0.0, 1.0, 1.0]])
CORNERS = np.rint(255 * np.random.default_rng(1).random((6, 2, 4))) / 255
SHAPES = [(6, 8), (5, 6), (3, 5)]
RELU = [
    (rng.normal(size=shape), 0.3 * np.random.default_rng(52 + i).normal(size=shape[0]))
    for i, shape in enumerate(SHAPES)
    for rng in [np.random.default_rng(43 + i)]
]
DIGITS = {"digit": range(3)}
LAYERS = {"layer": ["one", "two"], "digit": range(3)}
SENTENCES = [[f"{layer}, {digit}" for digit in range(3)] for layer in ("one", "two")]


def browse():
    panels = [
        Panel("fixed", X[0], "image", axes=()),
        Panel("by digit", X, "image", axes=("digit",)),
        Panel("signed", np.stack([R, 0.1 * R]), "signed"),
        Panel("own", np.stack([R, 0.1 * R]), "signed", scale="frame"),
        Panel("bars", [[1, -2, 3], [4, 5, np.nan]], "bars", axes=("layer",), band=[[0, 1], [1, 2]]),
        Panel("line", [3, 1, 2], "line", axes=(), mark="digit", labels="abc"),
    ]
    return widgets.browse(panels, LAYERS, SENTENCES)


def mix():
    return widgets.mix(X, R, Y, Z, DIGITS, labels=["yes", "no"])


def layered():
    """Two layers of different shapes, the second signed."""
    twice = (R[:, :2], 2 * R[:, :2], Y @ np.ones((2, 4)), 1e-16 * np.ones((3, 4)))
    arrays = [list(pair) for pair in zip((X, R, Y, Z), twice, strict=True)]
    return widgets.mix(*arrays, LAYERS, labels=["yes", "no"], signed=[False, True])


def answering(*matrices):
    """The layers of a network with these weights and without biases."""
    names = [f"layer{number}" for number in range(1, len(matrices) + 1)]
    return layers.matrices(
        {f"{name}.weight": np.array(W) for name, W in zip(names, matrices, strict=True)}
        | {f"{name}.bias": np.zeros(len(W)) for name, W in zip(names, matrices, strict=True)}
    )


def digit():
    """Digits that are bars of three lengths; two networks that look at few pixels."""
    images = np.zeros((3, 28, 28))
    for number, image in enumerate(images):
        image[10 : 14 + number, 13:15] = 1
    rows = np.zeros((2, 28, 28))
    rows[0, 10:14, 10:20], rows[1, 14:18, 10:20] = 0.5, 0.25
    rows = rows.reshape(2, 784)
    two = answering(rows, [[1, 0], [1, -1]])
    return widgets.digit({"one": answering(rows), "two": two}, images)


def plane():
    return widgets.plane(PLANE, [1.0, 1.0, 1.0])


def projection():
    return widgets.projection(X, W, range(3), ["a", "b", "c"])


def rank_k():
    return widgets.rank_k(W, [0.2, 0.5, 0.9], (4, 5))


def regions():
    """Of a network with eight inputs and two hidden layers."""
    return widgets.regions(RELU, CORNERS, "pqrstu", ["yes", "no", "all"], start=(0, 2, 4))


ALL = [browse, digit, mix, layered, plane, projection, rank_k, regions]
each = pytest.mark.parametrize("make", ALL, ids=lambda make: make.__name__)


def spec(box):
    return box.children[-1].spec


def unpack(packed):
    """The numbers that a page reads, as Python wrote them."""
    values = np.frombuffer(zlib.decompress(packed["bytes"]), packed["type"])
    return values.reshape(packed["shape"]) * packed["unit"]
