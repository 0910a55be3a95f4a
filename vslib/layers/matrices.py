"""The layers of a network as matrices, each in a stated reading."""

import difflib
from dataclasses import dataclass

import numpy as np

from vslib.arrays import real_array

__all__ = [
    "LayerMatrix",
    "Layers",
    "UnknownLayerError",
    "augmented",
    "matrices",
]

READINGS = ("kernels", "filters")


class UnknownLayerError(ValueError, KeyError):
    """A layer that a network does not have.

    Examples
    --------
    >>> issubclass(UnknownLayerError, KeyError) and issubclass(UnknownLayerError, ValueError)
    True
    """

    def __str__(self):
        return self.args[0]


class Layers(dict):
    """Layers by name; an unknown name is an error that says which names are near.

    Examples
    --------
    >>> Layers({"layer1": 1, "layer2": 2})["layr2"]
    Traceback (most recent call last):
    vslib.layers.matrices.UnknownLayerError: layer: expected one like layer2, layer1; got 'layr2'
    """

    def __missing__(self, name):
        near = difflib.get_close_matches(str(name), self, n=3, cutoff=0.4) or list(self)[:5]
        raise UnknownLayerError(f"layer: expected one like {', '.join(near)}; got {name!r}")


@dataclass(frozen=True)
class LayerMatrix:
    """One layer as a matrix, with the reading that made it one; an array wherever one is taken.

    Attributes
    ----------
    name : str
    reading : {"weight", "kernels", "filters"}
    values : (m, n) float64 array
    bias : (m,) float64 array or None
        None where the layer has none, and in the reading "kernels", to which it does not belong.
    kernel_shape : tuple of int
        () for a linear layer, else the shape of one kernel.

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

    @property
    def shape(self):
        """m and n."""
        return self.values.shape

    def __str__(self):
        m, n = self.shape
        return f"{self.name}, {self.reading}, {m} x {n}"

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype=dtype, copy=copy)


def matrices(model, reading="kernels"):
    """The linear and convolutional layers of a network, each as a matrix.

    Parameters
    ----------
    model : torch.nn.Module, or dict of str to array
        A module, or the parameters of one as ``networks.weights`` gives them; then a parameter
        ``NAME.weight`` with 2 axes is read as linear, with 3 or more as convolutional.
    reading : {"kernels", "filters"}
        Of convolutions. "kernels": one kernel a row, (C_out * C_in, k * k), the paper's reading
        (section 2.3.1); "filters": one filter a row, (C_out, C_in * k * k). Linear layers have
        one reading, "weight".

    Returns
    -------
    Layers
        LayerMatrix by name, in the order of the network.

    Raises
    ------
    ValueError
        If `reading` is unknown, or the network has no such layer.

    Examples
    --------
    >>> from torch import nn
    >>> network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(16, 10))
    >>> for layer in matrices(network).values():
    ...     print(layer)
    0, kernels, 4 x 9
    2, weight, 10 x 16
    """
    if reading not in READINGS:
        raise ValueError(f"reading: expected one of {', '.join(READINGS)}, got {reading!r}")
    if hasattr(model, "named_modules"):
        found = _of_module(model)
    elif not hasattr(model, "items"):
        got = type(model).__name__
        raise ValueError(f"model: expected a torch module or a dict of arrays, got {got}")
    else:
        weights = {
            key: value if hasattr(value, "ndim") else real_array(value, key)
            for key, value in model.items()
            if key.endswith(".weight")
        }
        found = {
            key.removesuffix(".weight"): (value, model.get(key.removesuffix("weight") + "bias"))
            for key, value in weights.items()
            if value.ndim >= 2
        }
    if not found:
        raise ValueError("model: expected linear or convolutional layers, got none")
    return Layers({name: _matrix(name, *parts, reading) for name, parts in found.items()})


def _of_module(model):
    from torch import nn

    kinds = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
    return {
        name: (module.weight, module.bias)
        for name, module in model.named_modules()
        if isinstance(module, kinds)
    }


def _matrix(name, weight, bias, reading):
    values = real_array(weight, name)
    if bias is not None:
        bias = real_array(bias, f"{name}, bias", axes=1, length=len(values))
    kernel = values.shape[2:]
    if not kernel:
        return LayerMatrix(name, "weight", values, bias, ())
    if reading == "kernels":
        return LayerMatrix(name, reading, values.reshape(-1, int(np.prod(kernel))), None, kernel)
    return LayerMatrix(name, reading, values.reshape(len(values), -1), bias, kernel)


def augmented(W, b):
    """W', the weight matrix with the bias absorbed: W'x' = Wx + b for x' = (x, 1).

    Parameters
    ----------
    W : (m, n) array
    b : (m,) array

    Returns
    -------
    (m, n + 1) float64 array
        The bias is its last column (paper, below equation (1)).

    Examples
    --------
    >>> augmented([[1, 2], [3, 4]], [5, 6])
    array([[1., 2., 5.],
           [3., 4., 6.]])
    """
    W = real_array(W, "W", axes=2)
    return np.column_stack([W, real_array(b, "b", axes=1, length=len(W))])
