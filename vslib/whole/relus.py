"""What a ReLU leaves of the rank: one direction for each active unit, if these are independent."""

import numpy as np

from vslib.inference import asked
from vslib.whole.local import local
from vslib.whole.places import watched

__all__ = ["behind_relus"]


def behind_relus(made, images, at):
    """Active units of ReLUs and ranks of the Jacobians behind them, at each of some images.

    Parameters
    ----------
    made : torch.nn.Module
    images : (N, 28, 28) array
    at : sequence of str
        Names of ReLUs that give a depth.

    Returns
    -------
    dict
        By name, ``active``: N numbers of units above zero, and ``rank``: N ranks.

    Examples
    --------
    >>> import torch
    >>> behind_relus(torch.nn.Sequential(torch.nn.ReLU()), [[1, 2, 3], [1, -2, 3]], ["0"])
    {'0': {'active': [3, 2], 'rank': [3, 2]}}
    """
    found = {name: {"active": [], "rank": []} for name in at}
    for image in np.asarray(images, dtype=float):
        for name, units in _given(made, image, at).items():
            found[name]["active"].append(int((units > 0).sum()))
        spaces = local(made, image, at=at)
        for name in at:
            found[name]["rank"].append(spaces.ranks[spaces.depths.index(name)])
    return found


def _given(made, image, at):
    """What modules give for an image in float64; of several calls the last."""
    found = {}

    def note(name, module, call, given, tensor):
        if given and name in at:
            found[name] = tensor

    with asked(made, image.shape, double=True) as ask, watched(made, note):
        ask(ask.tensor(image[None]))
    return found
