"""The change that training made, larger or smaller than it was, or another of its size."""

import copy

__all__ = ["changed"]


def changed(network, start, factor=1, seed=None):
    """A copy of a network whose matrices have moved farther from their start, or elsewhere.

    Parameters
    ----------
    network, start : torch.nn.Module
        Of one architecture: after training and before it.
    factor : float
        What the change of each matrix is multiplied by.
    seed : int, optional
        Draws a random change for each matrix, of the norm that its own change has.

    Returns
    -------
    torch.nn.Module
        Weights are those of the start and the change; biases and whatever else has fewer than two
        axes are the network's.

    Raises
    ------
    ValueError
        If the two do not have the same parameters.

    Examples
    --------
    >>> import torch
    >>> network, start = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
    >>> twice = changed(network, start, factor=2)
    >>> torch.allclose(twice.weight - network.weight, network.weight - start.weight)
    True
    """
    import torch

    made, first = copy.deepcopy(network), dict(start.named_parameters())
    shapes = {name: parameter.shape for name, parameter in made.named_parameters()}
    if shapes != {name: parameter.shape for name, parameter in first.items()}:
        raise ValueError("start: expected the parameters of the network, got others")
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            if parameter.ndim < 2:
                continue
            change = parameter - first[name]
            if generator is not None:
                drawn = torch.randn(change.shape, generator=generator, dtype=change.dtype)
                change = drawn * (change.norm() / drawn.norm())
            parameter.copy_(first[name] + factor * change)
    return made
