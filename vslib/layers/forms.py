"""The forms of an affine layer: its inputs, what a weight makes of them, how unit vectors read it.

Each has `inputs`, a list of float64 tensors that is the same for the same seed; `outputs`, what a
weight and a bias make of them; and `read`, the weight and the bias of something that is called.
"""

import itertools
import math
from dataclasses import dataclass

from vslib.layers.calling import NoMatrixError

__all__ = ["Bilinear", "Convolution", "Linear", "exchanged"]

SCALES = (0.0, 0.01, 1.0, 100.0)
BATCH = 256  # unit vectors at a time


def _drawn(shape, seed):
    """Inputs of several sizes, one of them zero, in a batch whose size depends on the seed."""
    import torch

    scales = torch.tensor((*SCALES, *[1.0] * seed), dtype=torch.float64)
    generator = torch.Generator().manual_seed(seed)
    numbers = torch.randn(len(scales), *shape, generator=generator, dtype=torch.float64)
    return scales.reshape(-1, *[1] * len(shape)) * numbers


@dataclass(frozen=True)
class Linear:
    """A layer that takes vectors of `width`, in batches (N, width).

    Examples
    --------
    >>> import torch
    >>> W, b = torch.tensor([[1.0, 2.0]]).double(), torch.tensor([3.0]).double()
    >>> found = Linear(2).read(lambda x: x @ W.T + b)
    >>> found[0].tolist(), found[1].tolist()
    ([[1.0, 2.0]], [3.0])
    """

    width: int
    words = "W x + b"

    def inputs(self, seed):
        return [_drawn((self.width,), seed)]

    def outputs(self, inputs, W, b):
        (x,) = inputs
        y = x @ W.T
        return y if b is None else y + b

    def read(self, call):
        import torch

        shift = _of_zero(call, torch.zeros(1, self.width, dtype=torch.float64))
        columns = []
        for first in range(0, self.width, BATCH):
            units = torch.zeros(min(BATCH, self.width - first), self.width, dtype=torch.float64)
            units.diagonal(first).fill_(1)
            columns.append((call(units) - shift).T)
        return torch.cat(columns, dim=1), shift


@dataclass(frozen=True)
class Bilinear:
    """A layer that takes pairs of vectors of `widths`; its weight is (C_out, n1, n2).

    Examples
    --------
    >>> form = Bilinear((2, 3))
    >>> [tuple(x.shape[1:]) for x in form.inputs(seed=0)]
    [(2,), (3,)]
    """

    widths: tuple
    words = "x1 W x2 + b"

    def inputs(self, seed):
        return list(_drawn((sum(self.widths),), seed).split(self.widths, dim=1))

    def outputs(self, inputs, W, b):
        from torch.nn.functional import bilinear

        return bilinear(*inputs, W, b)

    def read(self, call):
        import torch

        first, second = (torch.eye(width, dtype=torch.float64) for width in self.widths)
        shift = _of_zero(call, 0 * first[:1], 0 * second[:1])
        slices = [call(unit.expand(len(second), -1), second) - shift for unit in first]
        return torch.stack(slices).permute(2, 0, 1), shift


