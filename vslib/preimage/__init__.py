"""All inputs that a ReLU layer maps to one output, as a polytope of many dimensions.

Its points, nearest ones, ranges and samples; the linear regions of a ReLU network, and their map on
a plane. Chapter 6 teaches it.
"""

from vslib.preimage.plane import PlaneRegion, PlaneRegions, plane_regions
from vslib.preimage.polytopes import InfeasibleError, Polytope
from vslib.preimage.regions import LinearRegion, UncertifiedError, linear_region
from vslib.preimage.relu import relu_preimage

__all__ = [
    "InfeasibleError",
    "LinearRegion",
    "PlaneRegion",
    "PlaneRegions",
    "Polytope",
    "UncertifiedError",
    "linear_region",
    "plane_regions",
    "relu_preimage",
]
