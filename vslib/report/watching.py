"""A network run on images in batches, while what its layers take in is summed."""

import contextlib
import functools

from vslib.inference import NetworkInputError, asked
from vslib.layers import untouched
from vslib.report.calls import as_tensor, batches, refusal
from vslib.report.inputs import feeds
from vslib.report.moments import Inputs, Kept

__all__ = ["watch"]


def watch(model, rows, images, batch=64, progress=False):
    """Run a network on images, and put what each layer's own inputs show into its row.

    Parameters
    ----------
    model : torch.nn.Module
        Left as it was: mode, hooks, tensors.
    rows : list of vslib.report.columns.Row
        With their row spaces.
    images
        As for `vslib.report.calls.batches`.
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
            arguments = tuple(as_tensor(ask, x) for x in arguments)
            named = {key: as_tensor(ask, x) for key, x in named.items()}
            if channel:
                arguments = (arguments[0].unsqueeze(1),)
            try:
                model(*arguments, **named)
            except Exception as error:  # whatever the network raises of its own
                if error is watcher.error:
                    raise
                raise NetworkInputError(refusal(arguments, named, error)) from error
            first = next(iter((*arguments, *named.values())))
            count += len(first) if getattr(first, "ndim", 0) else 1
    return count


def _needs_channel(model, ask, images):
    """Whether a network takes grey images (N, h, w) only with a channel, (N, 1, h, w)."""
    if getattr(images, "ndim", None) != 3:
        return False
    errors = []
    for channel in (False, True):
        try:
            # Two sizes of batch: a layer may take the one for its channels.
            for count in (2, 3):
                x = as_tensor(ask, images[:1]).expand(count, -1, -1)
                model(x.unsqueeze(1) if channel else x)
            return channel
        except Exception as error:
            errors.append(error)
    raise NetworkInputError(
        refusal((images,), {}, errors[0]) + f"; and with a channel: {errors[1]}"
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
