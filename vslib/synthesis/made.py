"""What a descent on images made, with its distances before and after."""

from dataclasses import dataclass

import numpy as np

from vslib.networks import decide

__all__ = ["Synthesis"]


@dataclass(frozen=True)
class Synthesis:
    """What `synthesize` made; axes in the order step, start (if several), class.

    Attributes
    ----------
    images : (..., classes, h, w) array
        After the last step.
    kept : (len(keep), ..., classes, h, w) array
        At the steps asked for, in increasing order.
    outputs : (steps + 1, ..., classes, m) array
        Of the network, before the first step and after each.
    targets : (classes, m) array

    Examples
    --------
    >>> import torch
    >>> from vslib.synthesis import synthesize
    >>> network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 2))
    >>> made = synthesize(network, np.zeros((2, 2, 2)), np.eye(2), steps=3, progress=False)
    >>> made.outputs.shape, made.distances.shape
    ((4, 2, 2), (4, 2))
    """

    images: np.ndarray
    kept: np.ndarray
    outputs: np.ndarray
    targets: np.ndarray

    @property
    def distances(self):
        """(steps + 1, ..., classes) array: mean squared distance to the target, over outputs."""
        return ((self.outputs - self.targets) ** 2).mean(-1)

    @property
    def centred_distances(self):
        """As `distances`, without the shift common to all outputs, which softmax cannot see."""
        return (self.outputs - self.targets).var(-1)

    @property
    def before(self):
        """(..., classes) array: mean squared distance at step 0.

        Of the start, or within a subspace of the point nearest to it.
        """
        return self.distances[0]

    @property
    def after(self):
        """(..., classes) array: mean squared distance of `images`."""
        return self.distances[-1]

    @property
    def predicted(self):
        """(..., classes) int array: the class that the network sees in `images`."""
        return decide(self.outputs[-1])[0]

    @property
    def confidence(self):
        """(..., classes) array: softmax of the predicted class, in (0, 1]."""
        return decide(self.outputs[-1])[1]
