"""The MNIST digits, all 70,000, from the files that ship with vslib."""

import functools
import gzip
import lzma
import math
from importlib import resources

import numpy as np

from vslib import files
from vslib.arrays import labelled

__all__ = ["class_averages", "load", "read", "split"]

FOLDER = resources.files("vslib") / "data" / "mnist"
SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
PREFIX = {"train": "train", "test": "t10k"}


def _read(name, header):
    content = files.read(FOLDER / f"{name}.xz", SHA256[name], lzma.decompress)
    return np.frombuffer(content, np.uint8, offset=header)


@functools.cache
def load(part):
    """Images and labels of one part of MNIST.

    Parameters
    ----------
    part : {"train", "test"}

    Returns
    -------
    images : (N, 28, 28) float32 array, read-only
        Grey values in [0, 1], 0 for the background; N is 60,000 or 10,000.
    labels : (N,) int64 array, read-only
        The digits, 0 to 9.

    Raises
    ------
    ValueError
        If `part` is neither "train" nor "test"; as `files.FileError` if a file is missing or
        damaged.

    Examples
    --------
    >>> images, labels = load("test")
    >>> images.shape, labels[:5]
    ((10000, 28, 28), array([7, 2, 1, 0, 4]))
    """
    if part not in PREFIX:
        raise ValueError(f"part: expected 'train' or 'test', got {part!r}")
    pixels = _read(f"{PREFIX[part]}-images-idx3-ubyte", header=16).reshape(-1, 28, 28)
    # As pixels.astype(np.float32) / 255, to the bit, without a second copy of that size.
    images = np.divide(pixels, np.float32(255), dtype=np.float32)
    labels = _read(f"{PREFIX[part]}-labels-idx1-ubyte", header=8).astype(np.int64)
    images.flags.writeable = labels.flags.writeable = False
    return images, labels


# Of IDX files: the third byte says what the numbers are, the fourth how many axes there are.
TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
OWN = "expected an IDX file, plain, gzip or xz, such as those of MNIST or Fashion-MNIST"


def read(path):
    """The array in an IDX file of your own: Fashion-MNIST, EMNIST, or any other.

    Parameters
    ----------
    path : path-like
        Plain, or compressed by gzip or xz: what it holds decides, not its name.

    Returns
    -------
    array
        Of the file's own type and axes, in native byte order: images of MNIST's kind are
        (N, 28, 28) uint8; divide them by 255 for grey values in [0, 1].

    Raises
    ------
    vslib.files.FileError
        If the file is missing, empty, cut or longer than it says, or of another format.

    References
    ----------
    LeCun, Cortes and Burges, The MNIST database of handwritten digits: the IDX file format.

    Examples
    --------
    >>> read(FOLDER / "t10k-labels-idx1-ubyte.xz")[:5]
    array([7, 2, 1, 0, 4], dtype=uint8)
    """
    return files.read(path, decode=_parse, mend=OWN)


def _parse(content):
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    elif content[:6] == b"\xfd7zXZ\x00":
        content = lzma.decompress(content)
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in TYPES or not content[3]:
        raise ValueError(f"it begins with {bytes(content[:4]).hex()}, which is no IDX magic number")
    kind, axes = np.dtype(TYPES[content[2]]), content[3]
    start = 4 + 4 * axes
    if len(content) < start:
        raise ValueError(f"cut within the sizes of its {axes} axes")
    shape = tuple(np.frombuffer(content, ">u4", axes, 4).tolist())
    expected = start + kind.itemsize * math.prod(shape)
    if len(content) != expected:
        raise ValueError(f"shape {shape} needs {expected} bytes, got {len(content)}")
    values = np.frombuffer(content, kind, offset=start).reshape(shape)
    return values.astype(kind.newbyteorder("="))


def split(seed=0):
    """Seeded split of the 60,000 training images into 50,000 and 10,000.

    Returns
    -------
    training : (50000,) int64 array
    validation : (10000,) int64 array
        Positions in ``load("train")``; together they are all of it, once each.

    Examples
    --------
    >>> training, validation = split()
    >>> len(training), len(validation), len(set(training) & set(validation))
    (50000, 10000, 0)
    """
    order = np.random.default_rng(seed).permutation(60_000)
    return order[:50_000], order[50_000:]


def class_averages(images, labels):
    """Average image of each digit, the paper's "average of each digit class".

    Parameters
    ----------
    images : (N, ...) array
    labels : (N,) array of the digits 0 to 9

    Returns
    -------
    (10, ...) float64 array

    Raises
    ------
    ValueError
        If an image is not finite and real, or the labels are not one digit for each image and
        every digit at least once.

    Examples
    --------
    >>> averages = class_averages(*load("test"))
    >>> averages.shape, round(float(averages[1].max()), 2)
    ((10, 28, 28), 0.97)
    """
    images, labels = labelled(images, labels)
    missing = sorted(set(range(10)) - set(labels.tolist()))
    if missing:
        raise ValueError(f"labels: expected every digit from 0 to 9, got none that is {missing}")
    return np.stack([images[labels == digit].mean(0, dtype=np.float64) for digit in range(10)])
