"""A torch network borrowed: in evaluation mode, in float64 on request, put back as it was."""

import contextlib

__all__ = ["borrowed"]


@contextlib.contextmanager
def borrowed(network, double=False):
    """A network in evaluation mode, for as long as the context lasts.

    It is not copied. The mode of every module and all its tensors are put back afterwards, also
    after an error: parameters, buffers, and plain attributes as old-style pruning and weight
    normalisation keep their weights in.

    Parameters
    ----------
    network : torch.nn.Module
    double : bool
        All that the network holds in other floats is float64 meanwhile: the same numbers,
        computed with more digits. A weight that is made of others (a parametrisation, a hook) is
        made of those in float64.

    Examples
    --------
    >>> import torch
    >>> layer = torch.nn.Linear(2, 1)
    >>> with borrowed(layer, double=True):
    ...     layer.weight.dtype, layer.training
    (torch.float64, False)
    >>> layer.weight.dtype, layer.training
    (torch.float32, True)
    """
    import torch

    modules = list(network.modules())
    modes = [module.training for module in modules]
    tensors = [(*each, _contents(each[2])) for module in modules for each in _tensors(module)]
    stand_ins = {}
    try:
        # Not network.eval(), which a subclass may have changed.
        for module in modules:
            module.training = False
        for table, key, value, _ in tensors:
            if isinstance(value, list):
                table[key] = [_stand_in(tensor, double, stand_ins) for tensor in value]
            elif _stand_in(value, double, stand_ins) is not value:
                table[key] = stand_ins[id(value)]
        yield
    finally:
        for module, mode in zip(modules, modes, strict=True):
            module.training = mode
        for table, key, value, before in tensors:
            if key not in table or table[key] is not value:
                table[key] = value
            if before is not None and not torch.equal(value, before):
                with torch.inference_mode(value.is_inference()), torch.no_grad():
                    value.copy_(before)


def _tensors(module):
    """Where each tensor of a module stands (a dict and a key), and the tensor or list of them."""
    import torch

    for table in (module._parameters, module._buffers):
        yield from ((table, key, value) for key, value in table.items())
    # Recurrent layers hold their weights a second time, in a list.
    for key, value in vars(module).items():
        several = isinstance(value, list) and value
        if all(isinstance(each, torch.Tensor) for each in (value if several else [value])):
            yield vars(module), key, value


def _contents(value):
    """A copy of a tensor that a network might write into: of no parameter, and of no list."""
    import torch

    if not isinstance(value, torch.Tensor) or isinstance(value, torch.nn.Parameter):
        return None
    return None if value.is_meta else value.detach().clone()


def _stand_in(tensor, double, stand_ins):
    """What stands in for a tensor meanwhile: mostly itself, and the same wherever it is shared."""
    import torch

    if tensor is None:
        return None
    if id(tensor) not in stand_ins:
        other = tensor
        if double and tensor.is_floating_point() and tensor.dtype != torch.float64:
            apple = tensor.device.type == "mps"  # has no float64
            other = tensor.detach().to("cpu" if apple else tensor.device, torch.float64)
        # Autograd takes no tensors that were made in inference mode.
        stand_ins[id(tensor)] = other.clone() if other.is_inference() else other
    return stand_ins[id(tensor)]
