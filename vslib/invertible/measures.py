"""How exactly a bijection comes back: in floats, on integers, and by its Jacobians."""

from hashlib import sha256

import numpy as np

from vslib import mnist, networks
from vslib.invertible.fibres import code, decode
from vslib.invertible.lattice import lattice
from vslib.invertible.volume import jacobian

__all__ = ["SAMPLE", "conditioning", "exactness", "on_lattice"]

SAMPLE = 200  # test images whose codes on the lattice are known by their digest


def exactness(classifier, count=10_000):
    """How exactly images come back in floats.

    Parameters
    ----------
    classifier : vslib.invertible.Classifier
    count : int
        Test images.

    Returns
    -------
    dict
        ``images``, and the worst absolute error of a pixel in ``float32`` and in ``float64``.

    Examples
    --------
    >>> found = exactness(networks.load("bijection"), count=100)
    >>> found["float32"] < 5e-6, found["float64"] < 1e-13
    (True, True)
    """
    import torch

    images = mnist.load("test")[0][:count]
    short = 0.0
    with torch.no_grad():
        for first in range(0, count, 250):
            x = torch.tensor(images[first : first + 250])
            back = classifier.bijection.inverse(classifier.bijection(x))
            short = max(short, float((back - x).abs().max()))
    return {
        "images": len(images),
        "float32": short,
        "float64": float(np.abs(decode(classifier, code(classifier, images)) - images).max()),
    }


def on_lattice(classifier, count=70_000):
    """How many images come back bit for bit on the lattice, and how many are read right there.

    Parameters
    ----------
    classifier : vslib.invertible.Classifier
        With additive couplings.
    count : int
        Images, `SAMPLE` or more: first those for testing, then those for training.

    Returns
    -------
    dict
        ``images``; ``bit for bit``: how many; ``accuracy`` of the network in float32, and
        ``accuracy on the lattice``, for the test images; ``sha256`` of the codes of the first
        `SAMPLE`, which must be the same on every machine.

    Examples
    --------
    >>> found = on_lattice(networks.load("bijection"), count=SAMPLE)
    >>> found["images"], found["bit for bit"]
    (200, 200)
    """
    images, labels = mnist.load("test")
    more = mnist.load("train")[0]
    greys = np.round(255 * np.concatenate([images, more])[:count]).astype(np.uint8)
    exact = lattice(classifier)
    codes = exact.forward(greys)
    tested = slice(0, min(count, len(images)))
    right = exact.outputs(codes[tested]).argmax(1) == labels[tested]
    return {
        "images": len(greys),
        "bit for bit": int((exact.inverse(codes) == greys).all((1, 2)).sum()),
        "accuracy": networks.accuracy(classifier, images[tested], labels[tested]),
        "accuracy on the lattice": float(right.mean()),
        "sha256": sha256(codes[:SAMPLE].astype("<i8").tobytes()).hexdigest(),
    }


def conditioning(classifier, count=100):
    """Condition numbers and volumes of the Jacobians at the first test images.

    Parameters
    ----------
    classifier : vslib.invertible.Classifier
    count : int

    Returns
    -------
    dict
        Least, median and largest condition number, the range of the singular values, and the
        largest ``|log |det J||``.

    Examples
    --------
    >>> found = conditioning(networks.load("bijection"), count=1)
    >>> found["least"] == found["median"] == found["largest"] > 10, found["volume"] < 1e-9
    (True, True)
    """
    found = []
    for image in mnist.load("test")[0][:count]:
        each = jacobian(classifier, image)
        found.append((each.condition_number, each.log_volume, each.singular_values))
    numbers, volumes, singular_values = zip(*found, strict=True)
    return {
        "images": count,
        "least": min(numbers),
        "median": float(np.median(numbers)),
        "largest": max(numbers),
        "largest singular value": float(np.max(singular_values)),
        "smallest singular value": float(np.min(singular_values)),
        "volume": max(map(abs, volumes)),
    }
