"""Local signal spaces: what each depth of a network keeps of a small change of its input."""

import math
from dataclasses import dataclass

import numpy as np

from vslib.arrays import real_array
from vslib.spaces import Subspaces
from vslib.whole.passage import each, passage

__all__ = ["Local", "local"]

RTOL = 1e-10  # of the largest singular value: what lies below counts as zero
CLEAR = 1e-5  # of it: where the smallest lies above, its square is well resolved


@dataclass(frozen=True)
class Depth:
    """One depth: its name, the singular values, and the basis that its signal space has."""

    name: str
    singular_values: np.ndarray
    basis: np.ndarray | None


@dataclass(frozen=True)
class Local:
    """The local signal spaces of a network at one input, by depth.

    Later null spaces contain the earlier ones, since the Jacobian of a depth is that of an
    earlier one, times what lies between. The bases are made so: each lies in the one before.

    Attributes
    ----------
    shape : tuple of int
        Of the input, with n numbers.
    depths : tuple of str
        Names, from the first depth to the outputs.
    jacobian : (m, n) array
        Of the outputs.

    Examples
    --------
    >>> import torch
    >>> network = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Linear(3, 2))
    >>> found = local(network, [1, 2, 3, 4])
    >>> found.depths, found.ranks, found.signal("0").shape
    (('0', '1'), (3, 2), (4, 3))
    """

    shape: tuple
    held: tuple
    jacobian: np.ndarray

    @classmethod
    def found(cls, network, x, at=None):
        """Those of a network at x, one input for certain.

        Examples
        --------
        >>> import torch
        >>> Local.found(torch.nn.Linear(4, 3), np.ones(4)).ranks
        (3,)
        """
        held, last, basis = [], None, None

        def visit(name, J):
            nonlocal basis, last
            values, rows = _taken_apart(J if basis is None else J @ basis)
            if rows is not None:
                basis = rows if basis is None else basis @ rows
            held.append(Depth(name, values, basis))
            last = J

        passage(network, x, visit, at)
        return cls(x.shape, tuple(held), last.copy())

    @property
    def depths(self):
        return tuple(depth.name for depth in self.held)

    @property
    def ranks(self):
        """The rank of the Jacobian at each depth.

        Examples
        --------
        >>> import torch
        >>> local(torch.nn.Linear(4, 3), [1, 2, 3, 4]).ranks
        (3,)
        """
        return tuple(len(depth.singular_values) for depth in self.held)

    def singular_values(self, depth):
        """(r,) array, in decreasing order: those of the Jacobian above 1e-10 of the largest.

        Relative errors stay below 1e-5, for the largest below 1e-12.

        Examples
        --------
        >>> import torch
        >>> local(torch.nn.Identity(), [3, 4]).singular_values("output")
        array([1., 1.])
        """
        return self._at(depth).singular_values

    def signal(self, depth):
        """(n, r) array: an orthonormal basis of the local signal space.

        Examples
        --------
        >>> import torch
        >>> local(torch.nn.Linear(4, 3), [1, 2, 3, 4]).signal("output").shape
        (4, 3)
        """
        basis = self._at(depth).basis
        return np.eye(math.prod(self.shape)) if basis is None else basis

    def split(self, depth, x):
        """Parts of x in the local signal space of a depth, and in its null space.

        Parameters
        ----------
        depth : str
        x : (..., n) array

        Returns
        -------
        signal, rejected : (..., n) arrays

        Examples
        --------
        >>> import torch
        >>> found = local(torch.nn.Linear(4, 3), [1, 2, 3, 4])
        >>> signal, rejected = found.split("output", np.ones(4))
        >>> np.allclose(signal + rejected, 1)
        True
        """
        x = real_array(x, "x", length=math.prod(self.shape))
        basis = self._at(depth).basis
        if basis is None:
            return x.copy(), np.zeros_like(x)
        kept = (x @ basis) @ basis.T
        return kept, x - kept

    def output_space(self, shift=True):
        """(n, r) array: an orthonormal basis of the outputs' local signal space.

        Parameters
        ----------
        shift : bool
            False leaves out what moves all outputs alike, which softmax ignores: the signal space
            of the outputs less their mean.

        Examples
        --------
        >>> import torch
        >>> found = local(torch.nn.Linear(4, 3), [1, 2, 3, 4])
        >>> found.output_space().shape, found.output_space(shift=False).shape
        ((4, 3), (4, 2))
        """
        J = self.jacobian
        return Subspaces(J if shift else J - J.mean(axis=0), rtol=RTOL).signal

    def _at(self, name):
        for depth in self.held:
            if depth.name == name:
                return depth
        raise ValueError(
            f"depth: expected one of {', '.join(map(repr, self.depths))}, got {name!r}"
        )


def local(network, x, at=None):
    """The local signal spaces of a network at an input, at every depth, in one pass.

    A network with kinks is linear near an image; there its Jacobian says what it sees. The depths
    are where every path from the input to the outputs runs through one tensor; they are named
    after the modules that give it, "a before b" for what module b of a takes.

    Parameters
    ----------
    network : torch.nn.Module
        Feed-forward: shortcuts, pools, normalisation in evaluation mode.
    x : array
        One input with n numbers, or several along a first axis.
    at : sequence of str, optional
        Names of the depths wanted; all by default. The outputs always are the last.

    Returns
    -------
    Local, or a list of them where several inputs came

    Raises
    ------
    ValueError
        As `jacobians`.

    References
    ----------
    Pattichis and Pattichis (2024), section 2.1, for one layer.

    Examples
    --------
    >>> import torch
    >>> network = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2))
    >>> local(network, np.ones((5, 4)))[0].depths
    ('0', '1', '2')
    """
    return each(network, x, lambda image: Local.found(network, image, at))


def _taken_apart(A):
    """Singular values above the tolerance, and a basis of the rows, None where they span all."""
    m, r = A.shape
    if r == 0 or not A.any():
        return np.zeros(0), np.zeros((r, 0))
    squares = np.linalg.eigvalsh(A.T @ A if m >= r else A @ A.T)[::-1]
    if squares[-1] > CLEAR**2 * squares[0]:
        return np.sqrt(squares), None if m >= r else np.linalg.qr(A.T)[0]
    _, s, vt = np.linalg.svd(np.linalg.qr(A, mode="r") if m > r else A, full_matrices=False)
    rank = int(np.count_nonzero(s > RTOL * s[0]))
    return s[:rank], (vt[:rank].T if rank < r else None)
