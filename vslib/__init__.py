"""What a neural network keeps of an image and what it throws away."""

from vslib.subspaces import Subspaces, project

__all__ = ["Subspaces", "project"]
