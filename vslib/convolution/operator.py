"""A convolution as the linear map that it is: its spectrum and its four subspaces, exactly."""

import functools

from vslib.arrays import real_array
from vslib.convolution import spectra
from vslib.convolution.fourier import fourier_signal, fourier_spectrum
from vslib.convolution.map import ConvMap
from vslib.layers import geometry
from vslib.spaces import rejected_share, signs

__all__ = ["ConvOperator"]


class ConvOperator(ConvMap):
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
    reading : {"operator, zeros", "operator, circular"}
        Beside the readings of `vslib.layers.matrices`.

    Raises
    ------
    ValueError
        If the shapes do not fit, the kernel is larger than the padded input, or the padding
        mode is another one.

    References
    ----------
    Pattichis and Pattichis (2024), section 2.1: "convolutions represent special cases of the
    weight matrix".

    Examples
    --------
    >>> A = ConvOperator([[[[-1, 1]]]], (1, 1, 4))
    >>> A.shape, A.output_shape, A.reading, A.rank
    ((3, 4), (1, 1, 3), 'operator, zeros', 3)
    >>> A.singular_values().values.round(3)
    array([1.848, 1.414, 0.765])
    >>> signal, rejected = A.split([1.0, 2.0, 4.0, 8.0])
    >>> signal.round(2), rejected.round(2)
    (array([-2.75, -1.75,  0.25,  4.25]), array([3.75, 3.75, 3.75, 3.75]))
    """

    @classmethod
    def of(cls, conv, input_shape, padding_mode=None):
        """The operator of a torch Conv2d, for inputs of shape (C, H, W), padded as it is or so."""
        return cls(
            conv.weight,
            input_shape,
            conv.stride,
            conv.padding,
            conv.dilation,
            conv.groups,
            padding_mode or conv.padding_mode,
        )

    @functools.cached_property
    def _gram(self):
        return spectra.gram(self)

    @functools.cached_property
    def _spectrum(self):
        if self.is_block_circulant:
            return fourier_spectrum(max(self.shape), *self.geometry)
        return spectra.gram_spectrum(self._gram, max(self.shape))

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
        vslib.convolution.Spectrum
            The values, the method that found them, and a bound on their error.

        Raises
        ------
        ValueError
            If k is not in 1 to min(m, n), or all are asked for and the Gram matrix does not fit;
            the message says the sizes.
        """
        if k is None or k == min(self.shape):
            return self._spectrum
        return spectra.lanczos(self, k)[0]

    def signal_vectors(self, k):
        """The k largest of the signal vectors s_i v_i, as feature maps: equation (4).

        Where singular values are equal, as for circular padding, any orthonormal basis of their
        vectors is as good as another.

        Parameters
        ----------
        k : int
            From 1 to min(m, n) - 1.

        Returns
        -------
        (k, C, H, W) array

        Raises
        ------
        ValueError
            If k is out of that range.
        """
        spectrum, basis = spectra.lanczos(self, k)
        vectors = (spectrum.values * signs(basis))[:, None] * basis
        return vectors.reshape(k, *self.input_shape)

    @property
    def rank(self):
        """Number of singular values above what their method can tell from zero, relative to s1.

        That is max(m, n) eps for Fourier blocks and sqrt(max(m, n) eps) for a Gram matrix.
        """
        return self._spectrum.rank

    @property
    def condition_number(self):
        """s1 / sr, at least 1 (paper, section 2.3); a ValueError for a zero layer."""
        return self._spectrum.condition_number

    def split(self, x):
        """Parts of feature maps that the layer lets through and that it rejects; they add up to x.

        Found in Fourier blocks or with the Gram matrix, as the singular values are; where neither
        fits, by iteration, each input by itself.

        Parameters
        ----------
        x : (..., C, H, W) or (..., C * H * W) array

        Returns
        -------
        signal, rejected : arrays of the shape of x
            In Signal(A), the row space of the operator, and in RejSignal(A), its null space.

        Raises
        ------
        ValueError
            If x has another shape or is not finite and real; if the layer is so large that it
            must be split by iteration, and that does not converge.
        """
        x = real_array(x, "x")
        flat = geometry.flattened(x, "x", self.input_shape)
        if self.is_block_circulant:
            maps = flat.reshape(-1, *self.input_shape)
            threshold = self._spectrum.tolerance * self._spectrum.values[0]
            signal = fourier_signal(maps, threshold, *self.geometry)
        else:
            signal = self._signal_part(self, flat.T).T
        signal = signal.reshape(x.shape)
        return signal, x - signal

    def split_out(self, y):
        """Parts of outputs that the layer can answer and that it cannot; they add up to y.

        Parameters
        ----------
        y : (..., C_out, H_out, W_out) or (..., C_out * H_out * W_out) array

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
        flat = geometry.flattened(y, "y", self.output_shape)
        signal = self._signal_part(self.H, flat.T).T.reshape(y.shape)
        return signal, y - signal

    def _signal_part(self, A, columns):
        if not spectra.fits(self.shape):
            return spectra.signal_part(A, columns)
        # A square map and its transpose have different Gram matrices of the same size.
        products = self._gram if A is self or A.shape[0] != A.shape[1] else spectra.gram(A)
        return spectra.signal_part(A, columns, products, self.rank)

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
        x = real_array(x, "x")
        parts = [geometry.flattened(part, "x", self.input_shape) for part in self.split(x)]
        axes = 3 if x.shape[-3:] == self.input_shape else 1
        return rejected_share(*parts).reshape(x.shape[:-axes])
