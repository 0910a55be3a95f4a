"""Arrays by name, in memory or in an .npz file, as the tensors of a checkpoint."""

import math
import zipfile
from pathlib import Path

import numpy as np

from vslib.arrays import real_array, resolution
from vslib.files import FileError, digest

__all__ = ["Held", "held", "read_npz"]


class Held:
    """An array that is in memory, with the face of a `vslib.report.tensors.Tensor`.

    Parameters
    ----------
    name : str
    value : array or tensor

    Examples
    --------
    >>> one = Held("fc.weight", np.ones((3, 2), np.float32))
    >>> one.matrix, one.dtype, one.why_not()
    ((3, 2), 'float32', None)
    """

    def __init__(self, name, value):
        self.name, self._value = name, value
        self.shape = tuple(getattr(value, "shape", ()))
        self.dtype = str(getattr(value, "dtype", type(value).__name__)).removeprefix("torch.")
        self.eps = resolution(value) if self.why_not() is None else 0.0

    @property
    def matrix(self):
        """m and n: the first axis against all others."""
        return self.shape[0], math.prod(self.shape[1:])

    def why_not(self):
        """Why it is no matrix of floats, or None."""
        if len(self.shape) < 2:
            return "a vector, no matrix"
        if "float" not in self.dtype:
            return f"of {self.dtype}: packed, quantised, or no weights"
        return None if math.prod(self.shape) else "empty"

    def block(self, rows, columns):
        """A part of the matrix as float64; a ValueError with its name where it is not finite."""
        value = self._value.reshape(self.matrix)[rows, columns]
        return real_array(value, f"{self.name}, in a block of it")

    def mark(self):
        """What tells it from another one of that name: its numbers."""
        return digest(self.dtype.encode(), self.block(slice(None), slice(None)).tobytes())


def held(arrays):
    """Arrays by name as what a report is made of.

    Parameters
    ----------
    arrays : mapping of str to array

    Raises
    ------
    ValueError
        If a name is no string.

    Examples
    --------
    >>> [one.name for one in held({"fc.weight": np.eye(2)})]
    ['fc.weight']
    """
    for name in arrays:
        if not isinstance(name, str):
            raise ValueError(f"model: expected names of parameters, got the key {name!r}")
    return [Held(name, value) for name, value in arrays.items()]


def read_npz(path):
    """The arrays of an .npz file, whose numbers are read as they are, never as Python's objects.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    dict of str to array

    Raises
    ------
    vslib.files.FileError
        If it is missing, damaged, no such file, or holds objects.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "model.npz"
    >>> np.savez(path, W=np.eye(2))
    >>> list(read_npz(path))
    ['W']
    """
    path, found = Path(path), {}
    if not path.is_file():
        raise FileError(f"{path} is missing")
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                with archive.open(name) as file:
                    array = np.lib.format.read_array(file, allow_pickle=False)
                found[name.removesuffix(".npy")] = array
    except (zipfile.BadZipFile, ValueError, OSError, EOFError) as error:
        raise FileError(f"{path}: expected an .npz file of numbers, got {error}") from error
    return found
