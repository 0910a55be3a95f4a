"""A ReLU network as its affine layers in order, and the network itself to compare them with."""

import contextlib

import numpy as np

from vslib.arrays import real_array
from vslib.inference import PASSIVE, NetworkInputError, NotAChainError, applied, asked, chain

__all__ = ["of_arrays", "of_torch"]

KINDS = ("Linear", "BatchNorm1d", "ReLU", *PASSIVE)


@contextlib.contextmanager
def of_arrays(layers, n):
    """A network given by its weights and biases, with a ReLU between every two layers.

    Parameters
    ----------
    layers : sequence of (W, b)
    n : int
        The length of an input.

    Yields
    ------
    layers : list
        (W, b) of each affine layer, None for each ReLU.
    run : callable
        From inputs (N, n) to outputs (N, m) and the list of inputs (N, k) of the ReLUs.

    Examples
    --------
    >>> with of_arrays([([[1.0], [-1.0]], [0.0, 0.0]), ([[1.0, 1.0]], [0.0])], 1) as (_, run):
    ...     run(np.array([[-3.0]]))
    (array([[3.]]), [array([[-3.,  3.]])])
    """
    pairs, width = [], n
    for number, pair in enumerate(layers, 1):
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise ValueError(f"layer {number}: expected a pair of weight and bias")
        W = real_array(pair[0], f"weight of layer {number}", axes=2, length=width)
        pairs.append((W, real_array(pair[1], f"bias of layer {number}", axes=1, length=len(W))))
        width = len(W)

    def run(x):
        hidden = []
        for number, (W, b) in enumerate(pairs):
            if number:
                hidden.append(x)
                x = np.maximum(x, 0)
            x = x @ W.T + b
        return x, hidden

    yield [part for pair in pairs for part in (None, pair)][1:], run


@contextlib.contextmanager
def of_torch(network, x, take=None):
    """A torch network as the layers that it runs at x, and the network itself in float64.

    Parameters
    ----------
    network : torch.nn.Module
    x : array
        One input; the network may take it flat, or in its shape.
    take : str, int or callable, optional
        What to take as outputs where the network gives no tensor.

    Yields
    ------
    layers, run
        As for `of_arrays`.

    Examples
    --------
    >>> import torch
    >>> network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU())
    >>> with of_torch(network, np.ones(2)) as (layers, run):
    ...     [layer if layer is None else layer[0].shape for layer in layers]
    [(3, 2), None]
    """
    with contextlib.ExitStack() as stack:
        try:
            ask = stack.enter_context(asked(network, (x.size,), take, double=True))
            shape = (x.size,)
        except NetworkInputError:
            if x.ndim < 2:
                raise
            ask = stack.enter_context(asked(network, x.shape, take, double=True))
            shape = x.shape

        def steps(points):
            batch = ask.tensor(points.reshape(-1, *shape))
            return chain(network, batch, KINDS, ask)

        def run(points):
            found = steps(points)
            hidden = [_flat(step.input) for step in found if step.kind == "ReLU"]
            return _flat(found[-1].output), hidden

        # Two rows: what counts over its batch can be told from what does not.
        yield list(_layers(steps(np.stack([x, x])))), run


def _layers(steps):
    """(W, b) of each affine step, None for each ReLU; all of them checked by what they gave."""
    known = {}
    for step in steps:
        taken, given = _flat(step.input), _flat(step.output)
        if step.kind in ("Linear", "BatchNorm1d"):
            key = step.module, step.input.shape[1:]
            if key not in known:
                known[key] = applied(step.module, step.input.shape[1:], step.name)
            yield known[key]
        elif not np.array_equal(given, np.maximum(taken, 0) if step.kind == "ReLU" else taken):
            raise NotAChainError(
                f"{step.name}: expected what {step.kind} gives in evaluation mode, got other "
                f"numbers from {type(step.module).__name__}"
            )
        elif step.kind == "ReLU":
            yield None


def _flat(tensor):
    return tensor.detach().reshape(len(tensor), -1).cpu().numpy()
