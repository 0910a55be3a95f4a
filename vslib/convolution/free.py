"""How a convolution is decomposed without a large matrix: by products alone, or by waves."""

import functools

import numpy as np

from vslib.convolution import spectra
from vslib.convolution.fourier import fourier_signal, fourier_spectrum
from vslib.convolution.krylov import largest
from vslib.convolution.spectra import EPS, Spectrum
from vslib.convolution.ways import Dense
from vslib.spaces import signs

__all__ = ["Fourier", "Products"]


class Products:
    """Products alone, for maps that nothing else fits.

    Examples
    --------
    >>> from scipy.sparse.linalg import aslinearoperator
    >>> Products(aslinearoperator(np.diag([3.0, 2.0, 1.0]))).largest(1, 1e-9).values.round(6)
    array([3.])
    """

    name = "krylov"

    def __init__(self, A):
        self.A, self._found = A, {}

    def refuse(self):
        spectra.gram(self.A)  # which says the sizes

    def spectrum(self, tolerance):
        self.refuse()

    def largest(self, k, tolerance):
        values, _, residual, missed = self.found(k)
        return Spectrum(values, self.name, residual, tolerance, missed, 1 - 1e-6)

    def found(self, k):
        if k not in self._found:
            self._found = {k: largest(self.A, k)}
        return self._found[k]

    def vectors(self, k):
        values, vectors, *_ = self.found(k)
        return (values * signs(vectors))[:, None] * vectors

    def project(self, rows, threshold):
        return spectra.signal_part(self.A, rows.T).T

    def project_out(self, rows, threshold):
        return spectra.signal_part(self.A.H, rows.T).T


class Fourier(Products):
    """Waves: all singular values and both splits of a circular convolution, exactly.

    Examples
    --------
    >>> from vslib.convolution.map import ConvMap
    >>> weight = np.array([[[[1.0, 1.0, 0.0]]]])
    >>> A = ConvMap(weight, (1, 1, 4), padding=(0, 1), padding_mode="circular")
    >>> Fourier(A).spectrum(1e-9).values.round(3)
    array([2.   , 1.414, 1.414, 0.   ])
    """

    name = "fft"

    @functools.cached_property
    def values(self):
        return fourier_spectrum(max(self.A.shape), *self.A.geometry).values

    @functools.cached_property
    def dense(self):
        """The whole matrix, for vectors where it is small."""
        return Dense(self.A)

    def spectrum(self, tolerance):
        block = max(self.A.weight.shape[1:3]) * int(np.prod(self.A.stride))
        return Spectrum(self.values, self.name, EPS * block, tolerance)

    def largest(self, k, tolerance):
        whole = self.spectrum(tolerance)
        return Spectrum(whole.values[:k], self.name, whole.residual, tolerance)

    def vectors(self, k):
        values, vectors, *_ = self.found(k)
        if np.abs(values - self.values[:k]).max() > 1e-6 * max(self.values[0], 1e-300):
            raise ValueError(f"the iteration found other values than the Fourier blocks, for {k}")
        return (values * signs(vectors))[:, None] * vectors

    def project(self, rows, threshold):
        maps = rows.reshape(-1, *self.A.geometry[1])
        return fourier_signal(maps, threshold, *self.A.geometry).reshape(rows.shape)

    def project_out(self, rows, threshold):
        weight, (_, height, width), (s, t), *_ = self.A.geometry
        maps = rows.reshape(-1, weight.shape[0] * weight.shape[1], height // s, width // t)
        return fourier_signal(maps, threshold, *self.A.geometry, out=True).reshape(rows.shape)
