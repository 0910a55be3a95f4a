"""A torch convolution as the operator that it applies, checked against the module itself."""

import numpy as np

from vslib.convolution.operator import ConvOperator, TransposedConvOperator
from vslib.inference import asked
from vslib.layers import matrices

__all__ = ["of"]


def of(conv, input_shape, padding_mode=None, rtol=None):
    """The operator of a torch convolution, transposed ones included.

    Parameters
    ----------
    conv : torch.nn.Conv1d, Conv2d, Conv3d or their transposed forms
        Read as `vslib.layers.matrices` reads it, so with the kernels that it applies.
    input_shape : tuple of int
        Of one input, channels first.
    padding_mode : str, optional
        Instead of its own.
    rtol : float, optional
        As for `ConvOperator`.

    Returns
    -------
    ConvOperator or TransposedConvOperator

    Raises
    ------
    ValueError
        If it is no convolution, or applies another map to an input of that shape than its
        kernels and its geometry say.

    Examples
    --------
    >>> from torch import nn
    >>> of(nn.Conv2d(1, 3, 3, stride=2), (1, 7, 7)).output_shape
    (3, 3, 3)
    >>> of(nn.ConvTranspose2d(3, 1, 3, stride=2), (3, 3, 3)).output_shape
    (1, 7, 7)
    """
    from torch.nn.modules.conv import _ConvNd

    if not isinstance(conv, _ConvNd):
        raise ValueError(f"conv: expected a torch convolution, got {type(conv).__name__}")
    (layer,) = matrices(conv, "filters").values()
    out, channels, groups = conv.out_channels, conv.in_channels, conv.groups
    mode = padding_mode or conv.padding_mode
    kernels = layer.values.reshape(out, channels // groups, *layer.kernel_shape)
    if conv.transposed:
        operator = _transposed(conv, kernels, layer.precision, input_shape, mode, rtol)
    else:
        operator = ConvOperator(
            kernels, input_shape, conv.stride, conv.padding, conv.dilation, groups, mode, rtol
        )
        operator.precision = layer.precision
    if mode == conv.padding_mode:
        _check(conv, operator)
    return operator


def _transposed(conv, kernels, precision, input_shape, mode, rtol):
    out, groups = conv.out_channels, conv.groups
    if any(more >= step for more, step in zip(conv.output_padding, conv.stride, strict=True)):
        raise ValueError(
            f"output_padding: expected less than the stride {conv.stride}, got "
            f"{conv.output_padding}"
        )
    axes = zip(
        input_shape[1:], conv.stride, conv.padding, conv.dilation, conv.kernel_size,
        conv.output_padding, strict=True,
    )  # fmt: skip
    sizes = [(n - 1) * s - 2 * p + d * (k - 1) + o + 1 for n, s, p, d, k, o in axes]
    if len(input_shape) != len(conv.stride) + 1 or input_shape[0] != conv.in_channels:
        raise ValueError(
            f"input_shape: expected ({conv.in_channels}, ...) with {len(conv.stride)} axes after, "
            f"got {tuple(input_shape)}"
        )
    # From (C_out, C / g) to the kernels of the convolution that goes the other way.
    kernels = kernels.reshape(groups, out // groups, conv.in_channels // groups, *conv.kernel_size)
    kernels = kernels.swapaxes(1, 2).reshape(conv.in_channels, out // groups, *conv.kernel_size)
    forward = ConvOperator(
        kernels, (out, *sizes), conv.stride, conv.padding, conv.dilation, groups, mode, rtol
    )
    forward.precision = precision
    return TransposedConvOperator(forward)


def _check(conv, operator):
    import torch

    x = np.random.default_rng(0).normal(size=(2, *operator.input_shape))
    x[1] = 0
    with asked(conv, double=True) as ask, torch.no_grad():
        applied, bias = ask(ask.tensor(x)).cpu().numpy()
    expected = operator.matvec(x[0].ravel()).reshape(operator.output_shape)
    if applied.shape != expected.shape:
        raise ValueError(
            f"{type(conv).__name__}: expected outputs of {expected.shape} by its stride, padding "
            f"and dilation, got {applied.shape}"
        )
    apart = np.abs(applied - bias - expected).max()
    if not apart <= 1e-3 * max(np.abs(expected).max(), np.abs(applied - bias).max()):
        raise ValueError(
            f"{type(conv).__name__}: expected a module that applies its kernels at its stride, "
            f"padding and dilation, got another map, off by {apart:.2g}"
        )
