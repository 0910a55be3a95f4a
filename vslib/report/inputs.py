"""What a layer takes in, as the vectors that its matrix is applied to."""

import math

from vslib.layers import geometry

__all__ = ["BLOCK", "argument", "convolution", "feeds", "pieces", "transposed", "vectors"]

BLOCK = 2**21  # entries of the vectors that are looked at together


def argument(args, kwargs, place, name):
    """An argument of a module by its place or its name, as float64 numbers on the CPU, or None.

    Examples
    --------
    >>> import torch
    >>> argument((), {"query": torch.ones(1)}, 0, "query")
    tensor([1.], dtype=torch.float64)
    """
    import torch

    value = args[place] if len(args) > place else kwargs.get(name)
    if value is None and place == 0:
        value = next(iter(kwargs.values()), None)
    if not isinstance(value, torch.Tensor) or value.is_complex():
        return None
    value = value.detach()
    value = value.dequantize() if value.is_quantized else value
    return value.to("cpu", torch.float64) if value.is_floating_point() else None


def pieces(rows):
    """(T, groups, width) vectors a block of them at a time.

    Examples
    --------
    >>> import torch
    >>> [len(piece) for piece in pieces(torch.zeros(5, 1, BLOCK // 2))]
    [2, 2, 1]
    """
    step = max(1, BLOCK // (rows.shape[1] * rows.shape[2]))
    for first in range(0, len(rows), step):
        yield rows[first : first + step]


def vectors(x):
    """Of what a linear layer takes: its last axis.

    Examples
    --------
    >>> import torch
    >>> [tuple(piece.shape) for piece in vectors(torch.ones(2, 5, 3))]
    [(10, 1, 3)]
    """
    return pieces(x.reshape(-1, 1, x.shape[-1]))


def transposed(x, groups, axes):
    """Of what a transposed convolution takes: its pixels, all channels of each.

    Examples
    --------
    >>> import torch
    >>> [tuple(piece.shape) for piece in transposed(torch.ones(2, 6, 4, 4), 2, 2)]
    [(32, 2, 3)]
    """
    channels = x.shape[-1 - axes]
    rows = x.reshape(-1, channels, math.prod(x.shape[-axes:])).swapaxes(1, 2)
    return pieces(rows.reshape(-1, groups, channels // groups))


def convolution(x, conv):
    """Of what a convolution takes: its patches, with the padding that it adds.

    Parameters
    ----------
    x : tensor, (N, C, ...) or (C, ...)
    conv : torch.nn.Conv1d, Conv2d or Conv3d
        Or anything with their attributes.

    Yields
    ------
    (T, groups, C / groups * k...) tensor

    Examples
    --------
    >>> import torch
    >>> conv = torch.nn.Conv2d(4, 2, 3, padding=1, groups=2)
    >>> [tuple(piece.shape) for piece in convolution(torch.ones(2, 4, 5, 6), conv)]
    [(60, 2, 18)]
    """
    from torch.nn import functional

    kernel, stride, dilation = map(tuple, (conv.kernel_size, conv.stride, conv.dilation))
    axes = len(kernel)
    x = x.reshape(-1, *x.shape[-1 - axes :])
    sides = [
        p for pair in reversed(geometry.paddings(conv.padding, kernel, dilation)) for p in pair
    ]
    if any(sides):
        mode = getattr(conv, "padding_mode", "zeros")
        x = functional.pad(x, sides, mode="constant" if mode == "zeros" else mode)
    sizes = [
        (n - d * (k - 1) - 1) // s + 1
        for n, k, s, d in zip(x.shape[2:], kernel, stride, dilation, strict=True)
    ]
    groups, each = conv.groups, x.shape[1] // conv.groups
    apart = x.stride()
    windows = x.as_strided(
        (len(x), *sizes, groups, each, *kernel),
        (
            apart[0],
            *(a * s for a, s in zip(apart[2:], stride, strict=True)),
            each * apart[1],
            apart[1],
            *(a * d for a, d in zip(apart[2:], dilation, strict=True)),
        ),
    )
    width = each * math.prod(kernel)
    line = math.prod(sizes[1:]) * groups * width
    images, lines = max(1, BLOCK // (sizes[0] * line)), max(1, BLOCK // line)
    for first in range(0, len(x), images):
        for top in range(0, sizes[0], lines):
            part = windows[first : first + images, top : top + lines]
            yield part.reshape(-1, groups, width)


def _products(x, y):
    both = x.reshape(-1, x.shape[-1], 1), y.reshape(-1, 1, y.shape[-1])
    step = max(1, BLOCK // (x.shape[-1] * y.shape[-1]))
    for first in range(0, len(both[0]), step):
        a, b = (each[first : first + step] for each in both)
        yield (a * b).reshape(-1, 1, x.shape[-1] * y.shape[-1])


def feeds(name, module):
    """What each matrix of a module is applied to, as functions of the module's arguments.

    Parameters
    ----------
    name : str
    module : torch.nn.Module

    Returns
    -------
    dict of str to callable
        By the name of the matrix, or of the group of gates that take the same; each is called
        with the positional and the named arguments, and gives pieces of (T, groups, width).

    Examples
    --------
    >>> import torch
    >>> list(feeds("mha", torch.nn.MultiheadAttention(4, 2)))
    ['mha.q_proj', 'mha.k_proj', 'mha.v_proj', 'mha.out_proj']
    """
    from torch import nn

    from vslib.report import sequences

    def of(take):
        def feed(args, kwargs):
            x = argument(args, kwargs, 0, "input")
            return [] if x is None else take(x)

        return feed

    if isinstance(module, nn.MultiheadAttention):
        return sequences.attention(name, module)
    if isinstance(module, nn.RNNBase | nn.RNNCellBase):
        return sequences.recurrent(name, module)
    if hasattr(module, "get_weight"):  # a quantised recurrence, of which the inputs are seen
        ways = ("", "_reverse") if getattr(module, "bidirectional", False) else ("",)
        places = ["ih"] if "Cell" in type(module).__name__ else [f"ih_l0{way}" for way in ways]
        return {sequences.below(name, place): of(vectors) for place in places}
    if isinstance(module, nn.Bilinear):

        def pairs(args, kwargs):
            both = [argument(args, kwargs, i, f"input{i + 1}") for i in range(2)]
            return [] if None in both else _products(*both)

        return {name: pairs}
    conv = _convolution_of(module)
    if conv is None:
        return {name: of(vectors)}
    if getattr(conv, "transposed", False):
        return {name: of(lambda x: transposed(x, conv.groups, len(conv.kernel_size)))}
    return {name: of(lambda x: convolution(x, conv))}


def _convolution_of(module):
    """The module that says how a convolution stands: itself, or the one that it adapts."""
    for each in (module, getattr(module, "base_layer", None)):
        sizes = [getattr(each, key, None) for key in ("kernel_size", "stride", "dilation")]
        if all(isinstance(size, tuple) for size in sizes) and hasattr(each, "groups"):
            return each
    return None
