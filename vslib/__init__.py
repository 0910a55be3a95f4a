"""What a neural network keeps of an image and what it throws away."""

from vslib.spaces import Subspaces, chance, project

__all__ = ["Subspaces", "chance", "project"]
__version__ = "0.2.0"
