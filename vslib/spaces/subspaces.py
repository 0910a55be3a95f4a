"""The four fundamental subspaces of a matrix, and what they keep of a vector."""

import functools
from numbers import Real

import numpy as np

from vslib.arrays import precision, real_array
from vslib.spaces.scales import centred, restored
from vslib.spaces.vectors import rejected_share, signs

__all__ = ["Subspaces"]

BLOCK = 200_000  # numbers that are taken apart at a time


class Subspaces:
    """The four fundamental subspaces of a matrix, from its thin singular value decomposition.

    Neither an m x m nor an n x n array is made to split, project or solve; computing is in
    float64. Each singular vector is given the sign that makes its entry of largest magnitude
    in `signal` positive, the first of them where some are equal but for rounding, so that
    pictures do not depend on the machine.

    Parameters
    ----------
    W : (m, n) array
        Real and finite; NumPy array, torch tensor or nested list, of any real dtype.
    rtol : float, optional
        Singular values up to ``rtol * s1`` count as zero; by default ``max(m, n) * eps`` with the
        eps of the precision in which W came (`vslib.arrays.precision`): 1.2e-7 for float32 and
        shorter floats, and for the layers of a network that is stored so; else 2.2e-16.

    Attributes
    ----------
    shape : (int, int)
        m and n: W maps R^n to R^m.
    rank : int
        The r of what follows; 0 for a zero matrix.
    singular_values : (r,) array
        In decreasing order, all above the tolerance.
    signal : (n, r) array
        Orthonormal basis of Signal(W), the row space: what W sees of an input.
    signal_out : (m, r) array
        Orthonormal basis of SignalOut(W), the column space: what W can answer.

    Raises
    ------
    ValueError
        If W is not a finite real matrix with at least one entry, rtol not in [0, 1), or a
        singular value lies beyond the range of float64.

    References
    ----------
    Pattichis and Pattichis (2024), sections 2.1 and 2.3; Strang, Introduction to Linear Algebra.

    Examples
    --------
    >>> S = Subspaces([[2, 1, 0], [0, 2, 2]])
    >>> S, S.singular_values.round(6)
    (Subspaces(2 x 3, rank 2), array([3., 2.]))
    >>> signal, rejected = S.split([5, 2, 4])
    >>> signal.round(6), rejected.round(6)
    (array([4., 4., 2.]), array([ 1., -2.,  2.]))
    """

    def __init__(self, W, rtol=None):
        given, W = W, real_array(W, "W", axes=2)
        if rtol is None:
            rtol = max(W.shape) * precision(given)
        elif not (isinstance(rtol, Real) and 0 <= rtol < 1):
            raise ValueError(f"rtol: expected a number in [0, 1), got {rtol!r}")
        scaled, ((power,),) = centred(W, axis=None)
        u, s, vt = np.linalg.svd(scaled, full_matrices=False)
        rank = int(np.count_nonzero(s > rtol * s[0]))
        with np.errstate(over="ignore"):
            values = np.ldexp(s[:rank], power)
        if rank and not (values[-1] >= np.finfo(np.float64).tiny and np.isfinite(values[0])):
            raise ValueError(
                "W: expected singular values within the range of float64, 2e-308 to 1.8e308, got "
                f"some from entries of up to {np.abs(W).max():.3g}; scale W first"
            )
        flips = signs(vt[:rank])
        self.shape = W.shape
        self.rank = rank
        self.singular_values = values
        self.signal = (vt[:rank] * flips[:, None]).T
        self.signal_out = u[:, :rank] * flips

    def __repr__(self):
        m, n = self.shape
        return f"Subspaces({m} x {n}, rank {self.rank})"

    @property
    def condition_number(self):
        """s1 / sr, at least 1 (paper, section 2.3); a ValueError for a zero matrix.

        Examples
        --------
        >>> round(Subspaces([[2, 1, 0], [0, 2, 2]]).condition_number, 6)
        1.5
        """
        if self.rank == 0:
            raise ValueError("condition number: expected a matrix of rank 1 or more, got rank 0")
        first, last = self.singular_values[[0, -1]]
        with np.errstate(over="ignore"):
            ratio = float(first / last)
        if ratio == np.inf:
            raise ValueError(f"condition number: expected one in float64, got {first} / {last}")
        return ratio

    @property
    def signal_vectors(self):
        """(r, n) array: the rows s_i v_i, equation (4) of the paper."""
        return self.singular_values[:, None] * self.signal.T

    @functools.cached_property
    def rejected(self):
        """(n, n - r) array: orthonormal basis of RejSignal(W), the null space."""
        return _complement(self.signal)

    @functools.cached_property
    def rejected_out(self):
        """(m, m - r) array: orthonormal basis of RejSignalOut(W), the left null space."""
        return _complement(self.signal_out)

    def split(self, x):
        """Parts of x in Signal(W) and in RejSignal(W); they add up to x.

        Parameters
        ----------
        x : (..., n) array

        Returns
        -------
        signal, rejected : (..., n) arrays

        Raises
        ------
        ValueError
            If x is not finite and real with n entries along its last axis, or a part of it lies
            beyond the range of float64.
        """
        return _split(real_array(x, "x", length=self.shape[1]), self.signal, "x")

    def split_out(self, y):
        """Parts of y in SignalOut(W) and in RejSignalOut(W); they add up to y.

        Parameters
        ----------
        y : (..., m) array

        Returns
        -------
        signal_out, rejected_out : (..., m) arrays

        Raises
        ------
        ValueError
            If y is not finite and real with m entries along its last axis, or a part of it lies
            beyond the range of float64.
        """
        return _split(real_array(y, "y", length=self.shape[0]), self.signal_out, "y")

    def rejected_energy(self, x):
        """Share of the energy of x that W does not see: ||rejected||^2 / ||x||^2.

        Parameters
        ----------
        x : (..., n) array

        Returns
        -------
        (...) array
            In [0, 1]; 0 for x = 0, of which nothing is lost.
        """
        x = real_array(x, "x", length=self.shape[1])
        rows = x.reshape(-1, self.shape[1])
        # Both parts of all rows at once would be several copies of x.
        parts = np.array_split(rows, max(1, rows.size // BLOCK))
        shares = [rejected_share(*_split(centred(p)[0], self.signal, "x")) for p in parts]
        return np.concatenate(shares).reshape(x.shape[:-1])[()]

    def preimage(self, y):
        """The one x in Signal(W) with Wx = the reachable part of y: the pseudoinverse applied.

        Parameters
        ----------
        y : (..., m) array

        Returns
        -------
        (..., n) array
            W^+ y, below equation (2) of the paper.

        Raises
        ------
        ValueError
            If y is not finite and real with m entries along its last axis, or x lies beyond the
            range of float64.
        """
        y, powers = centred(real_array(y, "y", length=self.shape[0]))
        values, divided = centred(self.singular_values)
        with np.errstate(over="ignore", invalid="ignore"):
            x = ((y @ self.signal_out) / values) @ self.signal.T
        return restored(x, powers - divided, "y")


def _split(x, basis, name):
    x, powers = centred(x)
    rejected = x - (x @ basis) @ basis.T
    # A second pass removes what rounding left of the signal where nearly all of x is signal.
    rejected -= (rejected @ basis) @ basis.T
    return restored(x - rejected, powers, name), restored(rejected, powers, name)


def _complement(basis):
    return np.linalg.qr(basis, mode="complete")[0][:, basis.shape[1] :]
