"""The layers of a network as matrices, each in a stated reading."""

import copy
import difflib
from dataclasses import dataclass

import numpy as np

from vslib.arrays import real_array

__all__ = [
    "LayerMatrix",
    "Layers",
    "UnknownLayerError",
    "augmented",
    "crop_unseen_taps",
    "fill_taps",
    "matrices",
    "seen_taps",
]

READINGS = ("kernels", "filters")


class UnknownLayerError(ValueError, KeyError):
    """A layer that a network does not have."""

    def __str__(self):
        return self.args[0]


class Layers(dict):
    """Layers by name; an unknown name is an error that says which names are near."""

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
    """
    W = real_array(W, "W", axes=2)
    return np.column_stack([W, real_array(b, "b", axes=1, length=len(W))])


def seen_taps(size, kernel, stride=1, padding=0, dilation=1):
    """Which taps of a zero-padded convolution ever meet an entry of the image, along one axis.

    Parameters
    ----------
    size, kernel, stride, padding, dilation : int
        Of that axis.

    Returns
    -------
    list of int
        Positions in the kernel; the others only ever meet padding, and no gradient reaches them.
    """
    starts = _starts(size, kernel, stride, padding, dilation)
    positions = starts[:, None] + dilation * np.arange(kernel)
    return np.flatnonzero(((positions >= 0) & (positions < size)).any(0)).tolist()


def _starts(size, kernel, stride, padding, dilation):
    return np.arange(-padding, size + padding - dilation * (kernel - 1), stride)


def _crop(size, kernel, stride, padding, dilation):
    # Padding is the same on both sides; where the taps left would need two, nothing is cropped.
    taps = seen_taps(size, kernel, stride, padding, dilation)
    if taps:
        first, last = taps[0], taps[-1]
        less = padding - first * dilation
        starts = _starts(size, last - first + 1, stride, less, dilation)
        if less >= 0 and len(starts) == len(_starts(size, kernel, stride, padding, dilation)):
            return slice(first, last + 1), less
    return slice(0, kernel), padding


def crop_unseen_taps(model, image_shape):
    """A copy of a network without the taps of its kernels that only ever meet padding.

    Parameters
    ----------
    model : torch.nn.Module
    image_shape : tuple of int
        Of one input of `model`, without the batch.

    Returns
    -------
    small : torch.nn.Module
        Has the outputs of `model` for images of that shape.
    windows : dict of str to pair of slices
        The part of each cropped kernel that was kept, by the name of its layer.
    """
    import torch
    from torch import nn

    small, sizes, windows = copy.deepcopy(model), {}, {}
    hooks = [
        module.register_forward_hook(
            lambda _, inputs, __, name=name: sizes.setdefault(name, set()).add(inputs[0].shape[-2:])
        )
        for name, module in small.named_modules()
        if isinstance(module, nn.Conv2d)
        and module.padding_mode == "zeros"
        and not isinstance(module.padding, str)
    ]
    with torch.no_grad():
        small.eval()(next(small.parameters()).new_zeros(1, *image_shape))
    for hook in hooks:
        hook.remove()
    for name, (size, *others) in sizes.items():
        conv = small.get_submodule(name)
        geometry = (size, conv.kernel_size, conv.stride, conv.padding, conv.dilation)
        window, padding = zip(*map(_crop, *geometry), strict=True)
        weight = conv.weight[(..., *window)]
        if weight.shape != conv.weight.shape and not others:
            conv.weight = nn.Parameter(weight.detach().clone(), conv.weight.requires_grad)
            conv.kernel_size, conv.padding = tuple(weight.shape[2:]), padding
            windows[name] = window
    return small.train(model.training), windows


def fill_taps(model, small, windows):
    """Write the parameters of a cropped copy back into the network that it was made from."""
    state = small.state_dict()
    for key, value in model.state_dict().items():
        name, _, kind = key.rpartition(".")
        value[(..., *(windows.get(name, ()) if kind == "weight" else ()))] = state[key]
