"""The modules that a torch network lists: its layers, and the containers that hold them."""

__all__ = ["PASSIVE", "declared"]

# What changes no number in evaluation mode.
PASSIVE = (
    "Identity",
    "Flatten",
    "Unflatten",
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "Dropout3d",
    "AlphaDropout",
    "FeatureAlphaDropout",
)


def declared(network, kinds, name=""):
    """The modules of a network as it lists them: layers, and the containers that hold them.

    Parameters
    ----------
    network : torch.nn.Module
    kinds : collection of str
        Names of classes that are layers, whatever they hold; a subclass is one, too.

    Yields
    ------
    name : str
    kind : str or None
        None for a container, and for a layer of another kind.
    module : torch.nn.Module

    Examples
    --------
    >>> from torch import nn
    >>> network = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.Tanh()))
    >>> [(name, kind) for name, kind, _ in declared(network, ("Linear", "Tanh"))]
    [('', None), ('0', 'Linear'), ('1', None), ('1.0', 'Tanh')]
    """
    kind = next((c.__name__ for c in type(network).__mro__ if c.__name__ in kinds), None)
    yield name, kind, network
    if kind is None:
        for key, child in network._modules.items():
            if child is not None:
                yield from declared(child, kinds, f"{name}.{key}" if name else key)
