"""What one layer's matrix says by itself: the columns of a report that come from weights."""

import math
from dataclasses import dataclass, replace

import numpy as np

from vslib.arrays import real_array, resolution
from vslib.report.bands import spectrum_band
from vslib.report.blocks import Decomposed, blocks_of, decompose, rounding
from vslib.spaces import chance, effective_rank, stable_rank

__all__ = ["Row", "kind_of", "of_layer", "row", "spectral", "stored"]

SHORT = 2.0**-23  # floats that are rounded more coarsely than float32 are short


@dataclass(eq=False)
class Row:
    """One matrix of a network, with what was found of it.

    Attributes
    ----------
    columns : dict of str to words or numbers
        By the names in `vslib.report.meanings.COLUMNS`.
    found : Decomposed
    blocks : (groups, m / groups, n / groups) array or None
        The matrix itself, as long as it is needed.
    feed : str
        The name of the matrix whose inputs it takes: mostly its own.

    Examples
    --------
    >>> import numpy as np
    >>> made = row("fc", np.eye(2)[None], 2**-52)
    >>> made.columns["rank"], made.feed
    (2, 'fc')
    """

    columns: dict
    found: Decomposed
    blocks: np.ndarray | None
    feed: str


def row(name, blocks, precision, eps=SHORT, vectors=False, p_values=False, **words):
    """What a block-diagonal matrix says by itself.

    Parameters
    ----------
    name : str
    blocks : (groups, m / groups, n / groups) array
    precision : float
        By which its rank is judged (`vslib.arrays.precision`).
    eps : float
        Of the floats that it is stored in (`vslib.arrays.resolution`).
    vectors : bool
        Whether its row space is kept.
    p_values : bool
        Whether the condition number gets its p-value, by drawing random matrices.
    **words
        Columns that are known already.

    Returns
    -------
    Row

    Examples
    --------
    >>> made = row("fc", np.diag([3.0, 1.0, 0.0])[None], 2**-52, kind="Linear")
    >>> made.columns["kind"], made.columns["rank"], made.columns["condition number"]
    ('Linear', 2, 3.0)
    """
    floor = rounding(blocks, eps) if eps > SHORT else 0.0
    found = decompose(blocks, precision, floor, vectors)
    columns = {"name": name, **words} | spectral(found, blocks.shape)
    columns["dead inputs"] = int((~blocks.any(1)).sum())
    columns["dead outputs"] = int((~blocks.any(2)).sum())
    if p_values and len(blocks) == 1 and found.rank == min(found.shape):
        p = chance(blocks[0]).p_value(columns["condition number"])
        columns["p (condition number)"] = p
    return Row(columns, found, blocks, name)


def spectral(found, shape):
    """The columns that singular values give, against what chance shows.

    Parameters
    ----------
    found : Decomposed
    shape : (int, int, int)
        Number of blocks, and the shape of each.

    Returns
    -------
    dict

    Examples
    --------
    >>> found = decompose(np.eye(3)[None] * 2.0, 2**-52)
    >>> columns = spectral(found, (1, 3, 3))
    >>> columns["stable rank"], columns["s1"], columns["above"]
    (3.0, 2.0, 0)
    """
    groups, *block = shape
    m, n = found.shape
    columns = {"m": m, "n": n, "groups": groups, "rank": found.rank}
    columns["chance"] = 1 - found.rank / n
    counted = found.values[: found.rank]
    if not found.rank:
        return columns | {"s1": float(found.values[0]), "above": 0, "below": 0}
    scale = counted[0] * math.sqrt(
        ((found.values / counted[0]) ** 2).sum() / (groups * math.prod(block))
    )
    low, high = (scale * end for end in spectrum_band(block, groups))
    return columns | {
        "condition number": float(counted[0] / counted[-1]),
        "stable rank": stable_rank(counted),
        "effective rank": effective_rank(counted),
        "s1": float(counted[0]),
        "chance s1": high,
        "above": int((counted > high).sum()),
        "chance smallest": low,
        "below": int((counted < low).sum()),
    }


