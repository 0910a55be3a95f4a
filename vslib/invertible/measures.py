"""What is measured of bijections: how exact, and at what cost."""

import time

import numpy as np

from vslib import mnist, networks
from vslib.invertible.fibres import code, decode
from vslib.invertible.lattice import lattice
from vslib.invertible.volume import jacobian

__all__ = ["conditioning", "cost", "exactness"]


def exactness(classifier, count=10_000):
    """How exactly images come back: in float32, in float64, on the lattice.

    Parameters
    ----------
    classifier : vslib.invertible.Classifier
        With additive couplings.
    count : int
        Test images.

    Returns
    -------
    dict
        Worst absolute error of a pixel for the two floats, the share of images that come back
        bit for bit on the lattice, and its accuracy beside that of the network.

    Examples
    --------
    >>> found = exactness(networks.load("bijection"), count=100)
    >>> found["float32"] < 5e-6, found["float64"] < 1e-13, found["lattice"]
    (True, True, 1.0)
    """
    import torch

    images, labels = (part[:count] for part in mnist.load("test"))
    short = 0.0
    with torch.no_grad():
        for first in range(0, count, 250):
            x = torch.tensor(images[first : first + 250])
            back = classifier.bijection.inverse(classifier.bijection(x))
            short = max(short, float((back - x).abs().max()))
    exact, greys = lattice(classifier), np.round(255 * images).astype(np.uint8)
    integers = exact.forward(greys)
    same = (exact.inverse(integers) == greys).all((1, 2))
    return {
        "images": count,
        "float32": short,
        "float64": float(np.abs(decode(classifier, code(classifier, images)) - images).max()),
        "lattice": float(same.mean()),
        "accuracy": networks.accuracy(classifier, images, labels),
        "accuracy on the lattice": float((exact.outputs(integers).argmax(1) == labels).mean()),
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
    found = [jacobian(classifier, image) for image in mnist.load("test")[0][:count]]
    numbers = [each.condition_number for each in found]
    return {
        "images": count,
        "least": min(numbers),
        "median": float(np.median(numbers)),
        "largest": max(numbers),
        "largest singular value": max(float(each.singular_values[0]) for each in found),
        "smallest singular value": min(float(each.singular_values[-1]) for each in found),
        "volume": max(abs(each.log_volume) for each in found),
    }


def cost(steps=20):
    """Times of bijection and twin in one run, step by step in turn, as ratios.

    Parameters
    ----------
    steps : int
        Of training, on batches of 128; and passes of 250 images forward and back.

    Returns
    -------
    dict
        ``training``: bijection's time over the twin's. ``inverse``: the time back over the time
        forward. ``ms forward``, ``ms back``: for an image, in float32.

    Examples
    --------
    >>> sorted(cost(steps=1))
    ['inverse', 'ms back', 'ms forward', 'training']
    """
    import torch

    images, labels = (torch.tensor(part[:250]) for part in mnist.load("test"))
    generator, seconds = torch.Generator().manual_seed(0), {}
    methods = {
        name: networks.OneCycle(networks.build(name), networks.RECIPES[name], {}, 1000)
        for name in ("bijection", "twin")
    }
    phi = networks.build("bijection").bijection.requires_grad_(False)
    z = phi(images)
    jobs = {
        name: lambda method=method: method.learn(images[:128], labels[:128], generator)
        for name, method in methods.items()
    } | {"forward": lambda: phi(images), "back": lambda: phi.inverse(z)}
    for _ in range(steps):
        for name, job in jobs.items():
            start = time.process_time()
            job()
            seconds.setdefault(name, []).append(time.process_time() - start)
    middle = {name: float(np.median(each)) for name, each in seconds.items()}
    return {
        "training": middle["bijection"] / middle["twin"],
        "inverse": middle["back"] / middle["forward"],
        "ms forward": 1000 * middle["forward"] / len(images),
        "ms back": 1000 * middle["back"] / len(images),
    }
