"""All inputs that a ReLU layer maps to one output, as a polytope of many dimensions.

Its points, nearest ones, ranges and samples; and the linear regions of a ReLU network. Chapter 6
teaches it.
"""

from vslib.preimage.polytopes import InfeasibleError, Polytope
from vslib.preimage.regions import LinearRegion, UncertifiedError, linear_region
from vslib.preimage.relu import relu_preimage

__all__ = [
    "InfeasibleError",
    "LinearRegion",
    "Polytope",
    "UncertifiedError",
    "linear_region",
    "relu_preimage",
]
