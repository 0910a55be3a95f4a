"""How a convolution is decomposed by a matrix: whole, by its patches, or by its Gram matrix."""

import functools

import numpy as np
from scipy.linalg import eigh

from vslib.convolution import spectra
from vslib.convolution.spectra import EPS, Spectrum
from vslib.spaces import signs

__all__ = ["Dense", "Gram", "Patches"]


class Dense:
    """The whole matrix, and its singular value decomposition.

    Examples
    --------
    >>> from scipy.sparse.linalg import aslinearoperator
    >>> way = Dense(aslinearoperator(np.diag([3.0, 1.0, 0.0])))
    >>> way.spectrum(1e-9).rank, way.vectors(1)
    (2, array([[3., 0., 0.]]))
    """

    name = "dense"

    def __init__(self, A):
        self.A = A

    def matrix(self):
        m, n = self.A.shape
        step = spectra.COLUMNS
        wide, blocks = min(m, n), []
        for first in range(0, wide, step):
            units = np.eye(wide, min(step, wide - first), -first)
            blocks.append(self.A.matmat(units) if n <= m else self.A.rmatmat(units))
        whole = np.concatenate(blocks, axis=1)
        return whole if n <= m else whole.T

    @functools.cached_property
    def decomposed(self):
        return np.linalg.svd(self.matrix(), full_matrices=False)

    @functools.cached_property
    def values(self):
        if "decomposed" in vars(self):
            return self.decomposed[1]
        return np.linalg.svd(self.matrix(), compute_uv=False)

    def spectrum(self, tolerance):
        return Spectrum(self.values, self.name, EPS * max(self.A.shape), tolerance)

    def vectors(self, k):
        _, s, vt = self.decomposed
        return (s[:k] * signs(vt[:k]))[:, None] * vt[:k]

    def project(self, rows, threshold):
        _, s, vt = self.decomposed
        kept = vt[s > threshold]
        return (rows @ kept.T) @ kept

    def project_out(self, rows, threshold):
        u, s, _ = self.decomposed
        kept = u[:, s > threshold]
        return (rows @ kept) @ kept.T


class Patches:
    """The filters alone, where no two places of the kernel meet an entry in common.

    Then A A^T is the filters' F F^T, once for each place: so are the singular values.

    Examples
    --------
    >>> from vslib.convolution.map import ConvMap
    >>> way = Patches(ConvMap(np.ones((1, 1, 2, 2)), (1, 4, 4), stride=2))
    >>> way.spectrum(1e-9).values
    array([2., 2., 2., 2.])
    """

    name = "patches"

    def __init__(self, A):
        self.A, self.places = A, A.patches()
        weight = A.weight[0]
        self.u, self.s, self.vt = np.linalg.svd(
            weight.reshape(len(weight), -1), full_matrices=False
        )

    def spectrum(self, tolerance):
        values = np.zeros(min(self.A.shape))
        copies = np.repeat(self.s, len(self.places))
        values[: len(copies)] = copies
        return Spectrum(values, self.name, EPS * max(self.A.shape), tolerance)

    def vectors(self, k):
        count = len(self.places)
        rows = np.zeros((k, self.A.shape[1]))
        signed = (self.s * signs(self.vt))[:, None] * self.vt
        for row in range(min(k, count * len(self.s))):
            rows[row, self.places[row % count]] = signed[row // count]
        return rows

    def project(self, rows, threshold):
        kept = self.vt[self.s > threshold]
        signal = np.zeros_like(rows)
        signal[:, self.places] = (rows[:, self.places] @ kept.T) @ kept
        return signal

    def project_out(self, rows, threshold):
        kept = self.u[:, self.s > threshold]
        maps = rows.reshape(len(rows), len(kept), -1)
        return np.einsum("oi,pi,npx->nox", kept, kept, maps, optimize=True).reshape(rows.shape)


class Gram:
    """The smaller Gram matrix: exact for all but values below about 1e-8 of the largest.

    Examples
    --------
    >>> from scipy.sparse.linalg import aslinearoperator
    >>> way = Gram(aslinearoperator(np.diag([3.0, 1.0])))
    >>> way.spectrum(1e-9).method, way.vectors(1)
    ('gram', array([[3., 0.]]))
    """

    name = "gram"

    def __init__(self, A):
        self.A = A

    @functools.cached_property
    def products(self):
        return spectra.gram(self.A)

    @functools.cached_property
    def plain(self):
        return spectra.gram_spectrum(self.products, max(self.A.shape))

    def spectrum(self, tolerance):
        found = self.plain
        return Spectrum(found.values, self.name, found.residual, max(tolerance, found.tolerance))

    def vectors(self, k):
        size = len(self.products)
        squares, vectors = eigh(self.products, subset_by_index=(size - k, size - 1))
        vectors = vectors[:, ::-1]
        if self.A.shape[0] < self.A.shape[1]:
            rows = self.A.rmatmat(vectors).T
        else:
            rows = np.sqrt(np.maximum(squares[::-1], 0))[:, None] * vectors.T
        return np.where(rows.any(1, keepdims=True), signs(rows)[:, None], 1) * rows

    def project(self, rows, threshold):
        rank = int(np.count_nonzero(self.plain.values > threshold))
        return spectra.signal_part(self.A, rows.T, self.products, rank).T

    def project_out(self, rows, threshold):
        rank = int(np.count_nonzero(self.plain.values > threshold))
        m, n = self.A.shape
        # A square map and its transpose have different Gram matrices of the same size.
        products = self.products if m != n else spectra.gram(self.A.H)
        return spectra.signal_part(self.A.H, rows.T, products, rank).T
