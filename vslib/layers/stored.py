"""The parameters of a layer as a checkpoint keeps them, and the weights that are made from them."""

import re

import numpy as np

from vslib.arrays import precision, real_array
from vslib.layers.calling import NoMatrixError

__all__ = ["Stored", "grouped", "resolved"]

LEAVES = ("weight", "bias")
NORMS = ("weight_g", "original0")  # which may be single numbers
SINGLE = int | float | str | bytes | None
PARTS = re.compile(r"parametrizations\.(\w+)\.(.+)")


class Stored:
    """An array of a checkpoint, in float64 when it is asked for.

    Attributes
    ----------
    shape : tuple of int
    precision : float
    floating : bool
        Whether it is kept in floats: integers may be packed.
    source : str
        How it was made, where it was.

    Examples
    --------
    >>> stored = Stored(np.array([[1.0, 2.0]]), "W")
    >>> stored.shape, stored.floating, stored.array()
    ((1, 2), True, array([[1., 2.]]))
    """

    def __init__(self, value, name, source="state dict", like=None):
        if getattr(value, "is_quantized", False):
            value, source = value.dequantize(), "dequantised weight"
        self._value, self._name, self.source = value, name, source
        try:
            self.shape = tuple(value.shape)
        except RuntimeError:  # a tensor without numbers of its own, which real_array tells
            self.shape = real_array(value, name).shape
        self.precision = precision(value) if like is None else like.precision
        words = str(getattr(value, "dtype", "float"))
        self.floating = "float" in words or words.startswith((">f", "<f"))

    @property
    def ndim(self):
        """Number of axes."""
        return len(self.shape)

    def __array__(self, dtype=None, copy=None):
        return self.array()

    def array(self, length=None, axes=None):
        """The numbers, which must be finite and real; see `vslib.arrays.real_array`."""
        return real_array(self._value, self._name, axes=axes, length=length)


def grouped(model):
    """The arrays of a checkpoint by the name of their layer, then by their own.

    Parameters
    ----------
    model : dict of str to array

    Returns
    -------
    groups : dict of str to dict of str to Stored
        In the order of the checkpoint. Counters and other single numbers or words are left out.
    opaque : dict of str to str
        The kinds of what is no array, by name.

    Raises
    ------
    ValueError
        If a key is no string, or a value a dict: the parameters are inside it then.

    Examples
    --------
    >>> groups, _ = grouped({"fc.weight": [[1.0]], "scale": np.ones(2), "epoch": 3})
    >>> {name: list(found) for name, found in groups.items()}
    {'fc': ['weight'], '': ['scale']}
    """
    groups, opaque = {}, {}
    for key, value in model.items():
        if not isinstance(key, str):
            raise ValueError(f"model: expected names of parameters, got the key {key!r}")
        owner, _, leaf = key.rpartition(".")
        if hasattr(value, "items") and leaf not in LEAVES:
            raise ValueError(
                f"model: expected an array as {key!r}, got a {type(value).__name__}; "
                f"pass model[{key!r}] if it holds the parameters"
            )
        if leaf == "_packed_params" and isinstance(value, tuple):
            # How torch keeps a quantised linear layer.
            owner = owner.removesuffix("_packed_params").removesuffix(".")
            named = {"weight": value[0], "bias": value[1]}
        else:
            inside = re.search(r"(^|.*\.)(parametrizations\..*)", key)
            if inside:
                owner, leaf = inside[1].removesuffix("."), inside[2]
            named = {leaf: value}
        for leaf, each in named.items():
            words = owner if leaf == "weight" else f"{owner}, {leaf}" if owner else leaf
            if leaf in LEAVES and not hasattr(each, "ndim") and (leaf, each) != ("bias", None):
                each = real_array(each, words or leaf)
            if leaf.endswith(NORMS) and getattr(each, "ndim", None) == 0:
                each = each.reshape(1)
            if getattr(each, "ndim", 0) or (leaf == "bias" and each is not None):
                groups.setdefault(owner, {})[leaf] = Stored(each, words or leaf)
            elif not hasattr(each, "ndim") and not isinstance(each, SINGLE):
                opaque[key] = type(each).__name__
    return groups, {key: kind for key, kind in opaque.items() if kind != "dtype"}


def resolved(tensors):
    """The tensors of a layer, with the weights that torch's reparametrisations make from them.

    Those are weight_norm, spectral_norm (as in evaluation mode) and pruning, in the names of
    their hooks and of their parametrizations.

    Parameters
    ----------
    tensors : dict of str to Stored

    Returns
    -------
    dict of str to Stored

    Raises
    ------
    NoMatrixError
        If a parametrization is another one: only the module knows what it does.

    Examples
    --------
    >>> weight, mask = np.array([[1.0, 2.0]]), np.array([[1.0, 0.0]])
    >>> made = resolved({"weight_orig": Stored(weight, "w"), "weight_mask": Stored(mask, "m")})
    >>> made = made["weight"]
    >>> made.array(), made.source
    (array([[1., 0.]]), 'weight_orig and weight_mask')
    """
    tensors = dict(tensors)
    inner = {}
    for key in [key for key in tensors if PARTS.fullmatch(key)]:
        name, part = PARTS.fullmatch(key).groups()
        inner.setdefault(name, {})[part] = tensors.pop(key)
    for name, parts in inner.items():
        if set(parts) == {"original0", "original1"}:
            made = _normed(parts["original0"], parts["original1"])
        elif set(parts) == {"original", "0._u", "0._v"}:
            made = _spectral(parts["original"], parts["0._u"], parts["0._v"])
        else:
            made = None
        if made is None:
            raise NoMatrixError(
                f"its {name} is parametrised, and what by is not among the parameters; "
                "give the module"
            )
        tensors[name] = Stored(made, name, "its parametrization", next(iter(parts.values())))
    for key in list(tensors):
        for last, others, make in HOOKS:
            name = key.removesuffix(last)
            keys = [key, *(name + other for other in others)]
            if key.endswith(last) and all(each in tensors for each in keys):
                found = [tensors.pop(each) for each in keys]
                made = make(*found)
                if made is None:
                    raise NoMatrixError(f"{' and '.join(keys)} fit together in no way of torch's")
                tensors[name] = Stored(made, name, " and ".join(keys), found[0])
    return tensors


def _normed(g, v):
    shape = (1,) * v.ndim if g.shape == (1,) else g.shape
    if len(shape) != v.ndim or any(n not in (1, m) for n, m in zip(shape, v.shape, strict=True)):
        return None
    v, axes = v.array(), tuple(axis for axis, n in enumerate(shape) if n == 1)
    return v * (g.array() / np.sqrt((v**2).sum(axes, keepdims=True)))


def _spectral(weight, u, v):
    weight, u, v = weight.array(), u.array(), v.array()
    axis = 0 if len(u) == len(weight) else 1
    rows = np.moveaxis(weight, axis, 0).reshape(weight.shape[axis], -1)
    if rows.shape != (len(u), len(v)):
        return None
    return weight / (u @ rows @ v)


def _masked(weight, mask):
    return weight.array() * mask.array() if weight.shape == mask.shape else None


HOOKS = (
    ("_g", ("_v",), _normed),
    ("_orig", ("_u", "_v"), _spectral),
    ("_orig", ("_mask",), _masked),
)
