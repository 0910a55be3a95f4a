"""How each of torch's own kinds of layers gives its matrices."""

from vslib.arrays import precision, real_array
from vslib.layers.calling import NoMatrixError, called
from vslib.layers.forms import Bilinear, Convolution, Linear, exchanged
from vslib.layers.packed import GATES, attention, recurrent
from vslib.layers.probe import applied, coarseness, deviation
from vslib.layers.reading import Part

__all__ = ["LOOKUP", "SCALES", "read", "read_as"]

LOOKUP = "a lookup table; embeddings=True reads it"
SCALES = "scales and shifts entries, no matrix"


def read(name, module, embeddings):
    """The matrices of a module that is one of torch's layers, or made from one.

    Parameters
    ----------
    name : str
    module : torch.nn.Module
        In evaluation mode, within `vslib.layers.calling.untouched`.
    embeddings : bool
        Whether lookup tables are read.

    Returns
    -------
    list of Part or None
        None for a module of another kind.

    Raises
    ------
    NoMatrixError
        If it applies no matrix, or none that can be read.
    ValueError
        If weights are not finite and real.

    Examples
    --------
    >>> import torch
    >>> [part] = read("fc", torch.nn.Linear(3, 2), False)
    >>> part.kind, part.weight.shape, part.source
    ('linear', (2, 3), 'weight')
    """
    from torch import nn
    from torch.nn.modules.batchnorm import _NormBase
    from torch.nn.modules.conv import _ConvNd

    if any(parameter.is_complex() for parameter in module.parameters(recurse=False)):
        raise NoMatrixError("expected real numbers, got complex ones")
    if callable(getattr(type(module), "weight", None)) or hasattr(module, "get_weight"):
        return _quantised(name, module, embeddings)
    if isinstance(module, nn.Linear):
        return [read_as(name, module, Linear(module.in_features), _own(name, module))]
    if isinstance(module, _ConvNd):
        form = Convolution.of(module)
        return [read_as(name, module, form, _own(name, module, form))]
    if isinstance(module, nn.Bilinear):
        form = Bilinear((module.in1_features, module.in2_features))
        return [read_as(name, module, form, _own(name, module))]
    if isinstance(module, nn.MultiheadAttention | nn.RNNBase | nn.RNNCellBase):
        return _compared(name, module)
    if isinstance(module, nn.Embedding | nn.EmbeddingBag):
        if not embeddings:
            raise NoMatrixError(LOOKUP)
        return [_table(name, module)]
    if isinstance(module, _NormBase | nn.LayerNorm | nn.GroupNorm | nn.RMSNorm | nn.PReLU):
        raise NoMatrixError(SCALES)
    return None


def read_as(name, module, form, weights=None):
    """A module of any kind as a layer of a form; see `vslib.layers.probe.applied`.

    Examples
    --------
    >>> import torch
    >>> identity = read_as("same", torch.nn.Identity(), Linear(2))
    >>> identity.weight.tolist(), identity.bias, identity.source
    ([[1.0, 0.0], [0.0, 1.0]], None, 'unit vectors')
    """
    kinds = {Linear: "linear", Convolution: "convolution", Bilinear: "bilinear"}
    W, b, source = applied(module, form, weights)
    W, b = real_array(W, name), None if b is None else real_array(b, f"{name}, bias")
    return Part(name, W, b, _precision(module), source, kinds[type(form)])


def _precision(module):
    """Of the shortest floats that a module keeps."""
    floats = [t for t in (*module.parameters(), *module.buffers()) if t.is_floating_point()]
    return max(map(precision, floats), default=2.0**-23)


def _own(name, module, form=None):
    """Weight and bias of a module as a function that gives what explains its outputs, perhaps."""

    def weights():
        W, b = module.weight, module.bias
        # Packed integers are no weight.
        if W.is_floating_point():
            W = _tensor(W, name or "weight")
            if getattr(form, "transposed", False):
                W = exchanged(W, form.groups)
            yield W, None if b is None else _tensor(b, f"{name}, bias"), "weight"

    return weights


def _tensor(value, name):
    import torch

    return torch.from_numpy(real_array(value, name))