def kind_of(module):
    """What kind of module it is, as its author wrote it.

    Examples
    --------
    >>> from torch import nn
    >>> kind_of(nn.utils.parametrizations.weight_norm(nn.Linear(2, 2)))
    'Linear'
    """
    from torch.nn.utils import parametrize

    kind = type(module)
    return (kind.__bases__[0] if parametrize.is_parametrized(module) else kind).__name__


def stored(module):
    """In which floats a module keeps its matrix: the name of their dtype, and their eps.

    Examples
    --------
    >>> import torch
    >>> stored(torch.nn.Linear(2, 2).bfloat16())
    ('bfloat16', 0.0078125)
    """
    if callable(getattr(type(module), "weight", None)):  # quantised
        return str(module.weight().dtype).removeprefix("torch."), SHORT
    tensors = [t for t in module.parameters() if t.is_floating_point()]
    wide = [t for t in tensors if t.ndim > 1] or tensors
    if not wide:
        return "quantised" if hasattr(module, "get_weight") else "", SHORT
    coarse = max(wide, key=resolution)
    return str(coarse.dtype).removeprefix("torch."), resolution(coarse)


def of_layer(layer, module, vectors=False, p_values=False, **words):
    """The row of a layer of a network, and that of what was added to its stored weight.

    The second is there where the matrix that the module applies differs from the weight that it
    stores by one of lower rank, as by LoRA.

    Parameters
    ----------
    layer : vslib.layers.LayerMatrix
        A convolution in the reading "filters".
    module : torch.nn.Module
        That applies it.
    vectors, p_values
        As for `row`.
    **words
        Columns that are known already.

    Returns
    -------
    list of Row

    Examples
    --------
    >>> from torch import nn
    >>> from vslib.layers import matrices
    >>> conv = nn.Conv2d(4, 4, 3, groups=2)
    >>> [made] = of_layer(matrices(conv, "filters")[""], conv)
    >>> made.columns["m"], made.columns["n"], made.columns["rank"]
    (4, 36, 4)
    """
    conv = next(
        (m for m in (module, getattr(module, "base_layer", None)) if hasattr(m, "groups")), None
    )
    transposed = bool(getattr(conv, "transposed", False))
    groups = conv.groups if conv is not None and layer.kernel_shape else 1
    dtype, eps = stored(module)
    words = {
        "kind": kind_of(module),
        "reading": "pixels" if transposed else layer.reading,
        "source": layer.source.partition("; tied to")[0],
        "dtype": dtype,
        **words,
    }
    options = {"vectors": vectors, "p_values": p_values}
    blocks = blocks_of(layer, groups, transposed)
    rows = [row(layer.name, blocks, layer.precision, eps, **options, **words)]
    base = _base(module, layer)
    if base is not None:
        added = blocks - blocks_of(base, groups, transposed)
        words |= {"source": "the matrix less the stored weight"}
        more = row(f"{layer.name} (added)".strip(), added, layer.precision, eps, **options, **words)
        more.feed = layer.name
        if 0 < more.found.rank < min(more.found.shape):
            rows.append(more)
    return rows


def _base(module, layer):
    """The weight that a module stores, as a layer, where it is not what the module applies."""
    import torch
    from torch.nn.utils import parametrize

    if parametrize.is_parametrized(module, "weight"):
        weight = getattr(module.parametrizations.weight, "original", None)
    else:
        weight = getattr(getattr(module, "base_layer", module), "weight", None)
    computed = layer.source.startswith("unit vectors") or parametrize.is_parametrized(module)
    if not computed or not isinstance(weight, torch.Tensor) or not weight.is_floating_point():
        return None
    if len(weight) != len(layer.values) or weight.numel() != layer.values.size:
        return None
    return replace(layer, values=real_array(weight, layer.name).reshape(layer.shape))
