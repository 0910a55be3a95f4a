"""What a bijection costs: to train, to invert, and beside Newton's method on another network."""

import time

import numpy as np

from vslib import mnist, networks
from vslib.invertible.fibres import exchange

__all__ = ["cost"]


def cost(classifier, steps=20):
    """Processor time of a bijection and of others, in one run and in turn.

    Parameters
    ----------
    classifier : vslib.invertible.Classifier
    steps : int
        Of training, on batches of 128, and passes of 250 images forward and back in float32.

    Returns
    -------
    dict
        ``training``: bijection's time over the twin's. ``training, to residual``: over that of a
        residual network of about as many weights. ``inverse``: the time back over the time
        forward. ``ms back``: in float32, without a certificate. ``ms an exchange`` and
        ``ms by Newton``: in float64, with certificates, for one image alone and for each of a
        hundred at once; Newton's method goes back through fc5 from ten outputs each.

    Examples
    --------
    >>> found = cost(networks.load("bijection"), steps=1)
    >>> len(found["ms an exchange"]), found["inverse"] > 0
    (2, True)
    """
    import torch

    from vslib.inversion import invert

    images, labels = (torch.tensor(part[:250]) for part in mnist.load("test"))
    generator = torch.Generator().manual_seed(0)
    methods = {
        name: networks.OneCycle(networks.build(name), networks.RECIPES[name], {}, 1000)
        for name in ("bijection", "twin", "residual")
    }
    phi = classifier.bijection
    with torch.no_grad():
        z = phi(images)
        jobs = {"forward": lambda: phi(images), "back": lambda: phi.inverse(z)}
        passed = _medians(jobs, steps)
    learned = _medians(
        {
            name: lambda method=method: method.learn(images[:128], labels[:128], generator)
            for name, method in methods.items()
        },
        steps,
    )
    pixels, newton = mnist.load("test")[0], networks.load("fc5")
    each = {"exchange": [], "Newton": []}
    for count in (1, 100):
        x, other = pixels[:count], pixels[count : 2 * count]
        outputs, start = networks.evaluate(newton, x), other.reshape(count, -1)
        jobs = {
            "exchange": lambda x=x, other=other: exchange(classifier, x, other),
            "Newton": lambda y=outputs, start=start: invert(newton, y, "newton", start=start),
        }
        for name, seconds in _medians(jobs, 3).items():
            each[name].append(1000 * seconds / count)
    return {
        "training": learned["bijection"] / learned["twin"],
        "training, to residual": learned["bijection"] / learned["residual"],
        "inverse": passed["back"] / passed["forward"],
        "ms back": 1000 * passed["back"] / len(images),
        "ms an exchange": each["exchange"],
        "ms by Newton": each["Newton"],
    }


def _medians(jobs, steps):
    seconds = {name: [] for name in jobs}
    for _ in range(steps):
        for name, job in jobs.items():
            start = time.process_time()
            job()
            seconds[name].append(time.process_time() - start)
    return {name: float(np.median(each)) for name, each in seconds.items()}
