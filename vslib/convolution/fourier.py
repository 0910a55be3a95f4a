"""A circular convolution in the basis of waves: one small matrix for each frequency."""

import math

import numpy as np

from vslib.convolution.spectra import EPS, Spectrum

__all__ = ["fourier_blocks", "fourier_signal", "fourier_spectrum"]


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

    Yields
    ------
    (groups, W / s_w, C_out / groups, s_h * s_w * C / groups) complex array
        For each of the H / s_h frequencies along the rows; one at a time, to save memory.

    References
    ----------
    Sedghi, Gupta and Long (2019), The singular values of convolutional layers, for stride 1.

    Examples
    --------
    >>> weight = np.array([1.0, -1.0]).reshape(1, 1, 1, 1, 2)
    >>> layer = weight, (1, 1, 4), (1, 1), ((0, 0), (0, 1)), (1, 1)
    >>> (blocks,) = fourier_blocks(*layer)
    >>> abs(blocks).ravel().round(3)
    array([0.   , 1.414, 2.   , 1.414])
    """
    groups, out, each, *kernel = weight.shape
    _, height, width = input_shape
    (s, t), sizes = stride, zip((height, width), dilation, kernel, padding, strict=True)
    rows, columns = (
        np.exp(2j * np.pi * np.outer(np.arange(n), d * np.arange(k) - before) / n)
        for n, d, k, (before, _) in sizes
    )
    along = np.einsum("goikl,xl->gxoik", weight, columns, optimize=True)
    for frequency in range(height // s):
        transfer = np.tensordot(along, rows[frequency :: height // s], (4, 1))
        folded = transfer.reshape(groups, t, width // t, out, each, s)
        folded = folded.transpose(0, 2, 3, 5, 1, 4).reshape(groups, width // t, out, -1)
        yield folded / math.sqrt(s * t)


def fourier_spectrum(length, *layer):
    """All singular values of a circular convolution, from its Fourier blocks.

    Parameters
    ----------
    length : int
        max(m, n) of the whole map; length eps s1 cannot be told from zero.
    *layer
        As for `fourier_blocks`.

    Returns
    -------
    vslib.convolution.Spectrum

    Examples
    --------
    >>> weight = np.array([1.0, -1.0]).reshape(1, 1, 1, 1, 2)
    >>> layer = weight, (1, 1, 4), (1, 1), ((0, 0), (0, 1)), (1, 1)
    >>> fourier_spectrum(4, *layer).values.round(3)
    array([2.   , 1.414, 1.414, 0.   ])
    """
    values = []
    for blocks in fourier_blocks(*layer):
        _, columns, *block = blocks.shape
        # Opposite frequencies of a real kernel have the same singular values.
        half = np.linalg.svd(blocks[:, : columns // 2 + 1], compute_uv=False)
        values += [half.ravel(), half[:, 1 : (columns + 1) // 2].ravel()]
    values = np.sort(np.concatenate(values))[::-1]
    return Spectrum(values, "fft", EPS * max(block), EPS * length)


def fourier_signal(X, threshold, *layer, out=False):
    """Part of each image in the row space of a circular convolution, wave by wave.

    Parameters
    ----------
    X : (N, C, H, W) array
        Outputs, (N, C_out, H / s_h, W / s_w), if `out`.
    threshold : float
        Singular values up to this count as zero.
    *layer
        As for `fourier_blocks`.
    out : bool
        Part of outputs in the column space instead.

    Returns
    -------
    array of the shape of X

    Examples
    --------
    >>> weight = np.array([1.0, -1.0]).reshape(1, 1, 1, 1, 2)
    >>> layer = weight, (1, 1, 4), (1, 1), ((0, 0), (0, 1)), (1, 1)
    >>> fourier_signal(np.array([[[[2.0, 0.0, 0.0, 2.0]]]]), 1e-9, *layer).round(3)
    array([[[[ 1., -1., -1.,  1.]]]])
    """
    weight, (_, height, width), (s, t), *_ = layer
    folds = (1, 1) if out else (s, t)
    waves = np.fft.fft2(X, norm="ortho")
    shape = (len(X), len(weight), -1, folds[0], height // s, folds[1], width // t)
    waves = waves.reshape(shape)
    for frequency, blocks in enumerate(fourier_blocks(*layer)):
        left, values, basis = np.linalg.svd(blocks, full_matrices=False)
        basis = left.conj().swapaxes(2, 3) if out else basis
        basis = basis * (values > threshold)[..., None]
        met = waves[:, :, :, :, frequency].transpose(1, 5, 3, 4, 2, 0)
        kept = basis.conj().swapaxes(2, 3) @ (basis @ met.reshape(*basis.shape[:2], -1, len(X)))
        waves[:, :, :, :, frequency] = kept.reshape(met.shape).transpose(5, 0, 4, 2, 3, 1)
    return np.fft.ifft2(waves.reshape(X.shape), norm="ortho").real
