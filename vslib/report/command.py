"""``python -m vslib report``: a checkpoint or a network in code, its table, and a page."""

import importlib
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from vslib.inference import NetworkInputError
from vslib.report.network import report

__all__ = ["run", "target"]


def target(given):
    """What a word on the command line means: a path, or what a function in code returns.

    Parameters
    ----------
    given : str
        A path, or ``module:function``, importable from here; the function returns a network, or
        a pair of a network and images.

    Returns
    -------
    model, images

    Raises
    ------
    ValueError
        If there is neither such a file nor such a function.

    Examples
    --------
    >>> target("collections:OrderedDict")
    Traceback (most recent call last):
    vslib.inference.asking.NetworkInputError: collections:OrderedDict: expected a function that \
returns a torch.nn.Module, or one and images, got OrderedDict
    """
    if Path(given).exists() or ":" not in given:
        return given, None
    module, _, name = given.rpartition(":")
    sys.path.insert(0, os.getcwd())
    try:
        function = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ValueError(
            f"{given}: expected a file, or module:function that can be imported here, got "
            f"{type(error).__name__}: {error}"
        ) from error
    finally:
        sys.path.pop(0)
    made = function()
    model, images = made if isinstance(made, tuple) and len(made) == 2 else (made, None)
    if not hasattr(model, "named_modules"):
        raise NetworkInputError(
            f"{given}: expected a function that returns a torch.nn.Module, or one and images, got "
            f"{type(made).__name__}"
        )
    return model, images


def run(given, html=None, csv=None, store=None, workers=None):
    """Make the report that the command line asks for, and say what was found.

    Parameters
    ----------
    given : str
        As for `target`.
    html, csv : path-like, optional
        Files to write the page and the table to.
    store : path-like, optional
        For finished rows of a checkpoint.
    workers : int, optional
        Processes that compute the rows of a checkpoint.

    Raises
    ------
    ValueError
        As `report` does.

    Examples
    --------
    >>> import contextlib, io, tempfile
    >>> import numpy as np
    >>> path = Path(tempfile.mkdtemp()) / "model.npz"
    >>> np.savez(path, W=np.eye(2))
    >>> with contextlib.redirect_stdout(io.StringIO()) as said:
    ...     run(path)
    >>> said.getvalue().splitlines()[0]
    'One matrix with 4 weights in model.npz.'
    """
    model, images = target(str(given))
    options = {"store": store} if store else {}
    if workers is None:
        found = report(model, images, progress=sys.stderr.isatty(), **options)
    else:
        # Spawned, as a fork of a process with threads may hang.
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as executor:
            progress = sys.stderr.isatty()
            found = report(model, images, executor=executor, progress=progress, **options)
    print(found)
    if html:
        found.save(html)
    if csv:
        found.table.to_csv(csv, index=False)
