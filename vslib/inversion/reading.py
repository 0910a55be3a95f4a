"""A torch network read as layers that have a way back, beside the network that certifies it."""

import contextlib
import itertools

from vslib.arrays import precision
from vslib.inference import PASSIVE, NetworkInputError, applied, asked, chain, declared
from vslib.inversion import activations
from vslib.inversion.sequential import EPS, Linear, Sequence

__all__ = ["read"]

KINDS = ("Linear", *activations.INVERTIBLE, *PASSIVE)


@contextlib.contextmanager
def read(network, take=None):
    """The layers of a torch network as arrays, and the network itself in float64.

    Parameters
    ----------
    network : torch.nn.Module
        Of Linear and `vslib.inversion.INVERTIBLE`; what changes no number in evaluation mode is
        left out. Where it is no Sequential, it is run to see the order of its layers.
    take : str, int or callable, optional
        What to take as outputs where the network gives no tensor.

    Yields
    ------
    sequence : Sequence
    run : callable
        From inputs (N, n) to what the network makes of them, (N, m).

    Raises
    ------
    ValueError
        If it holds another module or no Linear, does more than run one layer after the other, or
        its layers do not fit.

    Examples
    --------
    >>> import numpy as np, torch
    >>> network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 2))
    >>> with read(network) as (sequence, run):
    ...     list(sequence.layers), sequence.shape, run(np.zeros((3, 4))).shape
    (['1'], (2, 4), (3, 2))
    """
    import torch

    if not hasattr(network, "named_modules"):
        raise ValueError(f"network: expected a torch module, got {type(network).__name__}")
    modules = _modules(network)
    widths = [module.in_features for _, kind, module in modules if kind == "Linear"]
    if not widths:
        raise ValueError("network: expected at least one Linear, got none")
    containers = [module for _, kind, module in modules if kind is None]
    plain = all(isinstance(module, torch.nn.Sequential) for module in containers)
    floats = {module: _precision(module) for _, _, module in modules}
    with contextlib.ExitStack() as stack:
        if plain:
            ask = stack.enter_context(asked(network, None, take, double=True))
        else:
            ask, n = _taken(stack, network, take, widths)
            steps = chain(network, ask.tensor(torch.zeros(2, n)), KINDS, ask)
            modules = [(step.name, step.kind, step.module) for step in steps]
        layers, known = {}, {}
        for name, kind, module in modules:
            if kind == "Linear" and module not in known:
                W, b = applied(module, (module.in_features,), name)
                known[module] = Linear(W, b, name, floats[module])
            if kind == "Linear":
                layers[name] = known[module]
            elif kind in activations.INVERTIBLE:
                layers[name] = activations.of(module)
        sequence = Sequence(layers)
        _fitting(sequence)

        def run(x):
            with torch.no_grad():
                outputs = ask(ask.tensor(x.copy())).detach().reshape(len(x), -1).cpu().numpy()
            if outputs.shape[1] != sequence.shape[0]:
                raise ValueError(
                    f"network: expected outputs of length {sequence.shape[0]}, as its last Linear "
                    f"gives them, got {outputs.shape[1]}"
                )
            return outputs

        yield sequence, run


def _modules(network):
    """Name, kind and module of all layers and containers, or an error for another layer."""
    import torch

    found = []
    # A module that stands in two places is two layers.
    for name, kind, module in declared(network, KINDS):
        name = name or type(module).__name__
        container = isinstance(module, torch.nn.Sequential) or any(True for _ in module.children())
        known = hasattr(module, "in_features") if kind == "Linear" else kind or container
        if kind == "Flatten":
            known = (module.start_dim, module.end_dim) == (1, -1)
        if not known:
            raise ValueError(
                "network: expected layers Linear, Flatten, Dropout, "
                f"{', '.join(activations.INVERTIBLE)}, got {type(module).__name__} as {name!r}"
            )
        found.append((name, kind, module))
    return found


def _taken(stack, network, take, widths):
    """The network asked with inputs of the first width that it takes, and that width."""
    errors = []
    for n in dict.fromkeys(widths):
        try:
            return stack.enter_context(asked(network, (n,), take, double=True)), n
        except NetworkInputError as error:
            errors.append(error)
    raise errors[0]


def _precision(module):
    """The coarsest in which a parameter of a module came."""
    return max((precision(tensor) for tensor in module.parameters()), default=EPS)


def _fitting(sequence):
    for (before, first), (name, layer) in itertools.pairwise(sequence.linear.items()):
        if len(first.W) != layer.W.shape[1]:
            raise ValueError(
                f"{name}, weight: expected {len(first.W)} columns, the outputs of {before}, got "
                f"shape {layer.W.shape}"
            )
