"""The exponents that WeightWatcher gives matrices, in a process that has its folder in its path."""

import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

__all__ = ["alphas", "weightwatcher_in"]


def weightwatcher_in(folder):
    """The folder of WeightWatcher, if it is there.

    Parameters
    ----------
    folder : path-like
        As ``make weightwatcher`` makes it.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If it is not there; says how it is made.

    Examples
    --------
    >>> weightwatcher_in("no/such/folder")
    Traceback (most recent call last):
    ValueError: no/such/folder: expected WeightWatcher there, got none; `make weightwatcher` \
installs it
    """
    if not (Path(folder) / "weightwatcher").is_dir():
        raise ValueError(
            f"{folder}: expected WeightWatcher there, got none; `make weightwatcher` installs it"
        )
    return str(Path(folder).resolve())


def alphas(arrays, folder):
    """WeightWatcher's alpha of matrices and kernels, with its own settings.

    Parameters
    ----------
    arrays : dict of str to (m, n) or (C_out, C_in, k, k) array
    folder : path-like
        As for `weightwatcher_in`.

    Returns
    -------
    dict of str to float
        Without those that it gives none: by default it leaves out matrices of fewer than eight
        singular values.

    Raises
    ------
    ValueError
        If WeightWatcher is not there.

    References
    ----------
    Martin and Mahoney (2021), Implicit self-regularization in deep neural networks.

    Examples
    --------
    >>> try:
    ...     alphas({"fc": [[1.0]]}, "no/such/folder")
    ... except ValueError as error:
    ...     print("expected WeightWatcher there" in str(error))
    True
    """
    folder = weightwatcher_in(folder)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        return executor.submit(_watched, arrays, folder).result()


def _watched(arrays, folder):
    sys.path.insert(0, folder)
    import logging

    import torch
    import weightwatcher
    from torch import nn

    logging.disable(logging.CRITICAL)
    modules = []
    for array in arrays.values():
        weight = torch.tensor(array, dtype=torch.float32)
        m, n, *taps = weight.shape
        module = nn.Conv2d(n, m, taps, bias=False) if taps else nn.Linear(n, m, bias=False)
        module.weight.data = weight
        modules.append(module)
    # It goes by modules, so that each matrix becomes one.
    found = weightwatcher.WeightWatcher(model=nn.Sequential(*modules)).analyze()
    names = [*arrays]
    pairs = zip(found["longname"], found["alpha"], strict=True)
    return {names[int(place)]: float(alpha) for place, alpha in pairs if alpha > 0}
