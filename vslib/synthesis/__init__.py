"""Images that bring a network near an ideal output, and where to start looking for them.

Ideal outputs, starting images, descent on the pixels or within the subspace in which the data
live. Chapter 7 teaches it.
"""

from vslib.synthesis import stored
from vslib.synthesis.descent import PAPER, synthesize
from vslib.synthesis.made import Synthesis
from vslib.synthesis.principal import PrincipalSubspaces, nearest, principal_components
from vslib.synthesis.starts import StartingImages, ideal_outputs, starting_images
from vslib.synthesis.stored import StoredStarts

__all__ = [
    "PAPER",
    "PrincipalSubspaces",
    "StartingImages",
    "StoredStarts",
    "Synthesis",
    "ideal_outputs",
    "nearest",
    "principal_components",
    "starting_images",
    "stored",
    "synthesize",
]
