"""A network run on images in batches, while what its layers take in is summed."""

import contextlib
import functools
from collections.abc import Mapping

import numpy as np

from vslib.inference import NetworkInputError, asked
from vslib.layers import untouched
from vslib.report.inputs import feeds
from vslib.report.moments import Inputs, Kept

__all__ = ["batches", "watch"]


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


def watch(model, rows, images, batch=64, progress=False):
    """Run a network on images, and put what each layer's own inputs show into its row.

    Parameters
    ----------
    model : torch.nn.Module
        Left as it was: mode, hooks, tensors.
    rows : list of vslib.report.columns.Row
        With their row spaces.
    images
        As for `batches`.
    batch : int
    progress : bool

    Returns
    -------
    int
        Number of images.

    Raises
    ------
    vslib.inference.NetworkInputError
        If the network does not take them; with its own words and their shapes.

    Examples
    --------
    >>> import torch
    >>> from vslib.report.columns import row
    >>> fc = torch.nn.Linear(3, 1)
    >>> made = row("", fc.weight.detach().double().numpy()[None], 2**-23, vectors=True)
    >>> watch(fc, [made], torch.ones(5, 3))
    5
    >>> made.columns["vectors"], round(made.columns["chance"], 3)
    (5, 0.667)
    """
    watcher = _Watcher(model, rows)
    with asked(model) as ask, untouched(model), _openly():
        channel = _needs_channel(model, ask, images)
        count = _run(model, ask, images, channel, watcher, batch, progress)
    watcher.conclude()
    return count


def _run(model, ask, images, channel, watcher, batch, progress):
    from tqdm import tqdm

    count = 0
    with watcher:
        for arguments, named in tqdm(batches(images, batch), disable=not progress, unit="batch"):
            arguments = tuple(_tensor(ask, x) for x in arguments)
            named = {key: _tensor(ask, x) for key, x in named.items()}
            if channel:
                arguments = (arguments[0].unsqueeze(1),)
            try:
                model(*arguments, **named)
            except Exception as error:  # whatever the network raises of its own
                if error is watcher.error:
                    raise
                raise NetworkInputError(_refused(arguments, named, error)) from error
            first = next(iter((*arguments, *named.values())))
            count += len(first) if np.ndim(first) else 1
    return count


def _tensor(ask, value):
    """An array as a tensor on the network's device, in its dtype where it is of floats."""
    import torch

    if not isinstance(value, torch.Tensor | np.ndarray | list):
        return value
    if not isinstance(value, torch.Tensor):
        value = torch.from_numpy(np.array(value))  # a copy: torch warns of what is read-only
    return ask.tensor(value) if value.is_floating_point() else value.to(ask.device)


def _refused(arguments, named, error):
    shapes = [str(tuple(np.shape(x))) for x in arguments]
    shapes += [f"{key} {tuple(np.shape(x))}" for key, x in named.items()]
    return (
        f"images: expected what the network takes, got {', '.join(shapes)}; it said "
        f"{type(error).__name__}: {str(error).strip()}"
    )


def _needs_channel(model, ask, images):
    """Whether a network takes grey images (N, h, w) only with a channel, (N, 1, h, w)."""
    if getattr(images, "ndim", None) != 3:
        return False
    errors = []
    for channel in (False, True):
        try:
            # Two sizes of batch: a layer may take the one for its channels.
            for count in (2, 3):
                x = _tensor(ask, images[:1]).expand(count, -1, -1)
                model(x.unsqueeze(1) if channel else x)
            return channel
        except Exception as error:
            errors.append(error)
    raise NetworkInputError(
        _refused((images,), {}, errors[0]) + f"; and with a channel: {errors[1]}"
    ) from errors[0]


@contextlib.contextmanager
def _openly():
    """In which attention takes no short cut past the layers that it is made of."""
    import torch

    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


class _Watcher:
    """Hooks on the modules whose inputs are wanted, for as long as the context lasts."""

    def __init__(self, model, rows):
        self._model, self._rows, self._hooks = model, rows, []
        self._inputs, self.error = {}, None
        for row in rows:
            basis = row.found.bases[0]
            inputs = self._inputs.setdefault(row.feed, Inputs(len(row.found.bases), len(basis)))
            inputs.kept[row.columns["name"]] = Kept(row.found.bases, row.found.strengths)

    def __enter__(self):
        for name, module in self._model.named_modules():
            found = {
                key: (feed, self._names(key, name)) for key, feed in feeds(name, module).items()
            }
            found = {key: each for key, each in found.items() if each[1]}
            if found:
                # Before the module's own hooks, which belong to the layer.
                hook = functools.partial(self._take, found)
                self._hooks.append(
                    module.register_forward_pre_hook(hook, prepend=True, with_kwargs=True)
                )
        return self

    def _names(self, key, module):
        """Which matrices take what goes by a name: that one, or the gates below it."""
        if key in self._inputs or key == module:
            return [key] if key in self._inputs else []
        return [name for name in self._inputs if name.startswith(f"{key}.")]

    def __exit__(self, *error):
        for hook in self._hooks:
            hook.remove()

    def _take(self, found, module, args, kwargs):
        import torch

        try:
            with torch.no_grad():
                for feed, names in found.values():
                    for rows in feed(args, kwargs):
                        self._add(rows, names)
        except Exception as error:
            self.error = error
            raise

    def _add(self, rows, names):
        if not rows.isfinite().all():
            raise ValueError(
                f"{names[0]}: expected finite inputs, got NaN or infinity from these images"
            )
        for name in names:
            if self._inputs[name].shape == tuple(rows.shape[1:]):
                self._inputs[name].add(rows)

    def conclude(self):
        """Put what was seen into the rows."""
        for row in self._rows:
            inputs = self._inputs[row.feed]
            if inputs.count:
                row.columns |= inputs.kept[row.columns["name"]].columns(inputs)
            elif row.columns["reading"] != "table":
                row.columns["note"] = "the network did not call it as a module: inputs not seen"
