"""Modules of one's own that act as one layer: what they apply, by unit vectors where needed."""

from types import SimpleNamespace

from vslib.arrays import real_array
from vslib.layers.calling import Call, NoMatrixError
from vslib.layers.forms import Convolution, Linear, exchanged
from vslib.layers.kinds import SCALES, read_as

__all__ = ["read_custom"]


def read_custom(name, module):
    """A module that is none of torch's as one layer, where it keeps a weight or says its widths.

    Parameters
    ----------
    name : str
    module : torch.nn.Module
        In evaluation mode, within `vslib.layers.calling.untouched`. It counts as one layer if it
        has a tensor of two axes or more of its own, `in_features` and `out_features`, or adapts
        a layer as LoRA does (a child `base_layer`, or parts named ``lora_...``).

    Returns
    -------
    list of Part or None
        None for a module that only holds others.

    Raises
    ------
    NoMatrixError
        If it is not affine, or takes none of the inputs that its tensors suggest.

    Examples
    --------
    >>> import torch
    >>> class Dense(torch.nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.W = torch.nn.Parameter(torch.ones(3, 2))
    ...     def forward(self, x):
    ...         return x @ self.W
    >>> with torch.no_grad():
    ...     [part] = read_custom("dense", Dense())
    >>> part.weight.shape, part.source
    ((2, 3), 'weight, transposed')
    """
    tensors = _tensors(module)
    # What torch.compile makes applies what it was made from, which is read in its place.
    forms = [] if "_orig_mod" in module._modules else list(_forms(module, tensors))
    if not forms:
        if any(True for _ in module.parameters(recurse=False)):
            raise NoMatrixError(SCALES)
        return None
    bent = _bent(module)
    if forms and bent:
        raise NoMatrixError(f"not affine: it holds a {bent}")
    parts, errors = any(True for _ in module.children()), []
    for form in forms:
        try:
            if parts:
                # Before all that it holds is copied.
                Call(module)(*form.inputs(seed=0))
            return [read_as(name, module, form, _candidates(name, module, tensors, form))]
        except NoMatrixError as error:
            errors.append(error)
    # What it says of an input that it takes is worth more than that it does not take another.
    raise next((e for e in errors if not str(e).startswith("refuses")), errors[0])


def _bent(module):
    """The kind of a part that makes a module no affine one, so that it need not be called."""
    from torch import nn

    kinds = (nn.MultiheadAttention, nn.RNNBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)
    for part in module.modules():
        activation = type(part).__module__ == "torch.nn.modules.activation"
        if part is not module and (isinstance(part, kinds) or activation):
            return type(part).__name__
    return None


def _tensors(module):
    """The tensors of a module's own; its buffers where it has no parts, as packed weights are."""
    from torch.nn.utils import parametrize

    tensors = dict(module.named_parameters(recurse=False))
    if not any(True for _ in module.children()):
        tensors |= dict(module.named_buffers(recurse=False))
    if parametrize.is_parametrized(module):
        tensors |= {key: getattr(module, key) for key in module.parametrizations}
    return tensors


def _forms(module, tensors):
    from torch import nn
    from torch.nn.modules.conv import _ConvNd

    widths = []
    if isinstance(getattr(module, "in_features", None), int) and hasattr(module, "out_features"):
        widths.append(module.in_features)
    parts = [*tensors, *(key for key, _ in module.named_children())]
    if any(part == "base_layer" or part.startswith("lora_") for part in parts):
        kinds = (nn.Linear, _ConvNd)
        base = next((m for m in module.modules() if isinstance(m, kinds)), None)
        if isinstance(base, _ConvNd):
            yield Convolution.of(base)
        elif base is not None:
            widths.append(base.in_features)
    # A width of 1 would take anything that is scaled for a layer.
    flat = [n for tensor in tensors.values() if tensor.ndim == 2 for n in tensor.shape]
    widths += sorted(flat, key=lambda n: n == 1)
    for width in dict.fromkeys(widths):
        yield Linear(width)
    for tensor in tensors.values():
        long = sum(n > 1 for n in tensor.shape)
        if 3 <= tensor.ndim <= 5 and long > 1 and tensor.is_floating_point():
            yield from _convolutions(module, tensor.shape)


def _convolutions(module, shape):
    kernel = tuple(shape[2:])

    def option(key, default):
        value = getattr(module, key, default)
        return tuple(value) if isinstance(value, tuple | list) else (value,) * len(kernel)

    groups, transposed = getattr(module, "groups", 1), getattr(module, "transposed", False)
    padding = getattr(module, "padding", None)
    if padding is None:
        paddings = [option("", 0), tuple(k // 2 for k in kernel)]
    else:
        paddings = [padding if isinstance(padding, str) else option("padding", 0)]
    for padding in dict.fromkeys(paddings):
        yield Convolution.of(
            SimpleNamespace(
                in_channels=shape[0] if transposed else shape[1] * groups,
                kernel_size=kernel,
                stride=option("stride", 1),
                padding=padding,
                dilation=option("dilation", 1),
                groups=groups,
                padding_mode=getattr(module, "padding_mode", "zeros"),
                transposed=transposed,
                output_padding=option("output_padding", 0),
            )
        )


def _candidates(name, module, tensors, form):
    """Weights that may be what the module applies: its tensors, or their transposes."""
    import torch

    def candidates():
        bias = getattr(module, "bias", None)
        if not isinstance(bias, torch.Tensor) or bias.ndim != 1:
            bias = None
        for key in tensors:
            value = getattr(module, key)
            if value.ndim < 2 or not value.is_floating_point():
                continue
            W = torch.from_numpy(real_array(value, f"{name}.{key}".strip(".")))
            b = None if bias is None else torch.from_numpy(real_array(bias, f"{name}, bias"))
            if isinstance(form, Linear) and W.ndim == 2:
                yield W, b, "weight"
                yield W.T, b, "weight, transposed"
            elif isinstance(form, Convolution) and W.ndim == 2 + len(form.kernel):
                yield (exchanged(W, form.groups) if form.transposed else W), b, "weight"

    return candidates
