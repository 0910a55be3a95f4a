"""Images of any kind as what a network is called with, a batch at a time."""

from collections.abc import Mapping

import numpy as np

__all__ = ["as_tensor", "batches", "refusal"]


def batches(images, size):
    """Images as batches that a network can be called with: positional and named arguments.

    Parameters
    ----------
    images : array, tensor, tuple or mapping of such, or an iterable of batches
        Of an array the first axis counts; of a tuple each part is one argument, of a mapping
        each entry a named one. Anything else that can be gone through gives a batch at a time,
        each of these kinds, used as it is.
    size : int

    Yields
    ------
    arguments : tuple
    named : dict

    Raises
    ------
    ValueError
        If there is none, or arrays are not of one length.

    Examples
    --------
    >>> [len(x) for (x,), _ in batches(np.zeros((5, 28, 28)), 2)]
    [2, 2, 1]
    >>> [list(named) for _, named in batches({"ids": np.zeros((3, 7)), "mask": np.ones((3, 7))}, 2)]
    [['ids', 'mask'], ['ids', 'mask']]
    """
    if isinstance(images, Mapping) or type(images) is tuple or hasattr(images, "shape"):
        arguments, named = _call(images)
        lengths = {len(part) if np.ndim(part) else None for part in (*arguments, *named.values())}
        if len(lengths) != 1 or None in lengths or lengths == {0}:
            shapes = [tuple(np.shape(part)) for part in (*arguments, *named.values())]
            raise ValueError(
                f"images: expected arrays of one length, 1 or more, got shapes {shapes}"
            )
        for first in range(0, lengths.pop(), size):
            part = slice(first, first + size)
            yield tuple(x[part] for x in arguments), {k: x[part] for k, x in named.items()}
        return
    if not hasattr(images, "__iter__") or isinstance(images, str | bytes):
        got = type(images).__name__
        raise ValueError(f"images: expected arrays or batches of them, got a {got}")
    empty = True
    for batch in images:
        empty = False
        yield _call(batch)
    if empty:
        raise ValueError("images: expected one batch or more, got none")


def _call(batch):
    if isinstance(batch, Mapping):
        return (), dict(batch)
    # A packed sequence is a tuple, too, by inheritance.
    return (batch if type(batch) is tuple else (batch,)), {}


def as_tensor(ask, value):
    """An array as a tensor on the network's device, in its dtype where it is of floats.

    Parameters
    ----------
    ask : vslib.inference.Asked
    value : array, tensor or list
        Anything else stays what it is.

    Examples
    --------
    >>> import torch
    >>> from vslib.inference import asked
    >>> with asked(torch.nn.Linear(2, 2).double()) as ask:
    ...     as_tensor(ask, np.float32([1, 2]))
    tensor([1., 2.], dtype=torch.float64)
    """
    import torch

    if not isinstance(value, torch.Tensor | np.ndarray | list):
        return value
    if not isinstance(value, torch.Tensor):
        value = torch.from_numpy(np.array(value))  # a copy: torch warns of what is read-only
    return ask.tensor(value) if value.is_floating_point() else value.to(ask.device)


def refusal(arguments, named, error):
    """What is said of images that a network does not take: their shapes, and its own words.

    Examples
    --------
    >>> refusal((np.zeros((2, 3)),), {}, TypeError("no"))
    'images: expected what the network takes, got (2, 3); it said TypeError: no'
    """
    given = [("", x) for x in arguments] + [(f"{key} ", x) for key, x in named.items()]
    shapes = [f"{key}{tuple(getattr(x, 'shape', ())) or type(x).__name__}" for key, x in given]
    return (
        f"images: expected what the network takes, got {', '.join(shapes)}; it said "
        f"{type(error).__name__}: {str(error).strip()}"
    )
