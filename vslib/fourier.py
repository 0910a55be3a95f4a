"""A circular convolution in the basis of waves: one small matrix for each frequency."""

import math

import numpy as np

from vslib.operators import EPS, Spectrum

__all__ = ["fourier_blocks", "fourier_spectrum"]


def fourier_blocks(weight, input_shape, stride, padding, dilation):
    """Matrices that a circular convolution becomes under the orthonormal Fourier transform.

    With a stride, the frequencies that it cannot tell apart stand side by side in one block.

    Parameters
    ----------
    weight : (groups, C_out / groups, C / groups, k_h, k_w) array
    input_shape : (int, int, int)
        C, H and W, with H and W multiples of the stride.
    stride, dilation : (int, int)
    padding : pair of pairs of int
        Before and after, for rows and columns.

    Returns
    -------
    (groups, H / s_h, W / s_w, C_out / groups, s_h * s_w * C / groups) complex array

    References
    ----------
    Sedghi, Gupta and Long (2019), The singular values of convolutional layers, for stride 1.
    """
    groups, out, each, *kernel = weight.shape
    _, height, width = input_shape
    (s, t), sizes = stride, zip((height, width), dilation, kernel, padding, strict=True)
    rows, columns = (
        np.exp(2j * np.pi * np.outer(np.arange(n), d * np.arange(k) - before) / n)
        for n, d, k, (before, _) in sizes
    )
    transfer = np.einsum("goikl,yk,xl->gyxoi", weight, rows, columns, optimize=True)
    folded = transfer.reshape(groups, s, height // s, t, width // t, out, each)
    folded = folded.transpose(0, 2, 4, 5, 1, 3, 6)
    return folded.reshape(groups, height // s, width // t, out, -1) / math.sqrt(s * t)


def fourier_spectrum(weight, input_shape, stride, padding, dilation):
    """All singular values of a circular convolution, from its Fourier blocks.

    Parameters
    ----------
    weight, input_shape, stride, padding, dilation
        As for `fourier_blocks`.

    Returns
    -------
    vslib.operators.Spectrum
    """
    blocks = fourier_blocks(weight, input_shape, stride, padding, dilation)
    columns = blocks.shape[2]
    # Opposite frequencies of a real kernel have the same singular values.
    values = np.linalg.svd(blocks[:, :, : columns // 2 + 1], compute_uv=False)
    twice = values[:, :, 1 : (columns + 1) // 2]
    values = np.sort(np.concatenate([values.ravel(), twice.ravel()]))[::-1]
    return Spectrum(values, "fft", EPS * max(blocks.shape[-2:]))
