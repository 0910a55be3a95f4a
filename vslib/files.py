"""Files that are either whole or not there: checked reading, atomic writing."""

import hashlib
import json
import os
import tempfile
from pathlib import Path

__all__ = [
    "FileError",
    "digest",
    "parse_safetensors",
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
    path : path-like
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
    path = Path(path)
    mend = mend.format(path=path)
    if not path.is_file():
        archive = next((p for p in path.parents if p.is_file()), None)
        if archive is not None:
            raise FileError(f"{path} is inside {archive}: unpack it, or install vslib with pip")
        kind = "is a folder" if path.is_dir() else "is missing"
        raise FileError(f"{path} {kind}; {mend}")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FileError(f"{path} cannot be read ({error.strerror}); {mend}") from error
    if not content and sha256 is None:
        raise FileError(f"{path} is damaged: it is empty; {mend}")
    try:
        content = decode(content)
    except Exception as error:
        raise FileError(f"{path} is damaged ({error}); {mend}") from error
    if sha256 is not None and (got := digest(content)) != sha256:
        raise FileError(f"{path} is damaged: expected sha256 {sha256}, got {got}; {mend}")
    return content


def read_json(path, keys=(), mend=MEND):
    """The object that a JSON file holds.

    Parameters
    ----------
    path : path-like
    keys : iterable of str
        That the object must have.
    mend : str
        As for `read`.

    Raises
    ------
    FileError
        If the file is missing, empty, cut, no JSON (NaN and infinity are not), no object, or
        lacks a key.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "card.json"
    >>> write_json(path, {"seed": 0})
    >>> read_json(path, ["seed"])
    {'seed': 0}
    """

    def decode(content):
        found = json.loads(content, parse_constant=_refuse)
        if not isinstance(found, dict):
            raise ValueError(f"expected an object, got a {type(found).__name__}")
        missing = [key for key in keys if key not in found]
        if missing:
            raise ValueError(f"expected the keys {', '.join(keys)}, got none of {missing}")
        return found

    return read(path, decode=decode, mend=mend)


def _refuse(word):
    raise ValueError(f"{word} is no JSON number")


def read_safetensors(path, sha256=None, mend=MEND):
    """The arrays that a safetensors file holds.

    Parameters
    ----------
    path : path-like
    sha256, mend
        As for `read`.

    Returns
    -------
    dict of str to array

    Raises
    ------
    FileError
        If the file is missing, empty, cut, of another format, or has another digest.

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
    content = read(path, sha256, mend=mend)
    return parse_safetensors(content, path, mend)


def parse_safetensors(content, path, mend=MEND):
    """The arrays in the bytes of a safetensors file; `path` is what an error calls it.

    Raises
    ------
    FileError
        If the bytes are cut or of another format.

    Examples
    --------
    >>> import numpy as np
    >>> from safetensors.numpy import save
    >>> list(parse_safetensors(save({"W": np.eye(2)}), "W.safetensors"))
    ['W']
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return load(content)
    except (SafetensorError, KeyError, ValueError) as error:
        mend = mend.format(path=path)
        raise FileError(f"{path} is damaged, or no safetensors file ({error}); {mend}") from error


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
        If a number in it is NaN or infinite, which JSON does not have.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "card.json"
    >>> write_json(path, {"loss": float("nan")})
    Traceback (most recent call last):
    ValueError: Out of range float values are not JSON compliant: nan
    """
    write(path, json.dumps(value, indent=1, allow_nan=False).encode())