@dataclass(frozen=True)
class Convolution:
    """A convolution of `channels` channels; its weight is (C_out, C_in / groups, ...).

    Of a transposed one too the outputs stand first.

    Parameters
    ----------
    channels, groups : int
    kernel, stride, dilation, output_padding : tuple of int
    padding : tuple of (int, int)
        Before and after, along each axis.
    mode : str
        Of the padding, as torch's `padding_mode`.
    transposed : bool

    Examples
    --------
    >>> import torch
    >>> conv = torch.nn.Conv2d(2, 4, 3, padding=1, groups=2).double()
    >>> form = Convolution.of(conv)
    >>> with torch.no_grad():
    ...     W, b = form.read(conv)
    >>> torch.allclose(W, conv.weight), torch.allclose(b, conv.bias)
    (True, True)
    """

    channels: int
    kernel: tuple
    stride: tuple
    padding: tuple
    dilation: tuple
    groups: int = 1
    mode: str = "zeros"
    transposed: bool = False
    output_padding: tuple = ()
    words = "convolution with a kernel of its shape"

    @classmethod
    def of(cls, conv):
        """The form of one of torch's convolutions."""
        padding = conv.padding
        if padding == "valid":
            padding = tuple(0 for _ in conv.kernel_size)
        if padding == "same":
            each = zip(conv.dilation, conv.kernel_size, strict=True)
            total = [dilation * (kernel - 1) for dilation, kernel in each]
            sides = tuple((t // 2, t - t // 2) for t in total)
        else:
            sides = tuple((p, p) for p in padding)
        return cls(
            conv.in_channels,
            tuple(conv.kernel_size),
            tuple(conv.stride),
            sides,
            tuple(conv.dilation),
            conv.groups,
            conv.padding_mode,
            conv.transposed,
            tuple(conv.output_padding),
        )

    @property
    def _axes(self):
        return zip(self.kernel, self.stride, self.padding, self.dilation, strict=True)

    @property
    def _size(self):
        """Of images in which an entry meets a whole kernel, and the kernel an entry."""
        if self.transposed:
            return [2 * -(-before // s) + 2 for _, s, (before, _), _ in self._axes]
        # Two positions at least; more than the padding, as torch's "reflect" wants it.
        return [
            max(d * (k - 1) + s + (0 if any(sides) else s), max(sides) + 1)
            for k, s, sides, d in self._axes
        ]

    def inputs(self, seed):
        return [_drawn((self.channels, *self._size), seed)]

    def outputs(self, inputs, W, b):
        from torch.nn import functional

        (x,) = inputs
        name = f"conv{'_transpose' if self.transposed else ''}{len(self.kernel)}d"
        conv = getattr(functional, name)
        if self.transposed:
            before = [before for before, _ in self.padding]
            options = (self.stride, before, self.output_padding, self.groups, self.dilation)
            return conv(x, exchanged(W, self.groups), b, *options)
        sides = [p for pair in reversed(self.padding) for p in pair]
        mode = "constant" if self.mode == "zeros" else self.mode
        return conv(
            functional.pad(x, sides, mode=mode), W, b, self.stride, 0, self.dilation, self.groups
        )

    def read(self, call):
        import torch

        each, size = self.channels // self.groups, self._size
        # The first position that padding leaves alone, and the entries that its kernel meets.
        first = tuple(-(-before // s) for _, s, (before, _), _ in self._axes)
        met = [
            tuple(
                n * s - before + d * t
                for n, t, (_, s, (before, _), d) in zip(first, tap, self._axes, strict=True)
            )
            for tap in itertools.product(*map(range, self.kernel))
        ]
        pushed, seen = ([first], met) if self.transposed else (met, [first])
        zero = call(torch.zeros(1, self.channels, *size, dtype=torch.float64))
        if zero.ndim != 2 + len(size) or any(
            n <= place for n, place in zip(zero.shape[2:], seen[-1], strict=True)
        ):
            raise NoMatrixError(f"gives outputs of shape {tuple(zero.shape)} as no such layer")
        shift = zero[(0, slice(None), *first)] if not self.transposed else zero[0].flatten(1)[:, 0]
        units = list(itertools.product(range(each), pushed))
        batch = max(1, BATCH * 1024 // (self.channels * math.prod(size)))
        found = []
        for few in (units[start : start + batch] for start in range(0, len(units), batch)):
            images = torch.zeros(len(few), self.channels, *size, dtype=torch.float64)
            for image, (channel, place) in zip(images, few, strict=True):
                # In all groups at once: an output sees its own group only.
                image[(slice(channel, None, each), *place)] = 1
            answers = call(images)
            found.append(torch.stack([answers[(..., *place)] for place in seen], dim=-1))
        kernels = torch.cat(found).reshape(each, len(pushed), len(shift), len(seen))
        kernels = kernels.permute(2, 0, 1, 3) - shift.reshape(-1, 1, 1, 1)
        return kernels.reshape(len(shift), each, *self.kernel), shift


def _of_zero(call, *inputs):
    shift = call(*inputs)
    if shift.ndim != 2:
        raise NoMatrixError(f"gives outputs of shape {tuple(shift.shape)}, expected (N, m)")
    return shift[0]


def exchanged(W, groups):
    """A weight with inputs and outputs exchanged, as transposed convolutions keep it.

    Parameters
    ----------
    W : (C_out, C_in / groups, ...) or (C_in, C_out / groups, ...) array or tensor
    groups : int
        They stay in their places.

    Examples
    --------
    >>> import numpy as np
    >>> exchanged(np.zeros((6, 2, 3)), groups=2).shape
    (4, 3, 3)
    """
    parts = W.reshape(groups, -1, *W.shape[1:]).swapaxes(1, 2)
    return parts.reshape(-1, parts.shape[2], *W.shape[2:])
