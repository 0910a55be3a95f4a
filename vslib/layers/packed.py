"""Layers whose several matrices are kept in one parameter: gates of recurrences, attention."""

import contextlib
import re

from vslib.arrays import precision, real_array
from vslib.layers.reading import Part

__all__ = [
    "GATES",
    "attention",
    "below",
    "gates_of",
    "is_recurrent",
    "recurrent",
    "stored_parts",
]

# In the order in which torch stacks their rows.
GATES = {
    "LSTM": ("input", "forget", "cell", "output"),
    "GRU": ("reset", "update", "new"),
    "RNN": ("",),
}
RECURRENT = re.compile(r"weight_(ih|hh|hr)(_l\d+(_reverse)?)?")
PROJECTIONS = ("q_proj", "k_proj", "v_proj")


def below(name, rest):
    """The name of something that is part of a layer.

    Examples
    --------
    >>> below("encoder.lstm", "hh_l0"), below("lstm", ""), below("", "hh_l0")
    ('encoder.lstm.hh_l0', 'lstm', 'hh_l0')
    """
    return ".".join(filter(None, (name, rest)))


def is_recurrent(parameter):
    """Whether a parameter has the name of a weight of torch's LSTM, GRU or RNN, or of a cell.

    Examples
    --------
    >>> is_recurrent("weight_hh_l1_reverse"), is_recurrent("weight_ih"), is_recurrent("weight")
    (True, True, False)
    """
    return RECURRENT.fullmatch(parameter) is not None


def gates_of(shapes):
    """The gates of a recurrent layer, by the shapes of its weights: "LSTM", "GRU" or "RNN".

    Examples
    --------
    >>> gates_of({"weight_ih_l0": (12, 5), "weight_hh_l0": (12, 3)})
    'LSTM'
    """
    for name, (rows, columns) in shapes.items():
        if name.startswith("weight_hh"):
            # With a projection the hidden state is shorter than the cell.
            projection = shapes.get(name.replace("_hh", "_hr"))
            ratio = rows / (columns if projection is None else projection[1])
            for kind, gates in GATES.items():
                if len(gates) == ratio:
                    return kind
    raise ValueError(f"weights: expected those of an LSTM, GRU or RNN, got shapes {shapes}")


def stored_parts(shapes):
    """The matrices that the tensors of a checkpoint hold, named as `matrices` names them.

    Parameters
    ----------
    shapes : dict of str to tuple of int
        Of tensors, by torch's names.

    Returns
    -------
    dict of str to list of (str, int, int)
        By the name of a tensor: the name of each matrix in it, and its first row and the one
        after its last.

    Examples
    --------
    >>> stored_parts({"fc.weight": (3, 2), "mha.in_proj_weight": (6, 2)})["fc.weight"]
    [('fc', 0, 3)]
    >>> [name for name, _, _ in stored_parts({"mha.in_proj_weight": (6, 2)})["mha.in_proj_weight"]]
    ['mha.q_proj', 'mha.k_proj', 'mha.v_proj']
    """
    siblings = {}
    for key, shape in shapes.items():
        owner, _, leaf = key.rpartition(".")
        if is_recurrent(leaf) and len(shape) == 2:
            siblings.setdefault(owner, {})[leaf] = tuple(shape)
    found = {}
    for key, shape in shapes.items():
        owner, _, leaf = key.rpartition(".")
        names = [owner if leaf == "weight" else key]
        if leaf == "in_proj_weight":
            names = [below(owner, part) for part in PROJECTIONS]
        elif leaf in siblings.get(owner, ()):
            place = below(owner, leaf.removeprefix("weight_"))
            with contextlib.suppress(ValueError):  # of a recurrence that torch does not have
                gates = ("",) if "_hr" in leaf else GATES[gates_of(siblings[owner])]
                names = [below(place, gate) for gate in gates]
        if shape[0] % len(names):
            names = [key]
        rows = shape[0] // len(names)
        found[key] = [(name, i * rows, (i + 1) * rows) for i, name in enumerate(names)]
    return found


def recurrent(name, tensors, kind, source):
    """The matrices of a recurrent layer, one for each gate, from inputs and from hidden states.

    They are named ``NAME.ih_l0.forget``: torch's parameter without ``weight_``, then the gate.

    Parameters
    ----------
    name : str
        Of the layer.
    tensors : dict of str to array
        By torch's names, ``weight_ih_l0`` or ``weight_ih`` and so on.
    kind : {"LSTM", "GRU", "RNN"}
    source : str

    Returns
    -------
    list of Part

    Examples
    --------
    >>> import torch
    >>> parts = recurrent("gru", dict(torch.nn.GRUCell(2, 5).named_parameters()), "GRU", "weight")
    >>> [part.name for part in parts][:4]
    ['gru.ih.reset', 'gru.ih.update', 'gru.ih.new', 'gru.hh.reset']
    """
    parts = []
    for key in filter(is_recurrent, tensors):
        place = key.removeprefix("weight_")
        gates = ("",) if place.startswith("hr") else GATES[kind]
        parts += _stacked(
            [below(below(name, place), gate) for gate in gates],
            tensors[key],
            tensors.get(f"bias_{place}"),
            source,
        )
    return parts


def attention(name, tensors, source):
    """The matrices q, k and v of torch's attention; its `out_proj` is a layer of its own.

    Parameters
    ----------
    name : str
        Of the layer.
    tensors : dict of str to array
        By torch's names: `in_proj_weight`, or `q_proj_weight` and so on; `in_proj_bias`.
    source : str

    Returns
    -------
    list of Part

    Examples
    --------
    >>> import torch
    >>> parameters = dict(torch.nn.MultiheadAttention(8, 2).named_parameters())
    >>> [part.name for part in attention("mha", parameters, "weight")]
    ['mha.q_proj', 'mha.k_proj', 'mha.v_proj']
    """
    names, bias = [below(name, part) for part in PROJECTIONS], tensors.get("in_proj_bias")
    packed = tensors.get("in_proj_weight")
    if packed is not None:
        return _stacked(names, packed, bias, source)
    weights = [tensors[f"{part}_weight"] for part in PROJECTIONS]
    biases = [None] * 3 if bias is None else _thirds(bias, names[0])
    return [
        part
        for each in zip(names, weights, biases, strict=True)
        for part in _stacked([each[0]], *each[1:], source)
    ]


def _thirds(bias, name):
    bias = real_array(bias, f"{name}, bias", axes=1)
    return bias.reshape(3, -1) if len(bias) % 3 == 0 else [bias] * 3


def _stacked(names, weight, bias, source):
    eps, together = precision(weight), ", ".join(names)
    weight = real_array(weight, together, axes=2)
    if len(weight) % len(names):
        raise ValueError(
            f"{together}: expected {len(names)} equal parts of the rows, got shape {weight.shape}"
        )
    weights, biases = weight.reshape(len(names), -1, weight.shape[1]), [None] * len(names)
    if bias is not None:
        bias = real_array(bias, f"{together}, bias", axes=1, length=len(weight))
        biases = bias.reshape(len(names), -1)
    return [Part(*each, eps, source, "linear") for each in zip(names, weights, biases, strict=True)]
