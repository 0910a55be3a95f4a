"""Files that are either whole or not there: checked reading, atomic writing."""

import hashlib
import os
import tempfile
from pathlib import Path

__all__ = ["FileError", "digest", "read", "write"]

MEND = "restore it with `git checkout -- {path}`, or install vslib again"


class FileError(ValueError):
    """A file that ships with vslib is missing or damaged.

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


def read(path, sha256, decode=bytes):
    """Contents of `path` after `decode`, checked against the digest that they must have.

    Parameters
    ----------
    path : path-like
    sha256 : str
        Digest of the decoded contents, 64 hexadecimal digits.
    decode : callable, optional
        From the bytes on disk to the bytes to be checked and returned (a decompressor, say).

    Raises
    ------
    FileError
        If the file is missing, cannot be decoded, or has another digest; the message says how
        to mend it.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "seven.bin"
    >>> write(path, b"seven")
    >>> read(path, digest(b"seven"))
    b'seven'
    """
    path = Path(path)
    mend = MEND.format(path=path)
    if not path.is_file():
        raise FileError(f"{path} is missing; {mend}")
    try:
        content = decode(path.read_bytes())
    except Exception as error:
        raise FileError(f"{path} is damaged ({error}); {mend}") from error
    got = digest(content)
    if got != sha256:
        raise FileError(f"{path} is damaged: expected sha256 {sha256}, got {got}; {mend}")
    return content


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
