"""Files that are either whole or not there: checked reading, atomic writing."""

import contextlib
import hashlib
import json
import math
import os
import tempfile
from pathlib import Path

__all__ = [
    "FileError",
    "digest",
    "read",
    "read_json",
    "read_safetensors",
    "write",
    "write_json",
]

MEND = "restore it with `git checkout -- {path}`, or install vslib again"


class FileError(ValueError):
    """A file that is missing, damaged, or not what it should be; the message says what to do.

    Examples
    --------
    >>> from vslib import files
    >>> try:
    ...     files.read("nowhere.bin", sha256="0" * 64)
    ... except FileError as error:
    ...     print(str(error).split(";")[0])
    nowhere.bin is missing
    """


def digest(*parts):
    """Sha256 of the given bytes, as 64 hexadecimal digits.

    Examples
    --------
    >>> digest(b"ab", b"c") == digest(b"abc")
    True
    >>> digest(b"abc")[:12]
    'ba7816bf8f01'
    """
    sha = hashlib.sha256()
    for part in parts:
        sha.update(part)
    return sha.hexdigest()


def read(path, sha256=None, decode=bytes, mend=MEND):
    """Contents of `path` after `decode`, checked against the digest that they must have.

    Parameters
    ----------
    path : path-like, or a Traversable of ``importlib.resources``
        The latter reads what ships with a package also where that is imported from a zip file.
    sha256 : str, optional
        Digest of the decoded contents, 64 hexadecimal digits; not checked by default.
    decode : callable, optional
        From the bytes on disk to what is to be checked and returned (a decompressor, say). What
        it raises is told as damage.
    mend : str
        What to do where the file is missing or damaged; ``{path}`` in it is replaced.

    Raises
    ------
    FileError
        If the file is missing, empty, cannot be decoded, or has another digest; the message says
        how to mend it.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "seven.bin"
    >>> write(path, b"seven")
    >>> read(path, digest(b"seven"))
    b'seven'
    """
    path = path if hasattr(path, "is_file") else Path(path)
    mend = mend.format(path=path)
    if not path.is_file():
        kind = "is a folder" if path.is_dir() else "is missing"
        raise FileError(f"{path} {kind}; {mend}")
    with _checked(path, mend):
        content = path.read_bytes()
    if not content and sha256 is None:
        raise FileError(f"{path} is damaged: it is empty; {mend}")
    with _checked(path, mend):
        content = decode(content)
    if sha256 is not None and (got := digest(content)) != sha256:
        raise FileError(f"{path} is damaged: expected sha256 {sha256}, got {got}; {mend}")
    return content


@contextlib.contextmanager
def _checked(path, mend):
    """Whatever goes wrong inside is told as damage of the file."""
    try:
        yield
    except Exception as error:
        words = str(error) if isinstance(error, ValueError) else repr(error)
        raise FileError(f"{path} is damaged ({words.strip()}); {mend}") from error


def read_json(path, keys=(), mend=MEND, build=dict):
    """The object that a JSON file holds.

    Parameters
    ----------
    path : path-like or Traversable
    keys : iterable of str
        That the object must have.
    mend : str
        As for `read`.
    build : callable, optional
        From the object to what is returned; what it raises is told as damage.

    Raises
    ------
    FileError
        If the file is missing, empty, cut, no JSON, no object, lacks a key, or holds a number
        that is not finite in float64, as NaN, Infinity and 1e999 are not.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "card.json"
    >>> write_json(path, {"seed": 0})
    >>> read_json(path, ["seed"])
    {'seed': 0}
    """

    def decode(content):
        found = json.loads(content, parse_constant=_finite, parse_float=_finite)
        if not isinstance(found, dict):
            raise ValueError(f"expected an object, got a {type(found).__name__}")
        missing = [key for key in keys if key not in found]
        if missing:
            raise ValueError(f"expected the keys {', '.join(keys)}, got none of {missing}")
        return build(found)

    return read(path, decode=decode, mend=mend)


def _finite(word):
    if not math.isfinite(number := float(word)):
        raise ValueError(f"expected finite numbers, got {word}")
    return number


def read_safetensors(path, sha256=None, mend=MEND):
    """The arrays that a safetensors file holds.

    Parameters
    ----------
    path : path-like or Traversable
    sha256, mend
        As for `read`.

    Returns
    -------
    dict of str to array

    Raises
    ------
    FileError
        If the file is missing, empty, cut, of another format, of numbers that NumPy lacks
        (bfloat16), or has another digest.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from safetensors.numpy import save
    >>> path = Path(tempfile.mkdtemp()) / "W.safetensors"
    >>> write(path, save({"W": np.eye(2)}))
    >>> read_safetensors(path)["W"].shape
    (2, 2)
    """
    from safetensors.numpy import load

    content = read(path, sha256, mend=mend)
    with _checked(path, mend.format(path=path)):
        return load(content)


def write(path, content):
    """Write bytes so that `path` holds either all of them or what it held before.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "new" / "seven.bin"
    >>> write(path, b"seven")
    >>> path.read_bytes()
    b'seven'
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def write_json(path, value):
    """Write a value as JSON, whole or not at all.

    Raises
    ------
    ValueError
        If a number in it is NaN or infinite, which JSON does not have; says where.

    Examples
    --------
    >>> write_json("record.json", {"history": [{"loss": float("nan")}]})
    Traceback (most recent call last):
    ValueError: record.json: expected finite numbers, got nan at history, 0, loss
    """
    for place, number in _floats(value):
        if not math.isfinite(number):
            raise ValueError(
                f"{path}: expected finite numbers, got {number} at {', '.join(map(str, place))}"
            )
    write(path, json.dumps(value, indent=1, allow_nan=False).encode())


def _floats(value, place=()):
    """Each float in nested dicts and lists, after the keys that lead to it."""
    if isinstance(value, float):
        yield place, value
    elif isinstance(value, dict | list | tuple):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _floats(part, (*place, key))
