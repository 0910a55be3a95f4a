"""How far a layer has moved from where it started, and in which directions."""

import math

import numpy as np

from vslib.layers import visit
from vslib.report.bands import spectrum_band
from vslib.report.blocks import decompose
from vslib.report.columns import of_layer
from vslib.spaces import stable_rank

__all__ = ["compare", "start_of"]


def start_of(initial):
    """The layers of a network before training, by name, each as the rows of a report.

    Parameters
    ----------
    initial : torch.nn.Module or None

    Returns
    -------
    dict of str to vslib.report.columns.Row, or None

    Examples
    --------
    >>> from torch import nn
    >>> list(start_of(nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))))
    ['0', '1']
    """
    if initial is None:
        return None
    found = {}

    def take(layer, owner, module):
        for row in of_layer(layer, module, vectors=True):
            found[row.columns["name"]] = row

    visit(initial, take)
    return found


def compare(row, initial):
    """Add to a row how its matrix differs from the initial one: its size, spectrum and angles.

    Parameters
    ----------
    row : vslib.report.columns.Row
        With its blocks and bases.
    initial : dict as `start_of` gives it, or None

    Raises
    ------
    ValueError
        If there is no such layer, or it has another shape.

    Examples
    --------
    >>> import numpy as np
    >>> from vslib.report.columns import row
    >>> start, now = (
    ...     row("fc", np.array([[w]]), 2**-52, vectors=True) for w in ([4.0, 0], [4.0, 3])
    ... )
    >>> compare(now, {"fc": start})
    >>> now.columns["moved"], round(now.columns["overlap"], 2), now.columns["overlap by chance"]
    (0.75, 0.64, 0.5)
    """
    if initial is None:
        return
    name = row.columns["name"]
    if name not in initial:
        if row.feed != name:
            return  # what an adapter adds; there was none
        raise ValueError(f"initial: expected a layer {name!r}, got {', '.join(initial) or 'none'}")
    start = initial[name]
    if start.blocks.shape != row.blocks.shape:
        raise ValueError(
            f"initial, {name}: expected {row.found.shape[0]} x {row.found.shape[1]} in "
            f"{len(row.blocks)} groups, got {start.found.shape[0]} x {start.found.shape[1]} in "
            f"{len(start.blocks)}"
        )
    change = row.blocks - start.blocks
    size = np.linalg.norm(start.blocks)
    row.columns["moved"] = float(np.linalg.norm(change) / size) if size else math.nan
    if change.any():
        found = decompose(change, np.finfo(float).eps)
        scale = math.sqrt((change**2).mean())
        _, high = spectrum_band(change.shape[1:], len(change))
        row.columns |= {
            "change s1": float(found.values[0]),
            "change stable rank": stable_rank(found.values),
            "change above": int((found.values > scale * high).sum()),
        }
    row.columns |= _angles(row.found.bases, start.found.bases)


def _angles(bases, others):
    cosines, least, by_chance, directions = [], 1.0, 0.0, 0
    for basis, other in zip(bases, others, strict=True):
        few, many = sorted((basis.shape[1], other.shape[1]))
        if not few:
            continue
        s = np.ones(few) if many == len(basis) else np.linalg.svd(basis.T @ other, compute_uv=False)
        cosines.append(np.clip(s, 0, 1))
        least = min(least, cosines[-1][-1])
        by_chance, directions = by_chance + few * many / len(basis), directions + few
    if not directions:
        return {}
    return {
        "overlap": float((np.concatenate(cosines) ** 2).mean()),
        "overlap by chance": by_chance / directions,
        "largest angle": math.degrees(math.acos(least)),
    }
