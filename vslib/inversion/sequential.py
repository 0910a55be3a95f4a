"""Layers one after the other, as arrays: forward, the Jacobian, and layer by layer back."""

import math
from dataclasses import dataclass

import numpy as np

from vslib.arrays import real_array
from vslib.inversion import activations
from vslib.inversion.failures import OutOfRangeError, UnreachableError
from vslib.spaces import Subspaces

__all__ = ["Linear", "Sequence", "norm"]

EPS = np.finfo(np.float64).eps
ROUNDING = math.sqrt(EPS)


class Linear:
    """W x + b in float64, with the subspaces of W.

    Parameters
    ----------
    W : (m, n) array
    b : (m,) array or None
    name : str
    precision : float
        The eps of the floats in which W came, by which its rank is judged.

    Attributes
    ----------
    subspaces : vslib.spaces.Subspaces
    seen : (m, n) array
        W without what counts as zero in it.
    lost : float
        The size of that, relative to W: 0.0 where it is rounding of float64 alone.

    Examples
    --------
    >>> layer = Linear([[2.0, 0.0]], [1.0], "layer")
    >>> layer.forward(np.array([[3.0, 5.0]])), layer.back(np.array([[7.0]]))
    (array([[7.]]), array([[3., 0.]]))
    """

    def __init__(self, W, b, name, precision=EPS):
        self.W = real_array(W, f"{name}, weight", axes=2)
        b = np.zeros(len(self.W)) if b is None else b
        self.b = real_array(b, f"{name}, bias", length=len(self.W))
        self.subspaces = S = Subspaces(self.W, rtol=max(self.W.shape) * precision)
        self.seen, self.lost = self.W, 0.0
        if precision > EPS and 0 < S.rank < min(S.shape):
            seen = (S.signal_out * S.singular_values) @ S.signal.T
            lost = np.abs(self.W - seen).max() / S.singular_values[0]
            if lost > max(S.shape) * EPS:
                self.seen, self.lost = seen, float(lost * math.sqrt(self.W.size))

    def forward(self, x):
        return x @ self.W.T + self.b

    def back(self, y):
        """W^+ (y - b), each row alone: in the same bits whatever rows are beside it."""
        S, rows = self.subspaces, (y - self.b)[:, None]
        with np.errstate(over="ignore", invalid="ignore"):
            return (((rows @ S.signal_out) / S.singular_values) @ S.signal.T)[:, 0]

    def unreachable(self, y):
        """Share of each row, in its norm and that of b, that no input brings about."""
        size = norm(y) + norm(self.b)
        return norm(self.subspaces.split_out(y - self.b)[1]) / np.where(size == 0, 1, size)


@dataclass(frozen=True)
class Sequence:
    """Layers from the input to the output, each a `Linear` or a `vslib.inversion.Activation`.

    Attributes
    ----------
    layers : dict of str to layer
        By torch's names.

    Examples
    --------
    >>> sequence = Sequence({"0": Linear([[2.0, 0.0]], None, "0"), "1": activations.tanh()})
    >>> sequence.shape, sequence.forward(np.zeros((1, 2)))[0]
    ((1, 2), array([[0.]]))
    """

    layers: dict[str, Linear | activations.Activation]

    @property
    def linear(self):
        """The linear ones of the layers, by name."""
        return {name: layer for name, layer in self.layers.items() if isinstance(layer, Linear)}

    @property
    def shape(self):
        """(m, n): lengths of an output and of an input."""
        first, *_, last = list(self.linear.values()) * 2
        return len(last.W), first.W.shape[1]

    def cut(self):
        """The layers up to the last linear one, and those after it."""
        count = list(self.layers).index(list(self.linear)[-1]) + 1
        layers = list(self.layers.items())
        return Sequence(dict(layers[:count])), Sequence(dict(layers[count:]))

    def forward(self, x):
        """Outputs (N, m) of x (N, n), and the input of every layer by name."""
        inputs = {}
        for name, layer in self.layers.items():
            inputs[name] = x
            x = layer.forward(x)
        return x, inputs

    def linearised(self, x):
        """Outputs (N, m) of x (N, n), and a function that gives the Jacobians there, (N, m, n)."""
        y, inputs = self.forward(x)

        def jacobians():
            J = np.broadcast_to(np.eye(y.shape[1]), (len(x), y.shape[1], y.shape[1]))
            for name, layer in reversed(self.layers.items()):
                if isinstance(layer, Linear):
                    J = J @ layer.seen
                else:
                    J = J * layer.derivative(inputs[name])[:, None]
            return J

        return y, jacobians

    def back(self, y, kept, tolerance):
        """Equation (5) from the last layer to the first: W^+ (f^-1(y) - b).

        Parameters
        ----------
        y : (N, m) array
        kept : dict of str to list of (N, n_l) arrays
            Added to the input of the linear layer of that name, one after the other.
        tolerance : float
            The largest share of a norm that may lie outside SignalOut(W).

        Returns
        -------
        x : (k, n) array
            Of the rows that got through.
        left : (k,) int array
            Which these are.
        stops : list of InversionError
            Where the others ended.
        doubts : list of (name, which, values, shares)
            Rows of which a layer had to leave out more than the tolerance, each in one: what is
            found for them may be an input all the same, if a layer above magnified rounding.
        """
        left, stops, doubts, doubted = np.arange(len(y)), [], [], np.zeros(len(y), bool)
        for name, layer in reversed(self.layers.items()):
            if not left.size:
                break
            if isinstance(layer, Linear):
                x, share = layer.back(y), layer.unreachable(y)
                for part in kept.get(name, ()):
                    x = x + part[left]
                far = ~(share <= max(tolerance, ROUNDING)) & ~doubted[left]
                if far.any():
                    doubts.append((name, left[far], y[far], share[far]))
                    doubted[left[far]] = True
                good = np.isfinite(x).all(1)
                ended = ~good & ~doubted[left]
                if ended.any():
                    stops.append(UnreachableError(name, left[ended], y[ended], share[ended].max()))
                y = x[good]
            else:
                good = ~layer.outside(y).any(1)
                ended = ~good & ~doubted[left]
                if ended.any():
                    stops.append(OutOfRangeError(name, layer, left[ended], y[ended]))
                y = layer.inverse(y[good]) if good.any() else y[good]
            left = left[good]
        return y, left, stops, doubts

    def lost(self, y, inputs, rejected):
        """What rounding adds to equation (5) plus the rejected parts, on the way back from y.

        Parameters
        ----------
        y : (N, m) array
        inputs : dict of str to (N, n_l) array
            Of every layer, from `forward`.
        rejected : dict of str to (N, n_l) array

        Returns
        -------
        dict of str to (N, n_l) array
            By linear layer; each makes up for its own layer alone, those above being made up
            for already.
        """
        losses = {}
        for name, layer in reversed(self.layers.items()):
            if isinstance(layer, Linear):
                found = layer.back(y) + rejected[name]
                losses[name] = inputs[name] - found
                y = found + losses[name]
            else:
                y = np.where(layer.outside(y), inputs[name], layer.unchecked(y))
        return losses


def norm(a):
    """Euclidean norm along the last axis, of numbers of any magnitude: (..., n) to (...).

    Examples
    --------
    >>> norm(np.array([[3e200, 4e200]])) / 1e200
    array([5.])
    """
    largest = np.abs(a).max(-1)
    unit = np.where(largest == 0, 1, largest)
    with np.errstate(over="ignore", invalid="ignore"):
        return largest * np.linalg.norm(a / unit[..., None], axis=-1)