def _table(name, module):
    import torch

    bag = isinstance(module, torch.nn.EmbeddingBag)

    def ask(call):
        places = torch.arange(module.num_embeddings)
        # Once in another order: a table gives the same wherever it is asked.
        found, backwards = (call(p[:, None] if bag else p) for p in (places, places.flip(0)))
        if found.ndim != 2 or not found.equal(backwards.flip(0)):
            raise NoMatrixError("gives not the same row for the same number")
        same = found.equal(module.weight.double().cpu())
        return found, "weight" if same else "unit vectors"

    found, source = called(module, ask)
    return Part(name, real_array(found, name), None, _precision(module), source, "table")


def _compared(name, module):
    """Attention or a recurrence, read where it gives what torch's own gives with its weights."""
    import torch
    from torch import nn

    base = next(kind for kind in type(module).__mro__ if kind.__module__.startswith("torch.nn.mod"))
    widths, options = _options(module, base)

    def ask(call):
        draw = torch.Generator().manual_seed(0)
        inputs = [torch.randn(2, 2, n, generator=draw, dtype=torch.float64) for n in widths]
        if isinstance(module, nn.RNNCellBase):
            inputs = [x[0] for x in inputs]
        outputs = call(*inputs)
        # Training mode, in which torch takes no short cut; nothing in it is random.
        reference = base(**options, device="cpu", dtype=torch.float64)
        tensors = {}
        for key, parameter in reference.named_parameters():
            owner, _, leaf = key.rpartition(".")
            value = getattr(module.get_submodule(owner), leaf)
            tensors[key] = real_array(value, f"{name}.{key}".strip("."))
            parameter.copy_(torch.from_numpy(tensors[key]))
        expected = reference(*inputs)
        while isinstance(expected, tuple):
            expected = expected[0]
        off = deviation(outputs, expected, expected.abs().max())
        if not off <= 100 * coarseness(outputs)[0]:
            raise NoMatrixError(
                f"its outputs are not those of torch's {base.__name__} with its weights "
                f"(relative error {off:.2g})"
            )
        return tensors

    tensors = called(module, ask)
    read = (
        attention(name, tensors, "weight")
        if isinstance(module, nn.MultiheadAttention)
        else recurrent(name, tensors, _kind(base), "weight")
    )
    return [part._replace(precision=_precision(module)) for part in read]


def _kind(base):
    return next(kind for kind in GATES if base.__name__.startswith(kind))


def _options(module, base):
    """Widths of the inputs of attention or of a recurrence, and how to build one like it."""
    from torch import nn

    if isinstance(module, nn.MultiheadAttention):
        names = ("embed_dim", "num_heads", "add_zero_attn", "kdim", "vdim", "batch_first")
        more = {"add_bias_kv": module.bias_k is not None, "bias": module.in_proj_bias is not None}
        widths = (module.embed_dim, module.kdim, module.vdim)
    else:
        names = ("input_size", "hidden_size", "bias")
        more, widths = {}, (module.input_size,)
        if isinstance(module, nn.RNNBase):
            names += ("num_layers", "bidirectional", "batch_first")
        if base is nn.LSTM:
            names += ("proj_size",)
        if base in (nn.RNN, nn.RNNCell):
            names += ("nonlinearity",)
    return widths, more | {key: getattr(module, key) for key in names}


def _quantised(name, module, embeddings):
    source, kind = "dequantised weight", type(module).__name__
    if hasattr(module, "get_weight"):
        tensors = {k: w.dequantize() for k, w in module.get_weight().items()}
        gates = next(gates for gates in GATES if kind.startswith(gates))
        biases = {k: b for k, b in module.get_bias().items() if b is not None}
        return recurrent(name, tensors | biases, gates, source)
    if kind.startswith("Embedding"):
        if not embeddings:
            raise NoMatrixError(LOOKUP)
        W = module.weight().dequantize()
        return [Part(name, real_array(W, name), None, precision(W), source, "table")]
    W, b = module.weight().dequantize(), module.bias()
    if getattr(module, "transposed", False):
        W = exchanged(W, module.groups)
    return [
        Part(
            name,
            real_array(W, name),
            None if b is None else real_array(b, f"{name}, bias"),
            precision(W),
            f"{source}, before its ReLU" if "ReLU" in kind else source,
            "convolution" if W.ndim > 2 else "linear",
        )
    ]
