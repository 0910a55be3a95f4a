"""What each layer of a network throws away on the way forward, kept for the way back."""

import math
from dataclasses import dataclass

import numpy as np

from vslib.arrays import real_array
from vslib.inversion.reading import read
from vslib.inversion.sequential import norm

__all__ = ["Memory", "flat", "kept", "remember"]

CERTAIN = 1e-9  # relative difference: what is left of float64 in another order


@dataclass(frozen=True)
class Memory:
    """What `remember` keeps of a pass forward.

    Attributes
    ----------
    output : (..., m) array
    rejected : dict of str to (..., n_l) array
        By the names of the linear layers: the part of each one's input in RejSignal(W).
    rounding : dict of str to (..., n_l) array
        What float64 loses in each layer on the way back from `output`, where an activation is
        close to an end of its range: there its inverse magnifies the last digit.

    Examples
    --------
    >>> import torch
    >>> memory = remember(torch.nn.Sequential(torch.nn.Linear(3, 2)), [1.0, 2.0, 3.0])
    >>> memory.output.shape, memory.rejected["0"].shape
    ((2,), (3,))
    """

    output: np.ndarray
    rejected: dict[str, np.ndarray]
    rounding: dict[str, np.ndarray]


def remember(network, x, take=None):
    """The output of a network, and what each of its layers rejects on the way there.

    Parameters
    ----------
    network : torch.nn.Module
        As `invert` takes it.
    x : (..., n) array, or images whose axes flatten to n
    take : str, int or callable, optional
        Of a network that gives no tensor: what to take as its output.

    Returns
    -------
    Memory

    Raises
    ------
    ValueError
        If the network has another layer, x does not fit, or the outputs are not finite, or not
        those of its layers one after the other.

    Examples
    --------
    >>> import torch
    >>> from vslib.inversion import invert
    >>> network = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.SELU())
    >>> memory = remember(network, [1.0, 2.0, 3.0])
    >>> invert(network, memory.output, "remembered", memory=memory).x.round(9)
    array([1., 2., 3.])
    """
    with read(network, take) as (sequence, run):
        m, n = sequence.shape
        x = flat(x, "x", n)
        batch, x = x.shape[:-1], x.reshape(-1, n)
        output = run(x)
    if not np.isfinite(output).all():
        raise ValueError("network: expected finite outputs, got NaN or infinity")
    own, inputs = sequence.forward(x)
    apart = (norm(own - output) / (norm(output) + (norm(output) == 0))).max()
    if not apart <= CERTAIN:
        raise ValueError(
            "network: expected its layers one after the other to be what it computes, got outputs "
            f"that differ by up to {apart:.2g} of their norm"
        )
    rejected = {
        name: layer.subspaces.split(inputs[name])[1] for name, layer in sequence.linear.items()
    }
    rounding = sequence.lost(output, inputs, rejected)
    return Memory(
        output.reshape(*batch, m),
        {name: part.reshape(*batch, -1) for name, part in rejected.items()},
        {name: rounding[name].reshape(*batch, -1) for name in rejected},
    )


def flat(value, name, n):
    """Vectors of length n, from vectors or from images that have n pixels.

    Examples
    --------
    >>> flat(np.zeros((5, 2, 2)), "x", 4).shape
    (5, 4)
    """
    value = real_array(value, name)
    for axis in reversed(range(value.ndim)):
        if math.prod(value.shape[axis:]) == n:
            return value.reshape(*value.shape[:axis], n)
    raise ValueError(
        f"{name}: expected shape (..., {n}) or images of {n} pixels, got {value.shape}"
    )


def kept(memory, sequence, output):
    """What is added to the input of every linear layer, two (N, n_l) arrays by its name.

    Examples
    --------
    >>> import torch
    >>> network = torch.nn.Sequential(torch.nn.Linear(3, 2))
    >>> memory = remember(network, [1.0, 2.0, 3.0])
    >>> with read(network) as (sequence, _):
    ...     [part.shape for part in kept(memory, sequence, memory.output)["0"]]
    [(1, 3), (1, 3)]
    """
    batch = output.shape[:-1]
    own = np.asarray(memory.output)
    if own.shape != output.shape:
        raise ValueError(f"memory: expected that of outputs {output.shape}, got {own.shape}")
    own = (own == output).all(-1, keepdims=True)
    added = {}
    for name, layer in sequence.linear.items():
        for parts, factor in ((memory.rejected, 1), (memory.rounding, own)):
            part = real_array(parts.get(name, [0]), f"memory, {name}")
            expected = (*batch, layer.W.shape[1])
            if part.shape != expected:
                raise ValueError(f"memory, {name}: expected shape {expected}, got {part.shape}")
            added.setdefault(name, []).append((factor * part).reshape(-1, expected[-1]))
    return added
