"""From an output of a network back to an input, with a certificate that the network gives.

Equation (5) of the paper, Newton's method where it has no answer, and what the layers rejected
where that was kept. Chapter 6 teaches it.
"""

from vslib.inversion import activations
from vslib.inversion.activation import Activation
from vslib.inversion.activations import INVERTIBLE
from vslib.inversion.failures import (
    InversionError,
    NotConvergedError,
    OutOfRangeError,
    UnreachableError,
)
from vslib.inversion.invert import Inversion, invert
from vslib.inversion.memory import Memory, remember

__all__ = [
    "INVERTIBLE",
    "Activation",
    "Inversion",
    "InversionError",
    "Memory",
    "NotConvergedError",
    "OutOfRangeError",
    "UnreachableError",
    "activations",
    "invert",
    "remember",
]
