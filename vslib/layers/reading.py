"""One layer as a matrix in a stated reading, and the layers of a network by their names."""

import difflib
import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

__all__ = ["LayerMatrix", "Layers", "Part", "UnknownLayerError"]

ROWS = 20  # of a printed table
PLAIN = ("weight", "state dict")  # sources that are not worth a word beside the shape


class UnknownLayerError(ValueError, KeyError):
    """A layer that a network does not have, or that could not be read.

    Examples
    --------
    >>> issubclass(UnknownLayerError, KeyError) and issubclass(UnknownLayerError, ValueError)
    True
    """

    def __str__(self):
        return self.args[0]


class Layers(dict):
    """Layers by name; it prints as a table, and an unknown name is an error that names near ones.

    Parameters
    ----------
    layers : dict of str to LayerMatrix or ConvOperator
    skipped : dict of str to str, optional

    Attributes
    ----------
    skipped : dict of str to str
        What was not read as a matrix, by name, with the reason. It covers the parameters of the
        module of that name, or the one parameter.

    Examples
    --------
    >>> layer = LayerMatrix("layer1", "weight", np.eye(2, 3), None, ())
    >>> layers = Layers({"layer1": layer}, skipped={"norm": "LayerNorm: scales entries"})
    >>> layers
    layer   reading  shape
    layer1  weight   2 x 3
    1 skipped, each with its reason in .skipped: norm
    >>> layers["layr1"]
    Traceback (most recent call last):
    vslib.layers.reading.UnknownLayerError: layer: expected one like layer1; got 'layr1'
    """

    def __init__(self, layers=(), skipped=None):
        super().__init__(layers)
        self.skipped = dict(skipped or {})

    def __missing__(self, name):
        if name in self.skipped:
            raise UnknownLayerError(f"{name}: not read as a matrix: {self.skipped[name]}")
        asked, names = str(name), [str(known) for known in self]
        near = [known for known in names if asked and asked in known][:3]
        near += difflib.get_close_matches(asked, names, n=3, cutoff=0.4)
        near = list(dict.fromkeys(near))[:3] or _shortened(names, 5)
        raise UnknownLayerError(f"layer: expected one like {', '.join(near)}; got {name!r}")

    def __repr__(self):
        rows = [
            (name, layer.reading, " x ".join(map(str, layer.shape))) for name, layer in self.items()
        ]
        shown = [("layer", "reading", "shape"), *rows[:ROWS]]
        widths = [max(len(row[column]) for row in shown) for column in range(2)]
        lines = [f"{a:{widths[0]}}  {b:{widths[1]}}  {c}" for a, b, c in shown]
        if len(rows) > ROWS:
            lines.append(f"... and {len(rows) - ROWS} more, the last one {rows[-1][0]}")
        if self.skipped:
            names = ", ".join(_shortened(list(self.skipped), 5))
            count = len(self.skipped)
            lines.append(f"{count} skipped, each with its reason in .skipped: {names}")
        return "\n".join(lines)


def _shortened(names, most):
    if len(names) > most:
        names = [*names[: most - 2], "...", *names[-2:]]
    return [name or repr(name) for name in names]


@dataclass(frozen=True, eq=False)
class LayerMatrix:
    """One layer as a matrix, with the reading that made it one; an array wherever one is taken.

    Two are equal where their names, readings, numbers and precisions are.

    Attributes
    ----------
    name : str
    reading : {"weight", "kernels", "filters", "bilinear", "table"}
    values : (m, n) float64 array
    bias : (m,) float64 array or None
        None where the layer has none, and in the reading "kernels", to which it does not belong.
    kernel_shape : tuple of int
        () for a linear layer, else the shape of one kernel.
    precision : float
        Eps of the floats that the network keeps: what the rank of this matrix is judged by
        (`vslib.arrays.precision`).
    source : str
        Where the numbers come from. "weight": the layer's own, and the layer was seen to apply
        it. "unit vectors": what the layer gives for them, where that is something else than its
        weight. "state dict": a stored array, with a word after a semicolon where its shape leaves
        open what it is. Otherwise words that say so.

    Examples
    --------
    >>> layer = LayerMatrix("fc", "weight", np.eye(2, 3), None, ())
    >>> print(layer)
    fc, weight, 2 x 3
    >>> np.linalg.matrix_rank(layer)
    np.int64(2)
    """

    name: str
    reading: str
    values: np.ndarray
    bias: np.ndarray | None
    kernel_shape: tuple
    precision: float = float(np.finfo(np.float64).eps)
    source: str = "weight"

    @property
    def shape(self):
        """m and n."""
        return self.values.shape

    def __str__(self):
        m, n = self.shape
        source = "" if self.source.partition(";")[0] in PLAIN else f", from {self.source}"
        return f"{self.name}, {self.reading}, {m} x {n}{source}"

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype=dtype, copy=copy)

    def _numbers(self):
        return self.name, self.reading, self.kernel_shape, self.precision, self.bias is None

    def __eq__(self, other):
        if not isinstance(other, LayerMatrix):
            return NotImplemented
        return (
            self._numbers() == other._numbers()
            and np.array_equal(self.values, other.values)
            and (self.bias is None or np.array_equal(self.bias, other.bias))
        )

    def __hash__(self):
        return hash((*self._numbers(), np.shape(self.values)))


class Part(NamedTuple):
    """A layer before it is read as a matrix.

    Attributes
    ----------
    name : str
    weight : (C_out, C_in, ...) float64 array
        The axes after the first two are those of a kernel; of a transposed convolution too the
        outputs stand first.
    bias : (C_out,) float64 array or None
    precision : float
    source : str
        As for `LayerMatrix`.
    kind : {"linear", "convolution", "bilinear", "table"}

    Examples
    --------
    >>> part = Part("conv", np.ones((4, 2, 3, 3)), None, 2**-23, "weight", "convolution")
    >>> print(part.matrix("kernels"), "and", part.matrix("filters"))
    conv, kernels, 8 x 9 and conv, filters, 4 x 18
    """

    name: str
    weight: np.ndarray
    bias: np.ndarray | None
    precision: float
    source: str
    kind: str

    def matrix(self, reading):
        """The LayerMatrix of it, a convolution in the reading that is asked for."""
        kernel, bias = (), self.bias
        rows = len(self.weight)
        if self.kind == "convolution":
            kernel = self.weight.shape[2:]
            if reading == "kernels":
                rows, bias = self.weight.size // math.prod(kernel), None
        else:
            reading = "weight" if self.kind == "linear" else self.kind
        values = self.weight.reshape(rows, -1)
        return LayerMatrix(self.name, reading, values, bias, kernel, self.precision, self.source)
