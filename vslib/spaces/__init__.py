"""What a matrix keeps of a vector, what it rejects, and what chance alone would show.

The four fundamental subspaces, the projection onto one neuron, and ranks that tell how much of a
spectrum matters. Chapters 2, 3 and 4 teach it.
"""

from vslib.spaces.projection import project
from vslib.spaces.random import Chance, chance, two_sided_p
from vslib.spaces.scales import centred
from vslib.spaces.spectrum import effective_rank, participation_ratio, stable_rank
from vslib.spaces.subspaces import Subspaces
from vslib.spaces.vectors import rejected_share, signs

__all__ = [
    "Chance",
    "Subspaces",
    "centred",
    "chance",
    "effective_rank",
    "participation_ratio",
    "project",
    "rejected_share",
    "signs",
    "stable_rank",
    "two_sided_p",
]
