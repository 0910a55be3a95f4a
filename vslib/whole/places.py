"""Where a network can be cut in two: what every path from the input to the outputs runs through."""

import contextlib
from collections import Counter
from dataclasses import dataclass

import torch

__all__ = ["Place", "places", "watched"]

# What only arranges numbers anew loses none, and is no depth of its own.
ARRANGES = ("View", "Reshape", "UnsafeView", "Squeeze", "Unsqueeze", "Alias", "Transpose")
ARRANGES += ("Permute", "Clone")


@dataclass(frozen=True)
class Place:
    """A depth of a network: what one call of one of its modules takes or gives.

    Attributes
    ----------
    name : str
        The module's, with "before" where it is what the module takes.
    module : torch.nn.Module or None
        None for the outputs of the network, where no module gives them.
    call : int
        Which of the module's calls, from 0.
    given : bool
        Whether it is what the module gives, else what it takes.
    size : int
        Numbers for one input.

    Examples
    --------
    >>> Place("output", None, 0, True, 10).size
    10
    """

    name: str
    module: torch.nn.Module | None
    call: int
    given: bool
    size: int


def places(ask, network, x):
    """The depths of a network at an input, in order; the last are its outputs.

    A depth is a tensor through which every path of the computation from the input to the outputs
    runs: what comes later depends on the input through it alone. Inside a residual block there is
    none, behind its sum there is. Paths are counted on torch's graph, in whole numbers.

    Parameters
    ----------
    ask : vslib.inference.Asked
    network : torch.nn.Module
    x : tensor
        One input, in a batch of its own.

    Returns
    -------
    list of Place

    Raises
    ------
    ValueError
        If the outputs do not depend on the input by a path that has derivatives.

    Examples
    --------
    >>> from vslib.inference import asked
    >>> network = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Flatten())
    >>> with asked(network, double=True) as ask:
    ...     [place.name for place in places(ask, network, ask.tensor([[1, 2, 3]]))]
    ['0']
    """
    leaf = x.detach().expand(2, *x.shape[1:]).clone().requires_grad_()
    seen = {}

    def note(name, module, call, given, tensor):
        if isinstance(tensor, torch.Tensor) and tensor.grad_fn is not None:
            if tensor.ndim and len(tensor) == 2:
                parent, _, last = name.rpartition(".")
                before = f"{parent} before {last}".strip() if name else "input"
                shown = (name or "output") if given else before
                place = Place(shown, module, call, given, tensor[0].numel())
                seen.setdefault((tensor.grad_fn, tensor.output_nr), place)

    with watched(network, note):
        outputs = ask(leaf)
    if outputs is leaf:
        return [Place("output", None, 0, True, leaf[0].numel())]
    end = (outputs.grad_fn, outputs.output_nr)
    down, up = _paths(end, leaf)
    if not up.get(end[0]):
        raise ValueError(
            "network: expected outputs that depend on the input by a path with derivatives, got "
            "none"
        )
    total = up[end[0]]
    size = outputs[0].numel()
    seen.setdefault(end, Place("output", None, 0, True, size))
    found = [
        place
        for key, place in seen.items()
        if down.get(key, 0) * up.get(key[0], 0) == total
        and (key == end or not type(key[0]).__name__.startswith(ARRANGES))
    ]
    # A module that arranges the outputs gives them all the same.
    found.sort(key=lambda place: place is seen[end])
    return _distinct(found)


@contextlib.contextmanager
def watched(network, note):
    """While it lasts, every call of every module says what it takes, and then what it gives.

    Parameters
    ----------
    network : torch.nn.Module
    note : callable
        Told the module's name, the module, which of its calls it is (from 0), whether it gives,
        and its first argument (None without one) or what it gives.

    Examples
    --------
    >>> network = torch.nn.Sequential(torch.nn.Flatten())
    >>> with watched(network, lambda name, module, *told: print(repr(name), told[:2])):
    ...     _ = network(torch.zeros(1, 2))
    '' (0, False)
    '0' (0, False)
    '0' (0, True)
    '' (0, True)
    """
    calls = Counter()
    with contextlib.ExitStack() as stack:
        for name, module in network.named_modules():

            def takes(module, args, name=name):
                note(name, module, calls[module], False, args[0] if args else None)

            def gives(module, args, output, name=name):
                note(name, module, calls[module], True, output)
                calls[module] += 1

            stack.callback(module.register_forward_pre_hook(takes).remove)
            stack.callback(module.register_forward_hook(gives).remove)
        yield


def _distinct(found):
    """Each name once: those of later calls are numbered."""
    times, named = Counter(), []
    for place in found:
        times[place.name] += 1
        number = times[place.name]
        name = place.name if number == 1 else f"{place.name} ({number})"
        named.append(Place(name, place.module, place.call, place.given, place.size))
    return named


def _paths(end, leaf):
    """Numbers of paths: from the end to each output of each node, from each node to the leaf."""
    order, done, stack = [], set(), [(end[0], False)]
    while stack:
        node, left = stack.pop()
        if node is None or (node in done and not left):
            continue
        if left:
            order.append(node)
            continue
        done.add(node)
        stack.append((node, True))
        stack += [(following, False) for following, _ in node.next_functions]
    up, down, through = {}, Counter({end: 1}), Counter({end[0]: 1})
    for node in order:
        own = getattr(node, "variable", None) is leaf
        up[node] = int(own) + sum(up.get(other, 0) for other, _ in node.next_functions)
    for node in reversed(order):
        for following, number in node.next_functions:
            down[following, number] += through[node]
            through[following] += through[node]
    return down, up
