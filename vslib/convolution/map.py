"""A convolution as a linear map between flattened images: its products and its transpose's."""

import functools
import math

import numpy as np
from scipy.sparse.linalg import LinearOperator

from vslib.arrays import real_array
from vslib.layers import geometry

__all__ = ["ConvMap"]

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
        weight = real_array(weight, "weight", axes=4)
        out, each, *kernel = weight.shape
        if len(input_shape) != 3 or min(input_shape) < 1:
            raise ValueError(f"input_shape: expected (C, H, W), got {tuple(input_shape)}")
        if groups < 1 or out % groups or input_shape[0] != each * groups:
            raise ValueError(
                f"weight: expected shape (C_out, {input_shape[0]} / {groups} groups, k_h, k_w), "
                f"C_out a multiple of {groups}, got {weight.shape}"
            )
        if padding_mode not in ("zeros", "circular"):
            raise ValueError(f"padding_mode: expected 'zeros' or 'circular', got {padding_mode!r}")
        self.weight = weight.reshape(groups, out // groups, each, *kernel)
        self.input_shape = tuple(input_shape)
        self.padding_mode = padding_mode
        self.reading = f"operator, {padding_mode}"
        self.stride = geometry.pair("stride", stride, least=1)
        self.dilation = geometry.pair("dilation", dilation, least=1)
        self.padding = geometry.paddings(padding, kernel, self.dilation)
        axes = zip(input_shape[1:], kernel, self.stride, self.padding, self.dilation, strict=True)
        sizes = [len(geometry.starts(*axis)) for axis in axes]
        if 0 in sizes:
            raise ValueError(
                f"input_shape: expected room for a kernel of {kernel[0]} x {kernel[1]} with "
                f"dilation {self.dilation}, got {self.input_shape} with padding {self.padding}"
            )
        self.output_shape = (out, *sizes)
        super().__init__(np.float64, (math.prod(self.output_shape), math.prod(self.input_shape)))

    def _matvec(self, x):
        return self._matmat(x.reshape(-1, 1))[:, 0]

    def _rmatvec(self, y):
        return self._rmatmat(y.reshape(-1, 1))[:, 0]

    def _matmat(self, X):
        columns = X.shape[1]
        image = np.asarray(X, np.result_type(X, np.float64)).reshape(*self.input_shape, columns)
        mode = {"zeros": "constant", "circular": "wrap"}[self.padding_mode]
        image = np.pad(image, ((0, 0), *self.padding, (0, 0)), mode=mode)
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
        padded = [n + sum(p) for n, p in zip(size, self.padding, strict=True)]
        image = np.zeros((channels, *padded, columns), answer.dtype)
        for weights, windows in self._taps:
            spread = weights.swapaxes(1, 2) @ answer
            for window, part in zip(windows, np.split(spread, len(windows), axis=1), strict=True):
                image[(slice(None), *window)] += part.reshape(
                    channels, *self.output_shape[1:], columns
                )
        (top, _), (left, _) = self.padding
        height, width = size
        if self.padding_mode == "circular":
            image = geometry.folded(geometry.folded(image, 1, top, height), 2, left, width)
        else:
            image = image[:, top : top + height, left : left + width]
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

    @property
    def is_block_circulant(self):
        """Whether shifts by the stride pass through, so that Fourier blocks are exact."""
        return self.padding_mode == "circular" and all(
            size == step * count
            for size, step, count in zip(
                self.input_shape[1:], self.stride, self.output_shape[1:], strict=True
            )
        )

    @property
    def geometry(self):
        """What `vslib.convolution.fourier` takes of the layer."""
        return self.weight, self.input_shape, self.stride, self.padding, self.dilation
