"""A convolution as the linear map that it is, forward or transposed, and read from its module."""

import numpy as np
from scipy.sparse.linalg import LinearOperator

from vslib.arrays import real_array
from vslib.convolution.map import ConvMap
from vslib.convolution.spectral import Spectral
from vslib.spaces import centred

__all__ = ["ConvOperator", "TransposedConvOperator"]


class ConvOperator(Spectral, ConvMap):
    """The exact map of a convolution, from flattened input to flattened output.

    A SciPy LinearOperator of shape (C_out * H_out * W_out, C * H * W), computing in float64:
    whatever takes one (svds, lsmr, eigsh) takes a convolution. Inputs and outputs are flattened
    in the order channel, row, column, as torch does; the bias is left out.

    Parameters
    ----------
    weight : (C_out, C / groups, k_h, k_w) array
        One or three axes for the kernel make it a Conv1d or a Conv3d.
    input_shape : (int, int, int)
        C, H and W of one input; C and L, or C, D, H and W.
    stride, dilation : int or pair of int
        1 or more.
    padding : int, pair of int, "same" or "valid"
        As torch's convolutions understand it.
    groups : int
        Must divide C and C_out.
    padding_mode : {"zeros", "circular", "reflect", "replicate"}
    rtol : float, optional
        Singular values up to ``rtol * s1`` count as zero; by default ``max(m, n) * eps`` with
        the eps of the precision in which the weights came (`vslib.arrays.precision`).

    Attributes
    ----------
    input_shape, output_shape : (int, int, int)
    reading : str
        "operator, " and the padding mode, beside the readings of `vslib.layers.matrices`.

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

    def __init__(
        self,
        weight,
        input_shape,
        stride=1,
        padding=0,
        dilation=1,
        groups=1,
        padding_mode="zeros",
        rtol=None,
    ):
        if rtol is not None and not 0 <= rtol < 1:
            raise ValueError(f"rtol: expected a number in [0, 1), got {rtol!r}")
        ConvMap.__init__(self, weight, input_shape, stride, padding, dilation, groups, padding_mode)
        self.rtol = rtol
        self._power = int(centred(self.weight, axis=None)[1].item())

    def _parts(self):
        # Not the operator itself: it keeps what decomposes its parts, and would keep itself alive.
        if len(self.weight) == 1 and not self._power:
            return [self.part(0)]
        # Groups with equal kernels are one map, decomposed once.
        keys = [kernels.tobytes() for kernels in self.weight]
        parts = {key: self.part(group) for group, key in enumerate(keys)}
        for part in parts.values():
            part.weight = np.ldexp(part.weight, -self._power)
        return [parts[key] for key in keys]

    @classmethod
    def of(cls, conv, input_shape, padding_mode=None, rtol=None):
        """The operator of a torch module, for inputs of shape (C, H, W), padded as it is or so.

        Of what the module applies, in evaluation mode: its effective kernels, checked against
        the module itself (`vslib.convolution.modules.of`).
        """
        from vslib.convolution.modules import of

        return of(conv, input_shape, padding_mode, rtol)


class TransposedConvOperator(Spectral, LinearOperator):
    """The exact map of a transposed convolution: the adjoint of a `ConvOperator`.

    Parameters
    ----------
    forward : ConvOperator
        From the outputs of this map to its inputs.

    Attributes
    ----------
    input_shape, output_shape : tuple of int
    reading : str

    Examples
    --------
    >>> forward = ConvOperator(np.ones((1, 1, 1, 2)), (1, 1, 4), stride=2)
    >>> A = TransposedConvOperator(forward)
    >>> A.output_shape, A @ [1.0, 5.0]
    ((1, 1, 4), array([1., 1., 5., 5.]))
    """

    def __init__(self, forward):
        self.forward, self._power, self.rtol = forward, forward._power, forward.rtol
        self.precision, self.reading = forward.precision, f"{forward.reading}, transposed"
        self.padding_mode = forward.padding_mode
        self.input_shape, self.output_shape = forward.output_shape, forward.input_shape
        super().__init__(np.float64, forward.shape[::-1])

    def _parts(self):
        parts = self.forward._parts()
        turned = {id(part): part.H for part in parts}
        return [turned[id(part)] for part in parts]

    def _matvec(self, x):
        return self.forward.rmatvec(real_array(x, "x"))

    def _rmatvec(self, y):
        return self.forward.matvec(y)

    def _matmat(self, X):
        return self.forward.rmatmat(X)

    def _rmatmat(self, Y):
        return self.forward.matmat(Y)
