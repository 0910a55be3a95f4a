"""A convolution as a linear map between flattened images: its products and its transpose's."""

import functools
import math

import numpy as np
from scipy.sparse.linalg import LinearOperator

from vslib.arrays import precision, real_array
from vslib.layers import geometry

__all__ = ["ConvMap"]

MODES = ("zeros", "circular", "reflect", "replicate")
INNER = 64  # channels times taps that one matrix product takes together


class ConvMap(LinearOperator):
    """What `vslib.convolution.ConvOperator` is made from: products with blocks of vectors.

    Products are sums of matrix products, one for each tap of the kernel or for a few together,
    in NumPy: on one core as fast as torch's float64 convolution, or up to three times faster.

    Parameters
    ----------
    weight, input_shape, stride, padding, dilation, groups, padding_mode
        As for `vslib.convolution.ConvOperator`.

    Examples
    --------
    >>> A = ConvMap(np.array([[[[-1.0, 1.0]]]]), (1, 1, 4))
    >>> A.shape, A @ [1.0, 2.0, 4.0, 8.0]
    ((3, 4), array([1., 2., 4.]))
    """

    def __init__(
        self,
        weight,
        input_shape,
        stride=1,
        padding=0,
        dilation=1,
        groups=1,
        padding_mode="zeros",
    ):
        self.precision = precision(weight)
        weight = real_array(weight, "weight")
        if weight.ndim not in (3, 4, 5):
            raise ValueError(
                "weight: expected shape (C_out, C / groups, k), (C_out, C / groups, k_h, k_w) or "
                f"with three axes for the kernel, got {weight.shape}"
            )
        out, each, *kernel = weight.shape
        axes = len(kernel)
        if len(input_shape) != axes + 1:
            letters = {1: "(C, L)", 2: "(C, H, W)", 3: "(C, D, H, W)"}[axes]
            raise ValueError(f"input_shape: expected {letters}, got {tuple(input_shape)}")
        input_shape = geometry.pair("input_shape", tuple(input_shape), least=1, axes=axes + 1)
        (groups,) = geometry.pair("groups", groups, least=1, axes=1)
        if out % groups or input_shape[0] != each * groups:
            raise ValueError(
                f"weight: expected shape (C_out, {input_shape[0]} / {groups} groups, kernel), "
                f"C_out a multiple of {groups}, got {weight.shape}"
            )
        if padding_mode not in MODES:
            raise ValueError(
                f"padding_mode: expected one of {', '.join(map(repr, MODES))}, got {padding_mode!r}"
            )
        self.weight = weight.reshape(groups, out // groups, each, *kernel)
        self.input_shape = input_shape
        self.padding_mode = padding_mode
        self.reading = f"operator, {padding_mode}"
        self.stride = geometry.pair("stride", stride, least=1, axes=axes)
        self.dilation = geometry.pair("dilation", dilation, least=1, axes=axes)
        self.padding = geometry.paddings(padding, kernel, self.dilation, self.stride)
        each_axis = zip(
            input_shape[1:], kernel, self.stride, self.padding, self.dilation, strict=True
        )
        sizes = [len(geometry.starts(*axis)) for axis in each_axis]
        if 0 in sizes:
            raise ValueError(
                f"input_shape: expected room for a kernel of {' x '.join(map(str, kernel))} with "
                f"dilation {self.dilation}, got {self.input_shape} with padding {self.padding}"
            )
        self._sources = [
            geometry.sources(size, around, padding_mode)
            for size, around in zip(input_shape[1:], self.padding, strict=True)
        ]
        self.output_shape = (out, *sizes)
        super().__init__(np.float64, (math.prod(self.output_shape), math.prod(self.input_shape)))

    def _matvec(self, x):
        return self._matmat(x.reshape(-1, 1))[:, 0]

    def _rmatvec(self, y):
        return self._rmatmat(y.reshape(-1, 1))[:, 0]

    def _matmat(self, X):
        columns = X.shape[1]
        image = np.asarray(X, np.result_type(X, np.float64)).reshape(*self.input_shape, columns)
        for axis, (positions, around) in enumerate(
            zip(self._sources, self.padding, strict=True), 1
        ):
            if any(around):
                image = np.take(image, positions, axis)
                image[(slice(None),) * axis + (positions < 0,)] = 0
        groups, _, each = self.weight.shape[:3]
        result = 0
        for weights, windows in self._taps:
            seen = [image[(slice(None), *w)].reshape(groups, each, -1) for w in windows]
            result = result + weights @ np.concatenate(seen, axis=1)
        return result.reshape(-1, columns)

    def _rmatmat(self, Y):
        columns = Y.shape[1]
        groups, out, _ = self.weight.shape[:3]
        answer = np.asarray(Y, np.result_type(Y, np.float64)).reshape(groups, out, -1)
        channels, *size = self.input_shape
        image = np.zeros((channels, *map(len, self._sources), columns), answer.dtype)
        for weights, windows in self._taps:
            spread = weights.swapaxes(1, 2) @ answer
            for window, part in zip(windows, np.split(spread, len(windows), axis=1), strict=True):
                image[(slice(None), *window)] += part.reshape(
                    channels, *self.output_shape[1:], columns
                )
        for axis, (positions, around) in enumerate(
            zip(self._sources, self.padding, strict=True), 1
        ):
            if any(around):
                image = geometry.folded(image, axis, positions, size[axis - 1])
        return image.reshape(-1, columns)

    @functools.cached_property
    def _taps(self):
        """Weights of a few taps beside each other, and the part of the padded image each meets."""
        _, _, each, *kernel = self.weight.shape
        taps = [*np.ndindex(*kernel)]
        # Where a tap has few channels, its own matrix product would be all memory traffic.
        together = max(1, INNER // each)
        groups = [taps[first : first + together] for first in range(0, len(taps), together)]
        return [
            (
                np.concatenate([self.weight[(..., *tap)] for tap in few], axis=2),
                [self._window(tap) for tap in few],
            )
            for few in groups
        ]

    def _window(self, tap):
        axes = zip(tap, self.dilation, self.stride, self.output_shape[1:], strict=True)
        return tuple(
            slice(t * apart, t * apart + step * (count - 1) + 1, step)
            for t, apart, step, count in axes
        )

    def part(self, group):
        """The map of one of the groups, from its channels of the input to its own of the output."""
        # Not by its own arguments: "same" may pad more behind an image than before it.
        found = ConvMap.__new__(ConvMap)
        for name in ("precision", "padding_mode", "reading", "stride", "padding", "dilation"):
            setattr(found, name, getattr(self, name))
        found._sources, found.weight = self._sources, self.weight[group : group + 1]
        out, each = found.weight.shape[1:3]
        found.input_shape = (each, *self.input_shape[1:])
        found.output_shape = (out, *self.output_shape[1:])
        size = math.prod(found.output_shape), math.prod(found.input_shape)
        LinearOperator.__init__(found, np.float64, size)
        return found

    @property
    def is_block_circulant(self):
        """Whether shifts by the stride pass through, so that Fourier blocks are exact."""
        return (
            self.padding_mode == "circular"
            and len(self.stride) <= 2
            and all(
                size == step * count
                for size, step, count in zip(
                    self.input_shape[1:], self.stride, self.output_shape[1:], strict=True
                )
            )
        )

    @property
    def has_patches(self):
        """Whether no two places of the kernel meet an entry of the image in common."""
        spans = zip(
            self.weight.shape[3:],
            self.dilation,
            self.stride,
            self.padding,
            self.output_shape[1:],
            strict=True,
        )
        return all(
            (count == 1 or step > apart * (taps - 1)) and not any(around)
            for taps, apart, step, around, count in spans
        )

    def patches(self):
        """(places, C / groups * taps) int array: the entries that the first group's kernels meet.

        In the order of a filter's entries; places as in an output map.
        """
        each, *kernel = self.weight.shape[2:]
        entries = np.arange(each * math.prod(self.input_shape[1:]))
        entries = entries.reshape(each, *self.input_shape[1:])
        met = [entries[(slice(None), *self._window(tap))] for tap in np.ndindex(*kernel)]
        return np.stack(met, 1).reshape(each * len(met), -1).T

    @property
    def geometry(self):
        """What `vslib.convolution.fourier` takes of the layer, as one with rows and columns."""
        flat = len(self.stride) == 1
        weight = self.weight[:, :, :, None] if flat else self.weight
        channels, *size = self.input_shape
        lead = [1] * flat
        return (
            weight,
            (channels, *lead, *size),
            (*lead, *self.stride),
            (*[(0, 0)] * flat, *self.padding),
            (*lead, *self.dilation),
        )
