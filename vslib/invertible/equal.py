"""Two images whose ten outputs of fc1 are equal as fractions, though they show other digits."""

from fractions import Fraction
from importlib import resources

import numpy as np

from vslib import files, mnist, networks
from vslib.arrays import real_array

__all__ = ["equal_image", "find", "integers", "pairs"]

PATH = resources.files("vslib.invertible") / "data" / "equal.safetensors"
MARGIN = 32  # grey levels kept free at both ends for the noise
COLUMNS = 300  # pixels that take the noise
MEND = "restore it from git, or compute it again with `python -m vslib equal`"


def integers(W):
    """The rows of a matrix of floats, each times a power of two that makes it whole.

    Parameters
    ----------
    W : (m, n) array

    Returns
    -------
    list of lists of int

    Examples
    --------
    >>> integers([[0.5, 0.25], [3.0, 8.0]])
    [[2, 1], [3, 8]]
    """
    rows = []
    for row in real_array(W, "W", axes=2):
        parts = [Fraction(float(entry)) for entry in row]
        over = max(part.denominator for part in parts)
        rows.append([int(part * over) for part in parts])
    return rows


def equal_image(W, x, other, seed=0):
    """An 8-bit image close to `other` to which a matrix gives exactly what it gives to `x`.

    The difference is an integer vector in the null space of the matrix over the integers. One
    solution is made short by lattice reduction: the nearest plane of Babai, as the last step of
    the algorithm of Lenstra, Lenstra and Lovász.

    Parameters
    ----------
    W : (m, 784) array
        Its floats are taken as the fractions that they are.
    x, other : (784,) arrays of integers from 0 to 255
    seed : int
        Of the choice of the pixels that take the noise.

    Returns
    -------
    (784,) uint8 array

    Raises
    ------
    ValueError
        If the noise that was found leaves the range of 8 bits; another seed may do.
    ImportError
        Without python-flint (``pip install vslib[exact]``).

    References
    ----------
    Lenstra, Lenstra and Lovász (1982), Factoring polynomials with rational coefficients; Babai
    (1986), On Lovász' lattice reduction and the nearest lattice point problem.

    Examples
    --------
    >>> equal_image(np.ones((1, 784)), np.zeros(783), np.zeros(784))
    Traceback (most recent call last):
    ValueError: x: expected length 784 along the last axis, got shape (783,)
    """
    x, other = _greys(x, "x"), _greys(other, "other")
    import flint

    whole = integers(W)
    base = np.round(_met(real_array(W, "W"), x, other))
    base = base.astype(int)
    chosen = _columns(whole, np.random.default_rng(seed).permutation(784))
    gap = [
        sum(w * (int(b) - int(p)) for w, b, p in zip(row, base, x, strict=True)) for row in whole
    ]
    mark, large = 2**60, 2**120
    rows = [
        [int(i == j) for j in range(COLUMNS)] + [0] + [large * row[place] for row in whole]
        for i, place in enumerate(chosen)
    ]
    rows.append([0] * COLUMNS + [mark] + [large * each for each in gap])
    reduced = flint.fmpz_mat(rows).lll()
    last = [int(reduced[COLUMNS - len(whole), j]) for j in range(COLUMNS + 1 + len(whole))]
    sign = {mark: 1, -mark: -1}.get(last[COLUMNS])
    if sign is None or any(last[COLUMNS + 1 :]):
        raise ValueError("x and other: expected a solution in the lattice, got none")
    kernel = [[int(reduced[i, j]) for j in range(COLUMNS)] for i in range(COLUMNS - len(whole))]
    base[chosen] += _nearest(np.array(kernel), sign * np.array(last[:COLUMNS]))
    if base.min() < 0 or base.max() > 255:
        raise ValueError(
            f"noise: expected grey levels 0 to 255, got {base.min()} to {base.max()}; try a seed"
        )
    return base.astype(np.uint8)


