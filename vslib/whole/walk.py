"""A walk from one image towards another along which a network's outputs stay what they are."""

from dataclasses import dataclass

import numpy as np

from vslib.arrays import real_array
from vslib.inference import asked
from vslib.whole.box import nearest
from vslib.whole.held import Held

__all__ = ["Walk", "level_walk"]

EXACT = 1e-12  # of the largest value that is held: how far a step may be off
FLAT = 1e-6  # of the distance at the start: a step that could still be made, where the walk ends
LONGEST, SHORTEST = 0.05, 1e-9  # of the distance at the start: one step
ENOUGH = 1e-4  # of what the tangent step promises: how much nearer it must lead
CORRECTIONS = 20


@dataclass(frozen=True)
class Walk:
    """A walk in a level set.

    Attributes
    ----------
    images : (steps + 1, ...) array
        From the image that it starts at, each step nearer to the other one.
    left : float
        The distance to the other image at the end, as a share of that at the start, in [0, 1].
    worst : float
        The certificate: the largest difference of what is held, at any image of the walk, to what
        it was at the start; asked anew of the network in float64.
    converged : bool
        Whether, to first order, no step within the level set and the box leads nearer: what is
        left of it is at most 1e-6 of the distance at the start. A local end; else what is left
        is an upper bound of what a longer walk would leave.
    step_left : float
        The length of the step that could still be made, as a share of the distance at the start.

    Examples
    --------
    >>> import torch
    >>> layer = torch.nn.Linear(3, 1, bias=False)
    >>> with torch.no_grad():
    ...     _ = layer.weight.copy_(torch.tensor([[1.0, 0.0, 0.0]]))
    >>> found = level_walk(layer, [1, 0, 0], [2, 5, 0])
    >>> found.images[-1], found.converged, round(found.left, 3)
    (array([1., 5., 0.]), True, 0.196)
    """

    images: np.ndarray
    left: float
    worst: float
    converged: bool
    step_left: float

    @property
    def end(self):
        """(...) array: the last image.

        Examples
        --------
        >>> import torch
        >>> level_walk(torch.nn.Identity(), [3, 4], [4, 3]).end
        array([3., 4.])
        """
        return self.images[-1]

    def frames(self, count):
        """(count, ...) array: images of the walk from start to end, even by distance walked.

        Examples
        --------
        >>> import torch
        >>> walk = level_walk(torch.nn.Linear(3, 1), [0, 0, 0], [1, 1, 1])
        >>> walk.frames(4).shape
        (4, 3)
        """
        steps = np.diff(self.images.reshape(len(self.images), -1), axis=0)
        walked = np.concatenate([[0.0], np.linalg.norm(steps, axis=1).cumsum()])
        wanted = np.linspace(0, walked[-1], count)
        return self.images[np.abs(walked[:, None] - wanted).argmin(axis=0)]


def level_walk(network, x, towards, hold=None, box=None, steps=200):
    """Walk from one image towards another while the outputs of a network stay equal.

    Each step goes to the point nearest to the other image in the null space of the Jacobian
    (and in the box), and Newton corrections bring it back to the level set.

    Parameters
    ----------
    network : torch.nn.Module
    x, towards : (...) arrays
        One input each.
    hold : str, optional
        Name of the module whose outputs are held; those of the network by default.
    box : (float, float), optional
        The range that all entries stay in.
    steps : int
        At most.

    Returns
    -------
    Walk

    Raises
    ------
    ValueError
        If the two differ in shape or not at all, are not finite or not what the network takes; if
        x leaves the box; if there is no module of that name that runs once; if what is held does
        not depend on the input alone, or by no path that has derivatives.

    References
    ----------
    Jacobsen, Behrmann, Zemel and Bethge, Excessive invariance causes adversarial vulnerability
    (2019), on what such walks show.

    Examples
    --------
    >>> import torch
    >>> network = torch.nn.Sequential(torch.nn.Linear(9, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
    >>> found = level_walk(network, np.zeros(9), np.ones(9), box=(0, 1))
    >>> found.worst < 1e-10, found.left < 1
    (True, True)
    """
    x, towards = real_array(x, "x"), real_array(towards, "towards")
    if x.shape != towards.shape or np.array_equal(x, towards):
        raise ValueError(
            f"towards: expected another input of shape {x.shape}, got "
            f"{'the same' if x.shape == towards.shape else towards.shape}"
        )
    if box is not None:
        low, high = (float(end) for end in box)
        if not (low < high and x.min() >= low and x.max() <= high):
            raise ValueError(
                f"box: expected (low, high) with x between them, got {(low, high)} and x from "
                f"{x.min():.3g} to {x.max():.3g}"
            )
        box = low, high
    with asked(network, shape=x.shape, double=True) as ask:
        held = Held(ask, network, x.shape, hold)
        wanted = held.values(x)
        off = np.abs(held.values(x) - wanted).max()
        if off > EXACT * np.abs(wanted).max():
            raise ValueError(
                "network: expected the same outputs whenever it is asked for the same input, got a "
                f"difference of {off:.3g}"
            )
        path, step_left = _walk(held, x.reshape(-1), towards.reshape(-1), box, steps)
        worst = max(np.abs(held.values(each) - wanted).max() for each in path)
    start, end = (np.linalg.norm(towards.reshape(-1) - path[place]) for place in (0, -1))
    images = np.array(path).reshape(-1, *x.shape)
    return Walk(images, float(end / start), float(worst), bool(step_left <= FLAT), float(step_left))


def _walk(held, x, towards, box, steps):
    wanted = held.values(x)
    count, start = len(wanted), np.linalg.norm(towards - x)
    allowed = EXACT * max(1.0, np.abs(wanted).max())
    path, length, left = [x], LONGEST, np.inf
    for turn in range(steps + 1):
        known = held.rows(x, count)
        ahead = nearest(towards, known[3], known[3] @ x, box)
        if ahead is None:
            break
        step = ahead - x
        left = np.linalg.norm(step) / start
        if left <= FLAT or turn == steps:
            break
        while length > SHORTEST:
            share = min(1.0, length / left)
            tried = _corrected(held, x + share * step, wanted, known, allowed, box, x)
            if tried is not None:
                gain = np.sum((x - towards) ** 2) - np.sum((tried - towards) ** 2)
                if gain > ENOUGH * share * (step @ step):
                    break
            length = share * left / 2
        else:
            break
        x, length = tried, min(2 * length, LONGEST)
        path.append(x)
    return path, left


def _corrected(held, goal, wanted, known, allowed, box, x):
    """The goal brought back to the level set, or None; first by the derivatives that are known."""
    values, U, s, V = known
    z = nearest(goal, V, V @ x + (U.T @ (wanted - values)) / s, box)
    off = np.inf
    for _ in range(CORRECTIONS):
        if z is None:
            return None
        values = held.values(z)
        before, off = off, np.abs(values - wanted).max()
        if off <= allowed:
            return z
        if off > 0.5 * before:
            values, U, s, V = held.rows(z, len(wanted))
        z = nearest(z, V, V @ z + (U.T @ (wanted - values)) / s, box)
    return None
