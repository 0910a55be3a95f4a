"""The convolutions of a network as they act on whole maps: columns that are computed on request."""

from vslib.convolution import conv_operators

__all__ = ["MODES", "mapped"]

MODES = ("own", "zeros", "circular", "reflect", "replicate")


def mapped(model, images, mode):
    """What each convolution is on the maps that it meets: its rank and spectrum, or its largest.

    Parameters
    ----------
    model : torch.nn.Module
    images : array or tensor
        Of which only the shape counts, the first axis aside.
    mode : str
        Of padding: one of `MODES`.

    Returns
    -------
    dict of str to dict
        Columns of the report by the name of the layer.

    Raises
    ------
    ValueError
        If the mode is none of these, images are no array, or there is no convolution.

    Examples
    --------
    >>> import numpy as np
    >>> from torch import nn
    >>> found = mapped(nn.Conv2d(1, 2, 3, padding=1), np.zeros((1, 1, 8, 8)), "circular")
    >>> found[""]["map rank"], found[""]["map values"], found[""]["map s1 within"] < 1e-12
    (64, 64, True)
    """
    if mode not in MODES:
        raise ValueError(f"maps: expected one of {', '.join(MODES)}, got {mode!r}")
    if len(getattr(images, "shape", ())) < 2:
        got = type(images).__name__
        raise ValueError(f"maps: expected images as one array, which says their size, got {got}")
    padding = None if mode == "own" else mode
    operators = conv_operators(model, tuple(images.shape[1:]), padding)
    if not operators:
        raise ValueError("maps: expected convolutions, got none")
    words = {"own": "padded as it is", "zeros": "padded with zeros"}.get(mode, f"{mode} padding")
    return {name: {"map": words} | _columns(operator) for name, operator in operators.items()}


def _columns(operator):
    """All singular values where they can be had, else the largest, certified from both sides."""
    found = {"map values": min(operator.shape)}
    try:
        operator.check_size()
    except ValueError:
        few = operator.singular_values(1)
        return found | {
            "map s1": float(few.values[0]),
            "map s1 within": max(few.residual, few.missed),
            "map note": "too large for all of its values: the largest alone",
        }
    whole = operator.singular_values()
    found |= {
        "map rank": whole.rank,
        "map s1": float(whole.values[0]),
        "map s1 within": whole.residual,
    }
    return found | ({"map condition number": whole.condition_number} if whole.rank else {})
