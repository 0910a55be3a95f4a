"""A network as matrices: each of its layers in a stated reading, as an array with a name.

Also where the kernels of a convolution stand in an image, and which of their taps only ever meet
padding. Chapters 1, 4 and 5 teach it.
"""

from vslib.layers import geometry
from vslib.layers.calling import untouched
from vslib.layers.matrices import augmented, matrices, visit
from vslib.layers.packed import GATES, stored_parts
from vslib.layers.reading import LayerMatrix, Layers, UnknownLayerError
from vslib.layers.taps import crop_unseen_taps, fast, fill_taps, input_shapes, seen_taps

__all__ = [
    "GATES",
    "LayerMatrix",
    "Layers",
    "UnknownLayerError",
    "augmented",
    "crop_unseen_taps",
    "fast",
    "fill_taps",
    "geometry",
    "input_shapes",
    "matrices",
    "seen_taps",
    "stored_parts",
    "untouched",
    "visit",
]
