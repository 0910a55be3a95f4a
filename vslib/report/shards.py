"""A checkpoint of any size in one table: tensor by tensor, here or on many machines."""

import contextlib
from concurrent.futures import as_completed
from pathlib import Path

from vslib.layers import stored_parts
from vslib.report.held import held, read_npz
from vslib.report.store import RowsError, Store
from vslib.report.stream import streamed
from vslib.report.table import Report
from vslib.report.tensors import headers

__all__ = ["of_checkpoint", "of_tensor", "of_tensors"]


def of_tensor(tensor, first, last, threads=None):
    """The columns of some rows of one tensor, and its singular values.

    This is what an executor is given: it takes and returns little, and reads the file where it
    runs.

    Parameters
    ----------
    tensor : vslib.report.tensors.Tensor
    first, last : int
        The rows, the last one excluded.
    threads : int, optional
        Of the linear algebra.

    Returns
    -------
    columns : dict
    values : array

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> from safetensors.numpy import save_file
    >>> path = Path(tempfile.mkdtemp()) / "model.safetensors"
    >>> save_file({"fc.weight": np.eye(3, 2, dtype=np.float32)}, path)
    >>> columns, values = of_tensor(*headers(path), 0, 3)
    >>> columns["rank"], columns["dtype"], values
    (2, 'float32', array([1., 1.]))
    """
    from threadpoolctl import threadpool_limits

    def read(rows, columns):
        start, stop, _ = rows.indices(last - first)
        return tensor.block(slice(first + start, first + stop), columns)

    with threadpool_limits(threads) if threads else contextlib.nullcontext():
        columns, values = streamed(read, (last - first, tensor.matrix[1]), tensor.eps)
    return {"reading": "as stored", "dtype": tensor.dtype} | columns, values


def of_checkpoint(path, executor=None, store=None, progress=False):
    """The report of a safetensors file, of an index, of a folder of shards, or of an .npz file.

    Shapes come from the headers; tensors are read one after the other, the one that takes longest
    first, and of each only a block is held in float64.

    Parameters
    ----------
    path : path-like
        As for `vslib.report.tensors.headers`, or an .npz file.
    executor : concurrent.futures.Executor, optional
        That computes the rows, wherever it does: a ProcessPoolExecutor, dask's
        ``Client.get_executor()``, Ray's, MPI's. The files must have the same path there.
    store : path-like, optional
        A file for finished rows: a second call reads them there, and computes what is missing.
    progress : bool

    Returns
    -------
    vslib.report.Report

    Raises
    ------
    vslib.files.FileError
        As for `headers`; RowsError, one of them, where a row could not be stored or computed.
        The others are stored.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> from safetensors.numpy import save_file
    >>> path = Path(tempfile.mkdtemp()) / "model.safetensors"
    >>> save_file({"fc.weight": np.eye(3, 2, dtype=np.float32), "fc.bias": np.ones(3)}, path)
    >>> found = of_checkpoint(path)
    >>> found.table["rank"].tolist(), found.skipped
    ([2], {'fc.bias': 'a vector, no matrix'})
    """
    path = Path(path)
    found = held(read_npz(path)) if path.suffix == ".npz" else headers(path)
    return of_tensors(found, path.name, executor, store, progress)


def of_tensors(tensors, kind, executor=None, store=None, progress=False):
    """The report of tensors, which `of_checkpoint` reads and others may hold.

    Parameters
    ----------
    tensors : list of vslib.report.tensors.Tensor or vslib.report.held.Held
    kind : str
        What they are called together.
    executor, store, progress
        As for `of_checkpoint`.

    Examples
    --------
    >>> import numpy as np
    >>> of_tensors(held({"fc.weight": np.eye(3, 2)}), "arrays").table["rank"].tolist()
    [2]
    """
    skipped = {t.name: why for t in tensors if (why := t.why_not())}
    tensors = [tensor for tensor in tensors if tensor.name not in skipped]
    if not tensors:
        reasons = "".join(f"; {name!r}: {why}" for name, why in list(skipped.items())[:5])
        raise ValueError(f"{kind}: expected tensors that are matrices, got none{reasons}")
    parts = stored_parts({tensor.name: tensor.shape for tensor in tensors})
    jobs = {
        name: (tensor, first, last)
        for tensor in tensors
        for name, first, last in parts[tensor.name]
    }
    known = {tensor.name: tensor.mark() if store else "" for tensor in tensors}
    marks = {name: f"{name} {known[tensor.name]}" for name, (tensor, *_) in jobs.items()}
    rows = Store(store)
    left = [name for name in jobs if marks[name] not in rows.rows]
    left.sort(key=lambda name: -_work(jobs[name]))
    lost = {}
    for name, found in _computed(left, jobs, executor, progress):
        if isinstance(found, Exception):
            lost[name] = found
        else:
            rows.add(marks[name], *found)
    if lost:
        name, error = next(iter(lost.items()))
        stays = f"the others are stored in {store}" if store else "with `store` the others stay"
        raise RowsError(
            f"{kind}: expected {len(jobs)} rows, got {len(jobs) - len(lost)}; none for {name}: "
            f"{type(error).__name__}: {error}; {stays}"
        ) from error
    found = {name: rows.rows[mark] for name, mark in marks.items()}
    columns = [{"name": name} | columns for name, (columns, _) in found.items()]
    spectra = {name: values for name, (_, values) in found.items()}
    return Report.from_columns(columns, spectra, skipped, kind)


def _work(job):
    tensor, first, last = job
    small, large = sorted((last - first, tensor.matrix[1]))
    return small**2 * large


def _computed(names, jobs, executor, progress):
    """Names and their rows, or what was raised, as they come."""
    from tqdm import tqdm

    work = {name: _work(jobs[name]) for name in names}
    with tqdm(total=sum(work.values()), disable=not progress, unit="op", unit_scale=True) as bar:
        for name, call in _calls(names, jobs, executor):
            try:
                found = call()
            except Exception as error:
                found = error
            bar.update(work[name])
            bar.set_postfix_str(name)
            yield name, found


def _calls(names, jobs, executor):
    if executor is None:
        for name in names:
            yield name, lambda name=name: of_tensor(*jobs[name])
        return
    futures = {executor.submit(of_tensor, *jobs[name], 1): name for name in names}
    for future in as_completed(futures):
        yield futures[future], future.result