def find(count=12, path=PATH):
    """Look for pairs of test images of other digits, and store them.

    The second of each pair is one that ResNet18 reads as the other digit.

    Parameters
    ----------
    count : int
        Of pairs, each of another ordered pair of digits.
    path : path-like
        The package's own file by default.

    Returns
    -------
    dict of str to array
        As `pairs` reads them.

    Raises
    ------
    ImportError
        Without python-flint (``pip install vslib[exact]``).

    Examples
    --------
    >>> import tempfile
    >>> found = find(0, tempfile.mkdtemp() + "/none.safetensors")
    >>> {key: value.shape for key, value in found.items()}
    {'digits': (0, 2), 'images': (0, 2, 28, 28)}
    """
    from safetensors.numpy import save

    W, judge = networks.weights("fc1")["layer1.weight"], networks.load("resnet18")
    images, labels = mnist.load("test")
    greys = np.round(255 * images).astype(np.uint8).reshape(-1, 784)
    found, rng = {}, np.random.default_rng(0)
    while len(found) < count:
        one, other = rng.integers(len(greys), size=2)
        digits = int(labels[one]), int(labels[other])
        if digits[0] == digits[1] or digits in found:
            continue
        base = _met(W.astype(float), greys[one].astype(float), greys[other].astype(float))
        if networks.recognise(judge, base.reshape(1, 28, 28) / 255)[0] != digits[1]:
            continue  # before the noise is sought, which takes seconds
        try:
            made = equal_image(W, greys[one], greys[other], len(found))
        except ValueError:
            continue
        read, _ = networks.recognise(judge, np.stack([greys[one], made]).reshape(2, 28, 28) / 255)
        if tuple(read) == digits:
            found[digits] = np.stack([greys[one], made]).reshape(2, 28, 28)
    arrays = {
        "digits": np.array([*found], np.uint8).reshape(-1, 2),
        "images": np.array([*found.values()], np.uint8).reshape(-1, 2, 28, 28),
    }
    files.write(path, save(arrays))
    return arrays


def pairs():
    """The stored pairs of 8-bit images with equal outputs of fc1, as fractions.

    Returns
    -------
    dict of str to array
        ``digits`` (N, 2): of the test image, and what ResNet18 reads in the other one;
        ``images`` (N, 2, 28, 28), uint8: the test image first.

    Examples
    --------
    >>> bool((pairs()["digits"][:, 0] != pairs()["digits"][:, 1]).all())
    True
    """
    return files.read_safetensors(PATH, mend=MEND)


def _greys(value, name):
    levels = real_array(value, name, axes=1, length=784)
    if (levels % 1 != 0).any() or levels.min() < 0 or levels.max() > 255:
        raise ValueError(f"{name}: expected grey levels, integers from 0 to 255")
    return levels


def _columns(whole, order):
    """Columns in that order, first those that make the matrix of full rank modulo 2.

    Else the others could only give even multiples of what is wanted.
    """
    first, basis = [], []
    for place in order:
        mask = sum((row[place] & 1) << number for number, row in enumerate(whole))
        for each in basis:
            mask = min(mask, mask ^ each)
        if mask:
            basis.append(mask)
            first.append(place)
    return np.array([*first, *(place for place in order if place not in first)][:COLUMNS])


def _met(W, x, other, rounds=500):
    """Real grey levels away from both ends with the products of `x`, starting from `other`."""
    back = np.linalg.pinv(W)
    for _ in range(rounds):
        other = np.clip(other - back @ (W @ (other - x)), MARGIN, 255 - MARGIN)
    return other


def _nearest(basis, vector):
    """A vector less that of a lattice which Babai's nearest plane finds for it."""
    Q = np.linalg.qr(basis.T.astype(float))
    for place in reversed(range(len(basis))):
        share = (vector @ Q.Q[:, place]) / Q.R[place, place]
        vector = vector - int(np.round(share)) * basis[place]
    return vector
