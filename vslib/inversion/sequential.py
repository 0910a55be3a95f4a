"""A torch Sequential as arrays: forward, its Jacobian, and layer by layer back."""

import copy
import itertools
import math
from dataclasses import dataclass

import numpy as np

from vslib.arrays import real_array
from vslib.inversion import activations
from vslib.inversion.failures import OutOfRangeError, UnreachableError
from vslib.spaces import Subspaces

__all__ = ["Linear", "Sequence", "norm", "read"]

ROUNDING = math.sqrt(np.finfo(np.float64).eps)
PASSIVE = {"Sequential", "Dropout", "AlphaDropout"}  # in evaluation mode


class Linear:
    """W x + b in float64, with the subspaces of W.

    Examples
    --------
    >>> layer = Linear([[2.0, 0.0]], [1.0], "layer")
    >>> layer.forward(np.array([[3.0, 5.0]])), layer.back(np.array([[7.0]]))
    (array([[7.]]), array([[3., 0.]]))
    """

    def __init__(self, W, b, name):
        self.W = real_array(W, f"{name}, weight", axes=2)
        b = np.zeros(len(self.W)) if b is None else b
        self.b = real_array(b, f"{name}, bias", length=len(self.W))
        self.subspaces = Subspaces(self.W)

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
                    J = J @ layer.W
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
        """
        left, stops = np.arange(len(y)), []
        for name, layer in reversed(self.layers.items()):
            if not left.size:
                break
            if isinstance(layer, Linear):
                x, share = layer.back(y), layer.unreachable(y)
                for part in kept.get(name, ()):
                    x = x + part[left]
                good = (share <= max(tolerance, ROUNDING)) & np.isfinite(x).all(1)
                if not good.all():
                    stops.append(UnreachableError(name, left[~good], y[~good], share[~good].max()))
                y = x[good]
            else:
                good = ~layer.outside(y).any(1)
                if not good.all():
                    stops.append(OutOfRangeError(name, layer, left[~good], y[~good]))
                y = layer.inverse(y[good]) if good.any() else y[good]
            left = left[good]
        return y, left, stops

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


def read(network):
    """The layers of a torch network as arrays, and the copy of it that they are read from.

    Parameters
    ----------
    network : torch.nn.Module
        A Sequential, nested or not, of Linear and `vslib.inversion.INVERTIBLE`; Flatten
        and Dropout change nothing and are left out.

    Returns
    -------
    sequence : Sequence
    copy : torch.nn.Module
        In float64 and evaluation mode, on the CPU.

    Raises
    ------
    ValueError
        If it holds another module or no Linear, or its layers do not fit.

    Examples
    --------
    >>> import torch
    >>> sequence, _ = read(torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 2)))
    >>> list(sequence.layers), sequence.shape
    (['1'], (2, 4))
    """
    if not hasattr(network, "named_modules"):
        raise ValueError(f"network: expected a torch module, got {type(network).__name__}")
    network = copy.deepcopy(network).cpu().double().eval()
    layers = {}
    # A module that stands in two places is two layers.
    for name, module in network.named_modules(remove_duplicate=False):
        kinds = [kind.__name__ for kind in type(module).__mro__]
        name = name or kinds[0]
        if "Linear" in kinds:
            layers[name] = Linear(module.weight, module.bias, name)
        elif kinds[0] in activations.INVERTIBLE:
            layers[name] = activations.of(module)
        elif not set(kinds) & PASSIVE and not (
            kinds[0] == "Flatten" and (module.start_dim, module.end_dim) == (1, -1)
        ):
            raise ValueError(
                "network: expected a Sequential of Linear, Flatten, Dropout, "
                f"{', '.join(activations.INVERTIBLE)}, got {kinds[0]} as {name!r}"
            )
    sequence = Sequence(layers)
    if not sequence.linear:
        raise ValueError("network: expected at least one Linear, got none")
    for (before, first), (name, layer) in itertools.pairwise(sequence.linear.items()):
        if len(first.W) != layer.W.shape[1]:
            raise ValueError(
                f"{name}, weight: expected {len(first.W)} columns, the outputs of {before}, got "
                f"shape {layer.W.shape}"
            )
    return sequence, network
