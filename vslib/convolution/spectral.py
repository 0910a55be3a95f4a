"""What is asked of a convolution as a linear map: singular values, rank and four subspaces."""

import functools
from dataclasses import replace

import numpy as np
from scipy.sparse.linalg import LinearOperator

from vslib.arrays import real_array
from vslib.convolution import spectra
from vslib.convolution.choice import choose, choose_few, vectors_of
from vslib.convolution.free import Products
from vslib.convolution.spectra import Spectrum
from vslib.layers import geometry
from vslib.spaces import rejected_share

__all__ = ["Spectral"]


class Spectral(LinearOperator):
    """A linear map between feature maps that can be asked for its spectrum and its subspaces.

    Attributes
    ----------
    input_shape, output_shape : tuple of int
    precision : float
        The eps by which rank is judged (`vslib.arrays.precision`).
    rtol : float or None
        What overrides max(m, n) times that.

    Examples
    --------
    >>> from vslib.convolution import ConvOperator
    >>> isinstance(ConvOperator(np.ones((1, 1, 2, 2)), (1, 3, 3)), Spectral)
    True
    """

    rtol = None

    @property
    def tolerance(self):
        """Singular values up to this times the largest count as zero."""
        return max(self.shape) * self.precision if self.rtol is None else self.rtol

    @functools.cached_property
    def _ways(self):
        parts = self._parts()
        ways = {id(part): choose(part, self.tolerance) for part in parts}
        return [ways[id(part)] for part in parts]

    def _rescaled(self, values):
        with np.errstate(over="ignore"):
            values = values if self._power == 0 else np.ldexp(values, self._power)
        if not np.isfinite(values).all():
            raise ValueError("weight: expected singular values that float64 holds; divide it")
        return values

    def _stated(self, spectrum, k=None):
        return replace(spectrum, values=self._rescaled(spectrum.values[:k].copy()))

    @functools.cached_property
    def _spectrum(self):
        found = [way.spectrum(self.tolerance) for way in self._ways]
        return self._merged(found, np.sort(np.concatenate([f.values for f in found]))[::-1])

    def _check(self, k):
        if not isinstance(k, int | np.integer) or not 1 <= k <= min(self.shape):
            raise ValueError(f"k: expected 1 to {min(self.shape)}, got {k!r}")

    def _merged(self, found, values):
        worst = max(found, key=lambda f: f.tolerance)
        top = values[0] or 1.0
        size = min(self.shape)
        values = np.concatenate([values[:size], np.zeros(max(0, size - len(values)))])
        residual = max(f.residual * (f.values[0] / top) for f in found)
        return Spectrum(
            values,
            worst.method,
            float(residual) or worst.residual,
            worst.tolerance,
            max(f.missed for f in found),
            min(f.confidence for f in found),
        )

    def check_size(self):
        """Raise the ValueError that `singular_values()` would, before any work is done."""
        for way in self._ways:
            if type(way) is Products:
                way.refuse()

    def singular_values(self, k=None):
        """Singular values of the layer, by the cheapest exact way.

        Parameters
        ----------
        k : int, optional
            Only the largest k, copies counted, for layers of any size. All by default: from the
            filters where no two places of the kernel share an entry; from Fourier blocks where
            circular padding allows it, strides included (Sedghi, Gupta and Long 2019); from the
            whole matrix where that is small, or its weights are float64 and it fits; otherwise
            from the Gram matrix, while that fits. The largest k come by products where that does
            not fit, or would take minutes for all groups.

        Returns
        -------
        vslib.convolution.Spectrum
            The values, the way that they were found, and what is certified of them.

        Raises
        ------
        ValueError
            If k is not in 1 to min(m, n); with the sizes, if all are asked for and the Gram matrix
            does not fit, or the k largest cannot be certified; if float64 does not hold them.
        """
        if k is None:
            return self._stated(self._spectrum)
        self._check(k)
        ways = choose_few(self._ways, k)
        if k == min(self.shape) or not any(type(way) is Products for way in ways):
            return self._stated(self._spectrum, k)
        found = [way.largest(min(k, min(way.A.shape) - 1), self.tolerance) for way in ways]
        values = np.sort(np.concatenate([f.values for f in found]))[::-1][:k]
        return self._stated(self._merged(found, values), k)

    def signal_vectors(self, k):
        """The k largest of the signal vectors s_i v_i, as feature maps: equation (4).

        Where singular values are equal, as for circular padding, any orthonormal basis of their
        vectors is as good as another.

        Parameters
        ----------
        k : int
            From 1 to min(m, n).

        Returns
        -------
        (k, *input_shape) array

        Raises
        ------
        ValueError
            If k is out of that range, or as for `singular_values`.
        """
        self._check(k)
        ways = [vectors_of(way) for way in choose_few(self._ways, k)]
        found = {}
        for way in set(ways):
            found[way] = way.vectors(min(k, min(way.A.shape) - isinstance(way, Products)))
        vectors = np.concatenate([found[way] for way in ways])
        groups = np.repeat(np.arange(len(ways)), [len(found[way]) for way in ways])
        if len(vectors) < k:
            raise ValueError(f"k: expected 1 to {len(vectors)} for a map of this size, got {k}")
        order = np.argsort(-np.linalg.norm(vectors, axis=1), kind="stable")[:k]
        rows = np.zeros((k, len(ways), vectors.shape[1]))
        rows[np.arange(k), groups[order]] = vectors[order]
        return self._rescaled(rows).reshape(k, *self.input_shape)

    @property
    def rank(self):
        """Number of singular values above the tolerance (`Spectrum.tolerance`) times the first."""
        return self._spectrum.rank

    @property
    def condition_number(self):
        """s1 / sr, at least 1 (paper, section 2.3); a ValueError for a zero layer."""
        return self._spectrum.condition_number

    def split(self, x):
        """Parts of feature maps that the layer lets through and that it rejects; they add up to x.

        As the singular values are found, with the same tolerance; where nothing but products fits,
        by iteration, each input by itself, for weights taken as exact (float64, or rtol=0).

        Parameters
        ----------
        x : (..., *input_shape) array, or flattened

        Returns
        -------
        signal, rejected : arrays of the shape of x
            In Signal(A), the row space of the operator, and in RejSignal(A), its null space.

        Raises
        ------
        ValueError
            If x has another shape or is not finite and real; if an iteration cannot split it.
        """
        x = real_array(x, "x")
        signal = self._signal(geometry.flattened(x, "x", self.input_shape), 1, "project")
        signal = signal.reshape(x.shape)
        return signal, x - signal

    def split_out(self, y):
        """Parts of outputs that the layer can answer and that it cannot; they add up to y.

        Parameters
        ----------
        y : (..., *output_shape) array, or flattened

        Returns
        -------
        signal_out, rejected_out : arrays of the shape of y
            In SignalOut(A), the column space of the operator, and in RejSignalOut(A), its left
            null space.

        Raises
        ------
        ValueError
            As for `split`.
        """
        y = real_array(y, "y")
        signal = self._signal(geometry.flattened(y, "y", self.output_shape), 0, "project_out")
        signal = signal.reshape(y.shape)
        return signal, y - signal

    def _signal(self, rows, side, project):
        threshold = 0.0
        if not any(type(way) is Products for way in self._ways):
            threshold = self._spectrum.tolerance * self._spectrum.values[0]
        elif self.tolerance > spectra.coarse(max(self.shape)):
            m, n = self.shape
            small = f"{self.tolerance:.0e} of the largest; give rtol=0 to take the weights as exact"
            raise ValueError(
                f"a map of {m} x {n}: too large to tell which values are below {small}"
            )
        signal, place = np.empty_like(rows), 0
        for way in self._ways:
            width = way.A.shape[side]
            part = slice(place, place + width)
            signal[:, part] = getattr(way, project)(rows[:, part], threshold)
            place += width
        return signal

    def rejected_energy(self, x):
        """Share of the energy of feature maps that the layer does not see.

        Parameters
        ----------
        x : (..., *input_shape) array, or flattened

        Returns
        -------
        (...) array
            In [0, 1]; 0 for x = 0.
        """
        x = real_array(x, "x")
        parts = [geometry.flattened(part, "x", self.input_shape) for part in self.split(x)]
        axes = len(self.input_shape) if x.shape[-len(self.input_shape) :] == self.input_shape else 1
        return rejected_share(*parts).reshape(x.shape[:-axes])
