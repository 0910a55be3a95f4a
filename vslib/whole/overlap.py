"""How far two subspaces agree, and how far chance would let them."""

from dataclasses import dataclass

import numpy as np

from vslib.arrays import real_array

__all__ = ["Overlap", "overlap"]

DRAWS = 200
ORTHONORMAL = 1e-8


@dataclass(frozen=True)
class Overlap:
    """Two subspaces side by side.

    Attributes
    ----------
    cosines : (k,) array
        Of the principal angles, in decreasing order, k the smaller dimension; in [0, 1].
    mean : float
        The mean of their squares: the share of a random vector of the smaller space that lies in
        the other one.
    chance : float
        What its mean would be for random subspaces of the same dimensions.
    chance_spread : float
        The standard deviation of that, over 200 seeded draws.

    Examples
    --------
    >>> found = overlap(np.eye(3)[:, :1], np.eye(3)[:, :2])
    >>> found.cosines, found.mean, round(found.chance, 3)
    (array([1.]), 1.0, 0.667)
    """

    cosines: np.ndarray
    mean: float
    chance: float
    chance_spread: float

    @property
    def angles(self):
        """(k,) array: the principal angles in radians, increasing.

        Examples
        --------
        >>> overlap(np.eye(3)[:, :1], np.eye(3)[:, 1:]).angles.round(4)
        array([1.5708])
        """
        return np.arccos(self.cosines)


def overlap(space, other, seed=0):
    """Principal angles between two subspaces, beside those that chance shows.

    Parameters
    ----------
    space, other : (n, p) and (n, q) arrays
        Orthonormal bases.
    seed : int
        Of the 200 random subspaces.

    Returns
    -------
    Overlap
        Of chance, the mean is exact: max(p, q) / n.

    Raises
    ------
    ValueError
        If the spaces lie in different R^n, or the columns are not orthonormal.

    References
    ----------
    Bjorck and Golub, Numerical methods for computing angles between linear subspaces (1973).

    Examples
    --------
    >>> overlap(np.eye(4)[:, :2], np.eye(4)[:, 1:3]).mean
    0.5
    """
    space = _basis(space, "space")
    other = _basis(other, "other")
    if len(space) != len(other):
        raise ValueError(
            f"space and other: expected subspaces of the same R^n, got n = {len(space)} and "
            f"{len(other)}"
        )
    cosines = np.linalg.svd(space.T @ other, compute_uv=False).clip(0, 1)
    (n, p), q = space.shape, other.shape[1]
    random = np.random.default_rng(seed)
    # One of the two may stand still: only how they lie to each other counts.
    drawn = [
        np.linalg.norm(np.linalg.qr(random.normal(size=(n, min(p, q))))[0][: max(p, q)]) ** 2
        for _ in range(DRAWS)
    ]
    small = min(p, q)
    return Overlap(cosines, float(np.mean(cosines**2)), max(p, q) / n, float(np.std(drawn) / small))


def _basis(given, name):
    basis = real_array(given, name, axes=2)
    off = np.abs(basis.T @ basis - np.eye(basis.shape[1])).max(initial=0)
    if not (basis.shape[1] and off <= ORTHONORMAL):
        raise ValueError(
            f"{name}: expected orthonormal columns, at least one, got {basis.shape} that are off "
            f"by {off:.2g}"
        )
    return basis
