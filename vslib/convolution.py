"""A convolution as the linear map that it is: exact, with its padding and stride, never formed."""

import functools
import math

import numpy as np
from scipy.sparse.linalg import LinearOperator

from vslib import operators
from vslib.arrays import real_array
from vslib.fourier import fourier_spectrum

__all__ = ["ConvOperator"]


class ConvOperator(LinearOperator):
    """The exact map of a two-dimensional convolution, from flattened input to flattened output.

    A SciPy LinearOperator of shape (C_out * H_out * W_out, C * H * W), computing in float64:
    whatever takes one (svds, lsmr, eigsh) takes a convolution. Inputs and outputs are flattened
    in the order channel, row, column, as torch does; the bias is left out.

    Parameters
    ----------
    weight : (C_out, C / groups, k_h, k_w) array
    input_shape : (int, int, int)
        C, H and W of one input.
    stride, dilation : int or pair of int
        1 or more.
    padding : int, pair of int, "same" or "valid"
        As torch's Conv2d understands it.
    groups : int
        Must divide C and C_out.
    padding_mode : {"zeros", "circular"}

    Attributes
    ----------
    input_shape, output_shape : (int, int, int)

    Raises
    ------
    ValueError
        If the shapes do not fit, the kernel is larger than the padded input, or the padding
        mode is another one.

    References
    ----------
    Pattichis and Pattichis (2024), section 2.1: "convolutions represent special cases of the
    weight matrix".
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
        self.stride = _pair("stride", stride, least=1)
        self.dilation = _pair("dilation", dilation, least=1)
        self.padding = _padding(padding, kernel, self.dilation)
        sizes = zip(input_shape[1:], kernel, self.stride, self.dilation, self.padding, strict=True)
        spans = [(n + sum(p) - d * (k - 1) - 1, s) for n, k, s, d, p in sizes]
        if min(span for span, _ in spans) < 0:
            raise ValueError(
                f"input_shape: expected room for a kernel of {kernel[0]} x {kernel[1]} with "
                f"dilation {self.dilation}, got {self.input_shape} with padding {self.padding}"
            )
        self.output_shape = (out, *(span // s + 1 for span, s in spans))
        super().__init__(np.float64, (math.prod(self.output_shape), math.prod(self.input_shape)))

    @classmethod
    def of(cls, conv, input_shape):
        """The operator of a torch Conv2d, for inputs of shape (C, H, W)."""
        return cls(
            conv.weight,
            input_shape,
            conv.stride,
            conv.padding,
            conv.dilation,
            conv.groups,
            conv.padding_mode,
        )

    def _matvec(self, x):
        return self._matmat(x.reshape(-1, 1))[:, 0]

    def _rmatvec(self, y):
        return self._rmatmat(y.reshape(-1, 1))[:, 0]

    def _matmat(self, X):
        channels, height, width = self.input_shape
        columns = X.shape[1]
        mode = {"zeros": "constant", "circular": "wrap"}[self.padding_mode]
        image = np.asarray(X, np.float64).reshape(channels, height, width, columns)
        image = np.pad(image, ((0, 0), *self.padding, (0, 0)), mode=mode)
        groups, out, each = self.weight.shape[:3]
        result = np.zeros((groups, out, math.prod(self.output_shape[1:]) * columns))
        for tap, window in self._taps():
            seen = image[(slice(None), *window)].reshape(groups, each, -1)
            result += self.weight[(..., *tap)] @ seen
        return result.reshape(-1, columns)

    def _rmatmat(self, Y):
        channels, height, width = self.input_shape
        columns = Y.shape[1]
        groups, out, _ = self.weight.shape[:3]
        answer = np.asarray(Y, np.float64).reshape(groups, out, -1)
        (top, bottom), (left, right) = self.padding
        image = np.zeros((channels, top + height + bottom, left + width + right, columns))
        for tap, window in self._taps():
            spread = self.weight[(..., *tap)].swapaxes(1, 2) @ answer
            image[(slice(None), *window)] += spread.reshape(
                channels, *self.output_shape[1:], columns
            )
        if self.padding_mode == "circular":
            image = _fold(_fold(image, 1, top, height), 2, left, width)
        else:
            image = image[:, top : top + height, left : left + width]
        return image.reshape(-1, columns)

    def _taps(self):
        """Each position in the kernel, with the part of the padded image that it meets."""
        _, rows, columns = self.output_shape
        for i, j in np.ndindex(*self.weight.shape[3:]):
            starts = i * self.dilation[0], j * self.dilation[1]
            yield (
                (i, j),
                tuple(
                    slice(start, start + step * (count - 1) + 1, step)
                    for start, step, count in zip(starts, self.stride, (rows, columns), strict=True)
                ),
            )

    @property
    def _is_block_circulant(self):
        """Whether shifts by the stride pass through, so that Fourier blocks are exact."""
        return self.padding_mode == "circular" and all(
            size == step * count
            for size, step, count in zip(
                self.input_shape[1:], self.stride, self.output_shape[1:], strict=True
            )
        )

    @functools.cached_property
    def _gram(self):
        return operators.gram(self)

    @functools.cached_property
    def _spectrum(self):
        if not self._is_block_circulant:
            return operators.gram_spectrum(self._gram)
        return fourier_spectrum(
            self.weight, self.input_shape, self.stride, self.padding, self.dilation
        )

    def singular_values(self, k=None):
        """Singular values of the layer, by the cheapest exact way.

        Parameters
        ----------
        k : int, optional
            Only the largest k, by Lanczos iteration, for layers of any size. All by default:
            from Fourier blocks where circular padding allows it, strides included (Sedghi, Gupta
            and Long 2019), otherwise from the smaller Gram matrix, dense, while it fits in memory.

        Returns
        -------
        vslib.operators.Spectrum
            The values, the method that found them, and a bound on their error.

        Raises
        ------
        ValueError
            If k is not in 1 to min(m, n), or all are asked for and the Gram matrix does not fit;
            the message says the sizes.
        """
        size = min(self.shape)
        if k is None or k == size:
            return self._spectrum
        if not 1 <= k < size:
            raise ValueError(f"k: expected 1 to {size}, got {k!r}")
        return operators.lanczos_spectrum(self, k)

    @functools.cached_property
    def rank(self):
        """Number of singular values above what their method can tell from zero, relative to s1.

        That is max(m, n) eps for Fourier blocks and sqrt(max(m, n) eps) for a Gram matrix.
        """
        tolerance = max(self.shape) * operators.EPS
        if self._spectrum.method == "gram":
            tolerance = math.sqrt(tolerance)
        values = self._spectrum.values
        return int(np.count_nonzero(values > tolerance * values[0]))

    def split(self, x):
        """Parts of feature maps that the layer lets through and that it rejects; they add up to x.

        Parameters
        ----------
        x : (..., C, H, W) or (..., C * H * W) array

        Returns
        -------
        signal, rejected : arrays of the shape of x

        Raises
        ------
        ValueError
            If x has another shape or is not finite and real; if the layer is so large that it
            must be split by iteration, and that does not converge.
        """
        x = real_array(x, "x")
        if x.shape[-3:] != self.input_shape and x.shape[-1] != self.shape[1]:
            raise ValueError(
                f"x: expected shape (..., {', '.join(map(str, self.input_shape))}) or "
                f"(..., {self.shape[1]}), got {x.shape}"
            )
        columns = x.reshape(-1, self.shape[1]).T
        if operators.fits(self.shape):
            signal = operators.signal_part(self, columns, self._gram, self.rank)
        else:
            signal = operators.signal_part(self, columns)
        signal = signal.T.reshape(x.shape)
        return signal, x - signal

    def rejected_energy(self, x):
        """Share of the energy of feature maps that the layer does not see.

        Parameters
        ----------
        x : (..., C, H, W) or (..., C * H * W) array

        Returns
        -------
        (...) array
            In [0, 1]; 0 for x = 0.
        """
        parts = [part.reshape(-1, self.shape[1]) for part in self.split(x)]
        kept, lost = ((part**2).sum(1) for part in parts)
        share = lost / np.where(kept + lost == 0, 1, kept + lost)
        axes = 3 if np.shape(x)[-3:] == self.input_shape else 1
        return share.reshape(np.shape(x)[:-axes])


def _pair(name, value, least):
    pair = (value, value) if isinstance(value, int) else tuple(value)
    if len(pair) != 2 or min(pair) < least:
        raise ValueError(f"{name}: expected {least} or more, or a pair of such, got {value!r}")
    return pair


def _padding(padding, kernel, dilation):
    if padding == "valid":
        padding = 0
    if padding == "same":
        total = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        return tuple((t // 2, t - t // 2) for t in total)
    return tuple((p, p) for p in _pair("padding", padding, least=0))


def _fold(image, axis, before, size):
    """Add what lies in the padding to the entries that it repeats."""
    positions = (np.arange(image.shape[axis]) - before) % size
    folded = np.zeros((*image.shape[:axis], size, *image.shape[axis + 1 :]))
    np.add.at(folded, (slice(None),) * axis + (positions,), image)
    return folded
