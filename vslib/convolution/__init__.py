"""A convolution as the exact matrix that it is, which is never written down.

Its products and its transpose's, its singular values, its rank and its four subspaces, beside the
other matrices that one kernel can be read as. Chapter 5 teaches it.
"""

from vslib.convolution.network import conv_operators
from vslib.convolution.operator import ConvOperator, TransposedConvOperator
from vslib.convolution.readings import READINGS, Reading, readings
from vslib.convolution.spectra import Spectrum

__all__ = [
    "READINGS",
    "ConvOperator",
    "Reading",
    "Spectrum",
    "TransposedConvOperator",
    "conv_operators",
    "readings",
]
