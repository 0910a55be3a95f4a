"""The layers of a checkpoint: what names and shapes tell of an array, and what they leave open."""

import re

from vslib.layers.calling import NoMatrixError
from vslib.layers.forms import exchanged
from vslib.layers.kinds import LOOKUP, SCALES
from vslib.layers.packed import attention, below, gates_of, is_recurrent, recurrent
from vslib.layers.reading import Part
from vslib.layers.stored import grouped, resolved

__all__ = ["of_state"]

ADAPTER = re.compile(r"(?:(.*)\.)?lora_\w+(?:\..*)?")
TABLE = re.compile(r"(?i).*embed.*|emb|wte|wpe")
VECTORS = "vectors only, no matrix"


def of_state(model, embeddings):
    """The layers of a checkpoint as far as names and shapes tell, and what of it is no matrix.

    Parameters
    ----------
    model : dict of str to array
    embeddings : bool
        Whether what is named like a lookup table is read.

    Returns
    -------
    parts : list of Part
        In the order of the checkpoint.
    skipped : dict of str to str
        Reasons by the name of a layer or of a parameter.

    Raises
    ------
    ValueError
        If keys are no names, arrays stand in a dict of their own, a bias does not fit its
        weight, or numbers are not finite and real.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.ones((3, 2))
    >>> parts, skipped = of_state({"a.weight": W, "a.bias": W[0], "norm.weight": W[0]}, False)
    >>> [(part.name, part.weight.shape, part.source) for part in parts], skipped
    ([('a', (2, 3), 'state dict, transposed')], {'norm': 'vectors only, no matrix'})
    """
    groups, opaque = grouped(model)
    parts, skipped = [], {key: f"a {kind}, no array" for key, kind in opaque.items()}
    transposed = {
        name.rpartition(".")[2] for name, tensors in groups.items() if _is_transposed(tensors)
    }
    adapted = _adapted(groups)
    for name, tensors in groups.items():
        owner = next((each for each in adapted if _is_within(name, each)), None)
        if owner is not None:
            skipped[owner] = "adapted by LoRA, whose scale is not stored; give the module"
            continue
        try:
            found, rest = _read(name, tensors, transposed, embeddings)
        except NoMatrixError as error:
            skipped[name] = str(error)
            continue
        parts += found
        if not found and all(tensor.ndim < 2 for tensor in rest.values()):
            skipped[name] = VECTORS
        else:
            skipped |= {below(name, leaf): _why(tensor) for leaf, tensor in rest.items()}
    return parts, skipped


def _adapted(groups):
    keys = {below(name, leaf) for name, tensors in groups.items() for leaf in tensors}
    owners = {match[1] or "" for match in map(ADAPTER.fullmatch, keys) if match}
    bases = ("weight", "base_layer.weight")
    return [o for o in owners if any(below(o, base) in keys for base in bases)]


def _is_within(name, owner):
    rest = name.removeprefix(owner).removeprefix(".") if name.startswith(owner) else None
    return rest is not None and (not rest or rest.startswith(("lora_", "base_layer")))


def _why(tensor):
    if not tensor.floating:
        return "integers: packed, quantised, or no weights"
    return VECTORS if tensor.ndim < 2 else "its name says of no layer that it belongs to"


def _read(name, tensors, transposed, embeddings):
    """Parts of a layer, and the tensors that are in none of them."""
    tensors = resolved(tensors)
    gates = [key for key in tensors if is_recurrent(key)]
    if any(key.startswith("weight_hh") for key in gates):
        used = [*gates, *(key.replace("weight", "bias") for key in gates)]
        kind = gates_of({key: tensors[key].shape for key in gates})
        found = recurrent(name, tensors, kind, tensors[gates[0]].source)
    elif "in_proj_weight" in tensors or {"q_proj_weight", "k_proj_weight"} <= set(tensors):
        used = [key for key in tensors if "_proj_" in key]
        found = attention(name, tensors, tensors[used[0]].source)
    elif "weight" in tensors and tensors["weight"].ndim > 1:
        used = ["weight", "bias"]
        rest = set(tensors) - set(used)
        found = [_layer(name, tensors, rest, transposed, embeddings)]
    else:
        used, found = [], []
    return found, {key: tensor for key, tensor in tensors.items() if key not in used}


def _layer(name, tensors, rest, transposed, embeddings):
    weight, bias = tensors["weight"], tensors.get("bias")
    shape, last = weight.shape, name.rpartition(".")[2]
    if bias is not None and shape == bias.shape:
        raise NoMatrixError(SCALES)
    if not weight.floating and (rest or shape[1] == 1):
        raise NoMatrixError("integers: packed or quantised; give the module")
    if len(shape) > 5:
        raise NoMatrixError(f"expected a kernel of 3 axes at most, got shape {shape}")
    kind, groups, note = "linear" if len(shape) == 2 else "convolution", 0, ""
    if bias is None:
        if kind == "linear" and TABLE.fullmatch(last):
            if not embeddings:
                raise NoMatrixError(f"by its name {LOOKUP}")
            kind, note = "table", "; a table by its name"
        else:
            note = "; without a bias nothing tells it from a transpose or a table"
    elif kind == "linear" and shape[0] == shape[1]:
        note = "; square, so that nothing tells it from its transpose"
        if last in transposed:
            groups = 1
        elif transposed:
            raise NoMatrixError("square, where other layers are stored transposed; give the module")
    elif bias.ndim == 1 and len(shape) > 1:
        groups = _groups(shape, bias.shape[0])
        if not groups and shape[0] == shape[1]:
            note = "; as many inputs as outputs, so that nothing tells it from a transposed one"
        elif not groups and len(shape) == 3:
            note = "; read as Conv1d, nothing tells it from a Bilinear layer"
    W = weight.array()
    if groups:
        W, note = exchanged(W, groups), ", transposed" + note
    b = None if bias is None else bias.array(axes=1, length=len(W))
    return Part(name, W, b, weight.precision, weight.source + note, kind)


def _is_transposed(tensors):
    weight, bias = tensors.get("weight"), tensors.get("bias")
    flat = weight is not None and bias is not None and (weight.ndim, bias.ndim) == (2, 1)
    return flat and _groups(weight.shape, bias.shape[0]) > 0


def _groups(shape, length):
    """Of a weight with the inputs first that has outputs for a bias; 0 where there are none."""
    groups, left = divmod(length, shape[1])
    if length == shape[0] or left or not groups or shape[0] % groups:
        return 0
    return groups if len(shape) > 2 or groups == 1 else 0
