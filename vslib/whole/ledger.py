"""The ledger of an image: what each depth of a network loses of it, and what is kept."""

from dataclasses import dataclass

import numpy as np

from vslib.whole.local import Local
from vslib.whole.passage import each

__all__ = ["Ledger", "ledger"]


@dataclass(frozen=True)
class Ledger:
    """An image as a sum: a part lost at each depth, and the part kept.

    The parts are orthogonal, so that their energies add up to that of the image.

    Attributes
    ----------
    depths : tuple of str
    lost : (depths, n) array
        What lies in the null space of a depth, and in none of an earlier one.
    kept : (n,) array
        What the outputs respond to.
    certificate : float
        The largest of three relative differences: of the sum and the image, of the parts from
        being orthogonal, of the outputs' Jacobian applied to the part kept and to the image.

    Examples
    --------
    >>> import torch
    >>> layer = torch.nn.Linear(3, 1, bias=False)
    >>> with torch.no_grad():
    ...     _ = layer.weight.copy_(torch.tensor([[0.0, 0.0, 2.0]]))
    >>> found = ledger(layer, [2, 1, 2])
    >>> found.kept, found.lost_energy, found.kept_energy
    (array([0., 0., 2.]), array([0.55555556]), 0.4444444444444444)
    """

    depths: tuple
    lost: np.ndarray
    kept: np.ndarray
    certificate: float

    @property
    def lost_energy(self):
        """(depths,) array: the share of the image's energy that each depth loses, in [0, 1].

        Examples
        --------
        >>> import torch
        >>> ledger(torch.nn.Identity(), [3, 4]).lost_energy
        array([0.])
        """
        return np.sum(self.lost**2, axis=1) / self._energy

    @property
    def kept_energy(self):
        """The share of the image's energy that the outputs respond to, in [0, 1].

        Examples
        --------
        >>> import torch
        >>> ledger(torch.nn.Identity(), [3, 4]).kept_energy
        1.0
        """
        return float(np.sum(self.kept**2) / self._energy)

    @property
    def _energy(self):
        return np.sum(self.lost**2) + np.sum(self.kept**2)


def ledger(network, x, at=None, spaces=None):
    """Take an image apart into what each depth of a network loses, and what is kept.

    At the image the network is linear: J, its Jacobian. What a depth does not see no later depth
    sees, so null spaces grow, and the image splits along them.

    Parameters
    ----------
    network : torch.nn.Module
    x : array
        One input with n numbers, not all zero, or several along a first axis.
    at : sequence of str, optional
        Names of depths, as for `local`; what is lost between two of them stands at the later.
    spaces : Local, optional
        Found before, at any input: what the network loses of x by its derivative there.

    Returns
    -------
    Ledger, or a list of them where several inputs came

    Raises
    ------
    ValueError
        As `local`; if an input is all zeros; or the certificate exceeds 1e-8.

    References
    ----------
    Pattichis and Pattichis (2024), section 2.2: the residual as "information lost".

    Examples
    --------
    >>> import torch
    >>> network = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Linear(3, 2))
    >>> found = ledger(network, [1, 2, 3, 4])
    >>> np.allclose(found.lost.sum(axis=0) + found.kept, [1, 2, 3, 4])
    True
    """
    return each(network, x, lambda image: _ledger(spaces or Local.found(network, image, at), image))


def _ledger(spaces, x):
    x = x.reshape(-1)
    if not x.any():
        raise ValueError("x: expected an input with a part to lose or keep, got zeros only")
    kept, lost = x, []
    for name in spaces.depths:
        now = spaces.split(name, kept)[0]
        lost.append(kept - now)
        kept = now
    parts = np.array([*lost, kept])
    energy = x @ x
    angles = parts @ parts.T - np.diag(np.sum(parts**2, axis=1))
    J = spaces.jacobian
    seen = np.linalg.norm(J) * np.sqrt(energy)
    certificate = max(
        np.abs(parts.sum(axis=0) - x).max() / np.sqrt(energy),
        np.abs(angles).max() / energy,
        np.linalg.norm(J @ kept - J @ x) / seen if seen else 0.0,
    )
    if not certificate <= 1e-8:
        raise ValueError(f"x: expected parts that add up and are orthogonal, off by {certificate}")
    return Ledger(spaces.depths, np.array(lost), kept, float(certificate))
