"""Every weight of a torch network: read as part of a matrix, or named with the reason why not."""

from vslib.inference import asked
from vslib.layers.calling import NoMatrixError, untouched
from vslib.layers.custom import read_custom
from vslib.layers.kinds import read
from vslib.layers.packed import below

__all__ = ["of_network"]

PARAMETRIZED = "parametrizations"  # the part in which torch keeps what it computes weights from


def of_network(network, embeddings, take):
    """What the layers of a torch network apply, and what of it is no matrix.

    Parameters
    ----------
    network : torch.nn.Module
        Asked as `vslib.inference` says: nothing of it changes.
    embeddings : bool
        Whether lookup tables are read.
    take : callable
        Called with each Part, in the order of the network, and the name of its module.

    Returns
    -------
    skipped : dict of str to str
        Reasons by the name of a module or of a parameter.

    Raises
    ------
    ValueError
        If parameters have no numbers yet (lazy, or on the device "meta"), or none that are finite
        and real in a layer that is read; with the name of the layer.

    Examples
    --------
    >>> from torch import nn
    >>> network = nn.Sequential(nn.Linear(3, 2), nn.LayerNorm(2))
    >>> of_network(network, False, lambda part, owner: print(owner, part.weight.shape))
    0 (2, 3)
    {'1': 'LayerNorm: scales and shifts entries, no matrix'}
    """
    for name, tensor in (*network.named_parameters(), *network.named_buffers()):
        if tensor.is_meta:
            layer = name.rpartition(".")[0] or name
            raise ValueError(f"{layer}: expected numbers in {name!r}, got a tensor on device meta")
    with asked(network), untouched(network):
        # Here, where tensors that were made in inference mode have stand-ins.
        walk = _Walk(network, embeddings, take)
        walk.visit("", network)
    return walk.skipped


class _Walk:
    def __init__(self, network, embeddings, take):
        self._take, self.skipped = take, {}
        self._embeddings, self._seen, self._owners = embeddings, {}, {}
        for name, parameter in network.named_parameters(remove_duplicate=False):
            self._owners.setdefault(id(parameter), set()).add(name.rpartition(".")[0])

    def visit(self, name, module):
        if id(module) in self._seen:
            if _has_weights(module):
                self.skipped[name] = f"the same module as {self._seen[id(module)]!r}"
            return
        self._seen[id(module)] = name
        # Not named_children, which leaves out what stands in two places.
        children = [
            (key, child)
            for key, child in module._modules.items()
            if child is not None and key != PARAMETRIZED
        ]
        try:
            parts = read(name, module, self._embeddings)
        except NoMatrixError as error:
            self._skip([name], module, name, error)
        else:
            if parts is None:
                parts = self._custom(name, module, children)
            whole = parts and not hasattr(module, "bias_k")
            for part in parts:
                self._take(part._replace(source=part.source + self._tied(module, name)), name)
            if whole:
                for key, child in children:
                    if _has_weights(child):
                        reason = f"part of {name!r}, which is read as a whole"
                        self.skipped[below(name, key)] = reason
                return
            for key in ("bias_k", "bias_v") if parts else ():
                if getattr(module, key) is not None:
                    self.skipped[below(name, key)] = "one more key or value, no matrix"
        for key, child in children:
            self.visit(below(name, key), child)

    def _custom(self, name, module, children):
        try:
            return read_custom(name, module) or []
        except NoMatrixError as error:
            own = [below(name, key) for key, _ in module.named_parameters(recurse=False)]
            self._skip(own if children else [name], module, name, error)
            return []

    def _skip(self, names, module, name, error):
        reason = f"{type(module).__name__}: {error}{self._tied(module, name)}"
        self.skipped |= dict.fromkeys(names, reason)

    def _tied(self, module, name):
        own = module.parameters(recurse=False)
        others = set().union(*(self._owners[id(parameter)] for parameter in own)) - {name}
        return f"; tied to {', '.join(map(repr, sorted(others)))}" if others else ""


def _has_weights(module):
    return any(True for _ in module.parameters()) or any(
        callable(getattr(type(each), "weight", None)) or hasattr(each, "get_weight")
        for each in module.modules()
    )
