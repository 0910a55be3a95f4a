"""The tensors of a checkpoint on disk: shapes from the headers alone, numbers by blocks."""

import json
import math
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from vslib.files import FileError, digest

__all__ = ["Tensor", "headers"]

# Of safetensors: how NumPy reads it, and the eps of floats.
KINDS = {
    "F64": ("<f8", 2.0**-52),
    "F32": ("<f4", 2.0**-23),
    "F16": ("<f2", 2.0**-10),
    "BF16": ("<u2", 2.0**-7),
}
NAMES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
LONGEST = 100_000_000  # bytes of a header, as safetensors allows
SAMPLE = 2**14
INDEX = ".safetensors.index.json"
MEND = "write or download it again"


@dataclass(frozen=True)
class Tensor:
    """Where one tensor stands in a file; nothing of it is read before it is asked for.

    Attributes
    ----------
    name : str
    path : str
    kind : str
        Of its numbers, as safetensors calls it: "F32", "BF16", ...
    shape : tuple of int
    start, stop : int
        Its bytes in the file.

    Examples
    --------
    >>> Tensor("fc.weight", "model.safetensors", "BF16", (3, 2), 100, 112).matrix
    (3, 2)
    """

    name: str
    path: str
    kind: str
    shape: tuple
    start: int
    stop: int

    @property
    def matrix(self):
        """m and n: the first axis against all others."""
        return self.shape[0], math.prod(self.shape[1:])

    @property
    def eps(self):
        """Of the floats that it is stored in."""
        return KINDS[self.kind][1]

    @property
    def dtype(self):
        """The name that NumPy or torch has for its numbers."""
        return NAMES.get(self.kind, self.kind)

    def why_not(self):
        """Why it is no matrix of floats, or None."""
        if len(self.shape) < 2:
            return "a vector, no matrix"
        if self.kind not in KINDS:
            return f"of {self.kind}: packed, quantised, or no weights"
        return "empty" if not math.prod(self.shape) else None

    def _bytes(self):
        held = np.memmap(self.path, np.uint8, "r", self.start, self.stop - self.start)
        return held.view(np.ndarray)

    def block(self, rows, columns):
        """A part of the matrix as float64.

        Parameters
        ----------
        rows, columns : slice
        """
        stored = self._bytes().view(KINDS[self.kind][0]).reshape(self.matrix)[rows, columns]
        if self.kind == "BF16":
            # The first half of a float32.
            stored = (stored.astype(np.uint32) << 16).view(np.float32)
        return stored.astype(np.float64)

    def mark(self):
        """What tells it from another one of that name: its kind, shape and some of its bytes."""
        held, size = self._bytes(), self.stop - self.start
        places = (0, max(0, size // 2 - SAMPLE // 2), max(0, size - SAMPLE))
        parts = [held[place : place + SAMPLE].tobytes() for place in places]
        return digest(f"{self.name} {self.kind} {self.shape}".encode(), *parts)


def headers(path):
    """The tensors of a safetensors file, of an index, or of a folder of shards.

    Parameters
    ----------
    path : path-like
        A .safetensors file, a ``.safetensors.index.json``, or a folder with either; in a folder
        with an index the index counts.

    Returns
    -------
    list of Tensor
        In the order of the files.

    Raises
    ------
    vslib.files.FileError
        If there is none, a file is damaged or of another format, or the index names a shard or
        a tensor that is not there.

    Examples
    --------
    >>> import tempfile
    >>> from safetensors.numpy import save_file
    >>> path = Path(tempfile.mkdtemp()) / "model.safetensors"
    >>> save_file({"fc.weight": np.ones((3, 2), np.float32)}, path)
    >>> [found] = headers(path)
    >>> found.name, found.matrix, found.block(slice(0, 1), slice(None))
    ('fc.weight', (3, 2), array([[1., 1.]]))
    """
    path = Path(path)
    if path.is_dir():
        indices = sorted(path.glob(f"*{INDEX}"))
        if len(indices) > 1:
            names = ", ".join(each.name for each in indices)
            raise FileError(f"{path}: expected one index, got {names}; give one of them")
        if indices:
            return _indexed(indices[0])
        shards = sorted(path.glob("*.safetensors"))
        if not shards:
            raise FileError(f"{path}: expected a folder with .safetensors files, got none")
        return _unique([tensor for shard in shards for tensor in _header(shard)])
    return _indexed(path) if path.name.endswith(INDEX) else _header(path)


def _indexed(path):
    from vslib.files import read_json

    index = read_json(path, ["weight_map"], mend=MEND)["weight_map"]
    if not isinstance(index, dict) or not all(isinstance(v, str) for v in index.values()):
        raise FileError(f"{path} is damaged: expected the file of each tensor; {MEND}")
    found = []
    for shard in dict.fromkeys(index.values()):
        if not (path.parent / shard).is_file():
            raise FileError(f"{path.parent / shard} is missing, which {path.name} names; {MEND}")
        found += [t for t in _header(path.parent / shard) if index.get(t.name) == shard]
    missing = index.keys() - {tensor.name for tensor in found}
    if missing:
        name = min(missing)
        raise FileError(
            f"{path.parent / index[name]}: expected {name}, which {path.name} says it holds, "
            f"got none; {MEND}"
        )
    return found


def _unique(tensors):
    seen = {}
    for tensor in tensors:
        if tensor.name in seen:
            raise FileError(
                f"{tensor.path}: expected names of its own, got {tensor.name}, which "
                f"{seen[tensor.name]} has, too"
            )
        seen[tensor.name] = tensor.path
    return tensors


def _header(path):
    if not path.is_file():
        raise FileError(f"{path} is missing")
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= min(size - 8, LONGEST):
                raise ValueError(f"a header of {length:,} bytes in a file of {size:,}")
            entries = json.loads(file.read(length))
        found = [
            _tensor(name, entry, path, 8 + length, size)
            for name, entry in entries.items()
            if name != "__metadata__"
        ]
        _apart(found)
        return found
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        words = f"{type(error).__name__}: {error}" if isinstance(error, KeyError) else error
        raise FileError(f"{path}: expected a safetensors file, got {words}; {MEND}") from error


def _tensor(name, entry, path, first, size):
    shape, kind = tuple(entry["shape"]), entry["dtype"]
    start, stop = (first + offset for offset in entry["data_offsets"])
    if not all(isinstance(n, int) and n >= 0 for n in shape):
        raise ValueError(f"the shape {shape} of {name}")
    if not first <= start <= stop <= size:
        raise ValueError(f"{name} at bytes {start:,} to {stop:,} of {size:,}")
    if kind in KINDS and stop - start != math.prod(shape) * np.dtype(KINDS[kind][0]).itemsize:
        raise ValueError(f"{stop - start:,} bytes for {name} of shape {shape} and {kind}")
    return Tensor(name, str(path), kind, shape, start, stop)


def _apart(tensors):
    """No byte belongs to two tensors."""
    ordered = sorted((t for t in tensors if t.stop > t.start), key=lambda t: t.start)
    for one, other in pairwise(ordered):
        if other.start < one.stop:
            raise ValueError(f"{one.name} and {other.name} on the same bytes")
