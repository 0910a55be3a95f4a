"""One table for any network: a row for each matrix that its layers apply."""

from collections.abc import Mapping
from dataclasses import replace
from os import PathLike

from vslib.inference import NetworkInputError
from vslib.layers import visit
from vslib.report.columns import of_layer
from vslib.report.compared import compare, start_of
from vslib.report.held import held
from vslib.report.maps import mapped
from vslib.report.shards import of_checkpoint, of_tensors
from vslib.report.table import Report
from vslib.report.watching import watch

__all__ = ["report"]


def report(
    model,
    images=None,
    initial=None,
    batch=64,
    p_values=False,
    maps=None,
    executor=None,
    store=None,
    progress=False,
):
    """Every layer of a network in one table: what its matrix says, and what its inputs do.

    A row stands for each matrix that `vslib.layers` reads, convolutions as filters: a grouped one
    is block-diagonal, a transposed one takes a pixel and gives a patch. What is no matrix is
    listed with the reason. The columns are explained in `vslib.report.COLUMNS`; each says against
    what it is to be read.

    With images the network runs on them once, in batches, and what each layer takes in is
    summed, not kept. Memory does not grow with their number: it is that of the weights once more
    in float64. Without images it is that of the widest layer.

    Parameters
    ----------
    model : torch.nn.Module, path-like, or dict of str to array
        A module is left as it was: mode, hooks, parameters, buffers. Of a checkpoint each tensor
        is a row, as it is stored: a .safetensors file, its index, a folder of shards, an .npz
        file, or arrays by name. It may be larger than memory.
    images : array, tensor, tuple, dict, or iterable of batches; optional
        What the network takes, the first axis counting the images: one array, a tuple of
        arguments, a dict of named ones. Anything else that can be gone through gives batches.
    initial : torch.nn.Module, optional
        The same network before training: each row also says how far it moved from there.
    batch : int
        Images at a time.
    p_values : bool
        Whether condition numbers get p-values against random matrices (seconds for wide layers);
        of a module.
    maps : {"own", "zeros", "circular", "reflect", "replicate"}, optional
        Whether each convolution is also taken as it acts on maps of the size that these images
        lead to, with that padding: with all its singular values where they can be had, else its
        largest, certified from both sides (a minute or more for each that is large).
    executor : concurrent.futures.Executor, optional
        That computes the rows of a checkpoint, on this machine or on others, where the files
        must have the same path: a ProcessPoolExecutor, dask's ``Client.get_executor()``.
    store : path-like, optional
        A file for the finished rows of a checkpoint: a second call goes on after them.
    progress : bool
        Whether a bar shows how far it is.

    Returns
    -------
    Report

    Raises
    ------
    vslib.files.FileError
        If a file is missing, damaged, or of another format, a shard is not there, a row could not
        be stored or computed. What was stored stays. A ValueError.
    vslib.inference.NetworkInputError
        If the model is none of these, or does not take the images: with its own words and their
        shape. A ValueError.
    ValueError
        If there is no layer (with the reasons), weights are not finite or on the device meta
        (with the name of the layer), or `initial` has other layers; if `maps` are asked for, and
        there is no convolution, or no array that says how large images are.

    Examples
    --------
    >>> import torch
    >>> torch.manual_seed(0) and None
    >>> network = torch.nn.Sequential(torch.nn.Linear(8, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    >>> found = report(network, images=torch.rand(100, 8))
    >>> found.table[["name", "m", "n", "rank", "chance"]]
      name  m  n  rank  chance
    0    0  4  8     4     0.5
    1    2  2  4     2     0.5
    """
    stored = isinstance(model, str | PathLike | Mapping)
    _check(stored, model, images, initial, maps, executor, store)
    if isinstance(model, Mapping):
        return of_tensors(held(model), "dict of arrays", executor, store, progress)
    if stored:
        return of_checkpoint(model, executor, store, progress)
    given = start_of(initial)
    rows = []

    def take(layer, owner, module):
        words = {"tied to": ", ".join(shared.get(owner, ()))} if owner in shared else {}
        for made in of_layer(layer, module, vectors, p_values, **words):
            compare(made, given)
            made.blocks = None
            if images is None:
                made.found = replace(made.found, bases=None, strengths=None)
            rows.append(made)

    vectors = images is not None or initial is not None
    shared = _shared(model)
    skipped = visit(model, take)
    if not rows:
        reasons = "".join(f"; {name!r}: {why}" for name, why in list(skipped.items())[:5])
        raise ValueError(f"model: expected layers that apply matrices, got none{reasons}")
    count = None
    if images is not None:
        count = watch(model, rows, images, batch, progress)
        if initial is not None:
            first = report(initial, images, batch=batch, progress=progress)
            _beside(rows, first)
    if maps is not None:
        found = mapped(model, images, maps)
        for made in rows:
            made.columns |= found.get(made.columns["name"], {})
    return Report.of(rows, skipped, kind=type(model).__name__, images=count)


def _check(stored, model, images, initial, maps, executor, store):
    """What is given is what that kind of model may be given."""
    modules = {"model": model, "initial": initial}
    for name, module in modules.items():
        wanted = module is not None if name == "initial" else not stored
        if wanted and not hasattr(module, "named_modules"):
            others = "" if name == "initial" else ", a path, or arrays by name"
            got = type(module).__name__
            raise NetworkInputError(f"{name}: expected a torch.nn.Module{others}, got {got}")
    if stored and (images is not None or initial is not None or maps is not None):
        raise ValueError("images, initial, maps: expected none with a checkpoint; give the module")
    if not stored and (executor is not None or store is not None):
        raise ValueError("executor, store: expected none with a module; give its checkpoint")


def _shared(model):
    """Names of other modules that have a parameter in common, by the name of a module."""
    owners = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        if parameter.ndim > 1 and not parameter.is_meta and parameter.numel():
            # Two parameters may stand on the same numbers.
            owners.setdefault(parameter.data_ptr(), []).append(name.rpartition(".")[0])
    return {
        owner: [other for other in together if other != owner]
        for together in owners.values()
        if len(set(together)) > 1
        for owner in together
    }


def _beside(rows, first):
    """Put what the initial network rejects of its own inputs into the rows."""
    start = first.table.set_index("name")
    for made in rows:
        name = made.columns["name"]
        for key in ("rejected", "rejected_centred"):
            if name in start.index and key in start:
                made.columns[f"{key} at the start"] = float(start.loc[name, key])
