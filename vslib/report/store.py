"""Finished rows of a report on disk, so that one that was cut off goes on where it stopped."""

import base64
import json
import os
from pathlib import Path

import numpy as np

from vslib.files import FileError

__all__ = ["RowsError", "Store"]


class RowsError(FileError):
    """Rows that could not be stored, or not be computed; those that were stored stay.

    Examples
    --------
    >>> issubclass(RowsError, ValueError)
    True
    """


class Store:
    """A file with a line for each finished row.

    Parameters
    ----------
    path : path-like or None
        None keeps nothing.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "rows.jsonl"
    >>> Store(path).add("mark", {"rank": 2}, np.array([3.0, 1.0]))
    >>> Store(path).rows
    {'mark': ({'rank': 2}, array([3., 1.]))}
    """

    def __init__(self, path):
        self.path = None if path is None else Path(path)
        self.rows, self._whole = {}, 0
        if self.path is not None and self.path.exists():
            self._read()

    def _read(self):
        if not self.path.is_file():  # a device would be read without end
            raise RowsError(f"{self.path}: expected a file of rows, got a folder or a device")
        content = self.path.read_bytes()
        for line in content.splitlines(keepends=True):
            try:
                mark, columns, values = json.loads(line)
                values = np.frombuffer(base64.b64decode(values, validate=True))
                self.rows[mark] = columns, values
            except (ValueError, TypeError) as error:
                if not line.endswith(b"\n"):
                    break  # cut off while it was written
                raise RowsError(
                    f"{self.path}: expected rows of a report, a line each, got {line[:40]!r}; "
                    "give another file to store rows in"
                ) from error
            self._whole += len(line)

    def add(self, mark, columns, values):
        """Store a row: the line is whole on the disk, or not there."""
        self.rows[mark] = columns, values
        if self.path is None:
            return
        coded = base64.b64encode(np.ascontiguousarray(values, np.float64).tobytes()).decode()
        line = json.dumps([mark, columns, coded]).encode() + b"\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            mode = "r+b" if self.path.exists() else "w+b"
            with self.path.open(mode, buffering=0) as file:
                file.truncate(self._whole)  # without what was cut off
                file.seek(self._whole)
                try:
                    left = memoryview(line)
                    while left:
                        left = left[file.write(left) :]
                    os.fsync(file.fileno())
                except OSError:
                    file.truncate(self._whole)
                    raise
        except OSError as error:
            raise RowsError(
                f"{self.path}: expected room for rows, got {error.strerror or error}; "
                f"the rows that are stored there stay, and a new call goes on after them"
            ) from error
        self._whole += len(line)
