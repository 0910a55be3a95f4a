"""What the taps of each convolution meet in a network, and which of them only meet padding."""

import collections
import functools

import numpy as np

from vslib.inference import asked
from vslib.layers.copies import applies_its_weight, copied
from vslib.layers.geometry import starts

__all__ = ["crop_unseen_taps", "fast", "fill_taps", "input_shapes", "seen_taps"]


def input_shapes(model, image_shape):
    """Shape of what each convolution of a network takes in, transposed ones included.

    Parameters
    ----------
    model : torch.nn.Module
        Asked as `vslib.inference` says: nothing of it changes. Its outputs may be of any kind.
    image_shape : tuple of int
        Of one input of `model`, without the batch.

    Returns
    -------
    dict of str to tuple of int
        (C, H, W), or (C, L) or (C, D, H, W), by the name of the layer, in the order of the
        network; without those that it does not use.

    Raises
    ------
    ValueError
        If a convolution is used more than once, with inputs of different shapes.
    vslib.inference.NetworkInputError
        If the network takes no such images; a ValueError.

    Examples
    --------
    >>> from torch import nn
    >>> network = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Conv2d(8, 4, 5))
    >>> input_shapes(network, (1, 28, 28))
    {'0': (1, 28, 28), '2': (8, 26, 26)}
    """
    met = _met(model, image_shape)
    for name, shapes in met.items():
        if len(shapes) > 1:
            raise ValueError(f"{name}: expected one shape of input, got {sorted(shapes)}")
    return {name: shape for name, (shape,) in met.items()}


def _met(model, image_shape):
    import torch
    from torch.nn.modules.conv import _ConvNd

    shapes = {name: set() for name, m in model.named_modules() if isinstance(m, _ConvNd)}

    def record(name, conv, inputs, named):
        image = _first_input(conv, inputs, named)
        shapes[name].add(tuple(image.shape[-1 - len(conv.kernel_size) :]))

    # Its images stand in for what the network answers, which may be of any kind.
    hooks = [model.register_forward_hook(_first_input, with_kwargs=True)]
    try:
        with asked(model, image_shape) as ask, torch.no_grad():
            hooks += [
                model.get_submodule(name).register_forward_pre_hook(
                    functools.partial(record, name), with_kwargs=True
                )
                for name in shapes
            ]
            ask(torch.zeros(1, *image_shape, dtype=ask.dtype, device=ask.device))
    finally:
        for hook in hooks:
            hook.remove()
    return {name: found for name, found in shapes.items() if found}


def _first_input(_, inputs, named, outputs=None):
    return inputs[0] if inputs else next(iter(named.values()))


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

    Examples
    --------
    >>> seen_taps(size=2, kernel=3, stride=2, padding=1)
    [1, 2]
    """
    first = starts(size, kernel, stride, (padding, padding), dilation)
    positions = first[:, None] + dilation * np.arange(kernel)
    return np.flatnonzero(((positions >= 0) & (positions < size)).any(0)).tolist()


def _crop(size, kernel, stride, padding, dilation):
    # Padding is the same on both sides; where the taps left would need two, nothing is cropped.
    taps = seen_taps(size, kernel, stride, padding, dilation)
    if taps:
        first, last = taps[0], taps[-1]
        less = padding - first * dilation
        counts = [
            len(starts(size, taps, stride, (p, p), dilation))
            for taps, p in ((last - first + 1, less), (kernel, padding))
        ]
        if less >= 0 and counts[0] == counts[1]:
            return slice(first, last + 1), less
    return slice(0, kernel), padding


def crop_unseen_taps(model, image_shape):
    """A copy of a network without the taps of its kernels that only ever meet padding.

    Only convolutions of torch's own forward pass are cropped, with zeros as padding, a weight
    that is a parameter of theirs alone, and one shape of input: not what weight_norm, pruning or
    a subclass makes a weight of. The others are copied as they are.

    Parameters
    ----------
    model : torch.nn.Module
    image_shape : tuple of int
        Of one input of `model`, without the batch.

    Returns
    -------
    small : torch.nn.Module
        Has the outputs of `model` for images of that shape.
    windows : dict of str to tuple of slices
        The part of each cropped kernel that was kept, by the name of its layer.

    Raises
    ------
    vslib.inference.NetworkInputError
        If the network takes no such images; a ValueError.

    Examples
    --------
    >>> from torch import nn
    >>> small, windows = crop_unseen_taps(nn.Conv2d(1, 1, 3, padding=1), (1, 1, 1))
    >>> small.weight.shape, windows
    (torch.Size([1, 1, 1, 1]), {'': (slice(1, 2, None), slice(1, 2, None))})
    """
    import torch
    from torch.nn import Parameter

    with torch.inference_mode(False):
        small, windows = copied(model), {}
        owners = collections.Counter(
            id(parameter) for _, parameter in small.named_parameters(remove_duplicate=False)
        )
        for name, shapes in _met(small, image_shape).items():
            conv = small.get_submodule(name)
            if len(shapes) > 1 or not applies_its_weight(conv) or owners[id(conv.weight)] > 1:
                continue
            ((_, *size),) = shapes
            geometry = (size, conv.kernel_size, conv.stride, conv.padding, conv.dilation)
            window, padding = zip(*map(_crop, *geometry), strict=True)
            weight = conv.weight[(..., *window)]
            if weight.shape != conv.weight.shape:
                conv.weight = Parameter(weight.detach().clone(), conv.weight.requires_grad)
                conv.kernel_size, conv.padding = tuple(weight.shape[2:]), padding
                windows[name] = window
    return small, windows


def fill_taps(model, small, windows):
    """Write the parameters of a cropped copy back into the network that it was made from.

    Examples
    --------
    >>> from torch import nn
    >>> conv = nn.Conv2d(1, 1, 3, padding=1)
    >>> small, windows = crop_unseen_taps(conv, (1, 1, 1))
    >>> nn.init.constant_(small.weight, 7)[0, 0, 0, 0].item()
    7.0
    >>> fill_taps(conv, small, windows)
    >>> conv.weight[0, 0, 1, 1].item()
    7.0
    """
    state = small.state_dict()
    for key, value in model.state_dict().items():
        name, _, kind = key.rpartition(".")
        value[(..., *(windows.get(name, ()) if kind == "weight" else ()))] = state[key]


def fast(model, image_shape=(28, 28)):
    """A copy of a network with the same outputs but for rounding, for ResNet18 in half the time.

    Without the taps that only meet padding, and with the channels of a pixel side by side.

    Parameters
    ----------
    model : torch.nn.Module
    image_shape : tuple of int
        Of one input, without the batch; the copy is for images of that shape only.

    Returns
    -------
    torch.nn.Module

    Examples
    --------
    >>> import torch
    >>> conv = torch.nn.Conv2d(1, 2, 3, padding=1)
    >>> small = fast(conv, (1, 1, 1))
    >>> torch.allclose(small(torch.ones(1, 1, 1, 1)), conv(torch.ones(1, 1, 1, 1)))
    True
    """
    import torch

    small, _ = crop_unseen_taps(model, image_shape)
    with torch.inference_mode(False):
        for tensor in (*small.parameters(), *small.buffers()):
            if tensor.ndim == 4:
                tensor.data = tensor.data.contiguous(memory_format=torch.channels_last)
    return small
