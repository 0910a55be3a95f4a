"""Networks that are bijections of images, up to one matrix: all preimages at once.

Codes and their two parts, images exchanged within a fibre, the Jacobian, the exact mode on
integers. Chapter 9 teaches it.
"""

from vslib.bijections import Bijection, Classifier, Coupling, Mix, Squeeze
from vslib.invertible.equal import equal_image, find, pairs
from vslib.invertible.fibres import code, decode, exchange, preimage, split, walk
from vslib.invertible.lattice import Lattice, lattice
from vslib.invertible.measured import difference, measure, measured, over_seeds
from vslib.invertible.numeric import ArrayBijection
from vslib.invertible.opening import Found
from vslib.invertible.volume import Jacobian, jacobian

__all__ = [
    "ArrayBijection",
    "Bijection",
    "Classifier",
    "Coupling",
    "Found",
    "Jacobian",
    "Lattice",
    "Mix",
    "Squeeze",
    "code",
    "decode",
    "difference",
    "equal_image",
    "exchange",
    "find",
    "jacobian",
    "lattice",
    "measure",
    "measured",
    "over_seeds",
    "pairs",
    "preimage",
    "split",
    "walk",
]
