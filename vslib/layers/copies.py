"""Copies of torch networks whose weights may be computed, and which convolutions are plain."""

import copy

__all__ = ["applies_its_weight", "copied"]


def copied(model):
    """A copy of a network; of weights that are computed from others it has the numbers.

    Pruning and the hooks of weight_norm and spectral_norm keep such weights, and compute them
    anew in every forward pass.

    Parameters
    ----------
    model : torch.nn.Module

    Examples
    --------
    >>> import torch
    >>> layer = torch.nn.Linear(2, 1)
    >>> layer.remembered = 2 * layer.weight
    >>> copied(layer).remembered.requires_grad
    False
    """
    import torch

    numbers = {}
    for module in model.modules():
        for value in vars(module).values():
            for each in value if isinstance(value, list | tuple) else (value,):
                # torch copies no tensor that has a history.
                if isinstance(each, torch.Tensor) and not each.is_leaf:
                    numbers[id(each)] = each.detach().clone()
    return copy.deepcopy(model, numbers)


def applies_its_weight(conv):
    """Whether a convolution has torch's own forward pass, and its weight is a parameter.

    A subclass, a hook or a parametrization may make another weight of its parameter. False for
    transposed ones, too, and for padding by name or with other entries than zeros.

    Parameters
    ----------
    conv : torch.nn.Module

    Examples
    --------
    >>> from torch import nn
    >>> conv = nn.Conv2d(1, 1, 3)
    >>> applies_its_weight(conv)
    True
    >>> applies_its_weight(nn.utils.parametrizations.weight_norm(conv))
    False
    """
    from torch import nn

    methods = [getattr(conv, name, None) for name in ("forward", "_conv_forward")]
    return (
        any(
            [getattr(method, "__func__", None) for method in methods]
            == [base.forward, base._conv_forward]
            for base in (nn.Conv1d, nn.Conv2d, nn.Conv3d)
        )
        and "weight" in conv._parameters
        and conv.padding_mode == "zeros"
        and not isinstance(conv.padding, str)
    )
