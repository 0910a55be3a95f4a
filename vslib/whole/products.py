"""Convolutions of many tangents in float64, as one matrix product each."""

import torch
from torch.utils._python_dispatch import TorchDispatchMode

__all__ = ["Products"]


class Products(TorchDispatchMode):
    """While it is active, plain 2-D convolutions in float64 are matrix products.

    torch has no fast convolution in float64: one product over all patches takes less than half
    of its time. And rows that are all the same, as those of the image that every tangent belongs
    to, are computed once.

    Examples
    --------
    >>> layer = torch.nn.Conv2d(2, 3, 3, stride=2, padding=1).double()
    >>> images = torch.rand(5, 2, 8, 8, dtype=torch.float64)
    >>> expected = layer(images)
    >>> with Products():
    ...     torch.allclose(layer(images), expected, atol=1e-14)
    True
    """

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func is torch.ops.aten.addmm.default and not kwargs and _same(args[1]):
            bias, rows, weight = args
            outputs = torch.addmm(bias, rows[:1], weight)
            return outputs.expand(len(rows), -1).contiguous()
        if func is not torch.ops.aten.convolution.default:
            return func(*args, **(kwargs or {}))
        images, weight, bias, stride, padding, dilation, transposed, _, groups = args
        plain = not transposed and groups == 1 and images.ndim == 4
        if not plain or images.dtype != torch.float64 or images.device.type != "cpu":
            return func(*args)
        same = _same(images)
        outputs = _convolve(images[:1] if same else images, weight, stride, padding, dilation)
        if bias is not None:
            outputs = outputs + bias[:, None, None]
        return outputs.expand(len(images), *outputs.shape[1:]).contiguous()


def _same(rows):
    return len(rows) > 1 and bool((rows == rows[:1]).all())


def _convolve(images, weight, stride, padding, dilation):
    channels, _, *kernel = weight.shape
    (up, left), images = padding, images.permute(0, 2, 3, 1)
    images = torch.constant_pad_nd(images, (0, 0, left, left, up, up)).contiguous()
    height, width = (
        (images.shape[axis + 1] - dilation[axis] * (kernel[axis] - 1) - 1) // stride[axis] + 1
        for axis in (0, 1)
    )
    row, down, right, deep = images.stride()
    patches = images.as_strided(
        (len(images), height, width, *kernel, images.shape[3]),
        (
            row,
            down * stride[0],
            right * stride[1],
            down * dilation[0],
            right * dilation[1],
            deep,
        ),
    )
    columns = weight.permute(2, 3, 1, 0).reshape(-1, channels)
    outputs = patches.reshape(-1, len(columns)) @ columns
    return outputs.view(len(images), height, width, channels).permute(0, 3, 1, 2)
