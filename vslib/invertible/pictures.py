"""What exchanged images look like to others, and what the rejected part still knows."""

import numpy as np

from vslib import mnist, networks
from vslib.invertible.fibres import exchange, preimage, split

__all__ = ["fibres", "probe", "sampled_pairs"]

NEAR = 0.05  # how far outside [0, 1] a pixel may be and still pass for one


def sampled_pairs(count=400, seed=0):
    """Pairs of test images of different digits.

    Returns
    -------
    (M, 2) array of int
        Places; M is a little less than `count`.

    Examples
    --------
    >>> places = sampled_pairs(10)
    >>> labels = mnist.load("test")[1]
    >>> bool((labels[places[:, 0]] != labels[places[:, 1]]).all())
    True
    """
    labels = mnist.load("test")[1]
    pairs = np.random.default_rng(seed).choice(len(labels), (count, 2))
    return pairs[labels[pairs[:, 0]] != labels[pairs[:, 1]]]


def fibres(classifier, pairs=None):
    """What exchanged images are, and what is left of them when they are made real images.

    Parameters
    ----------
    classifier : vslib.invertible.Classifier
    pairs : (M, 2) array of int, optional
        Places of test images: of the signal, and of the rejected part.

    Returns
    -------
    dict
        The worst difference of outputs; shares of pixels outside [0, 1] and by more than .05; how
        clamping to [0, 1], and rounding to 8 bits after it or alone, changes outputs (medians of
        the largest change) and keeps the class (shares); and how often other networks see the
        digit of the signal, and that of the rejected part, in the clamped images. ``ten numbers``:
        how often they see the digit in the image of the outputs alone.

    Examples
    --------
    >>> found = fibres(networks.load("bijection"), sampled_pairs(20))
    >>> found["error"] < 1e-12, 0.3 < found["outside"] < 0.9
    (True, True)
    """
    pairs = sampled_pairs() if pairs is None else pairs
    images, labels = mnist.load("test")
    x, other = images[pairs[:, 0]], images[pairs[:, 1]]
    found = exchange(classifier, x, other)
    outputs = networks.evaluate(classifier, x)
    seen = preimage(classifier, outputs.astype(float)).x
    entry = {
        "pairs": len(pairs),
        "error": float(found.error.max()),
        "outside": float(((found.x < 0) | (found.x > 1)).mean()),
        "far outside": float(((found.x < -NEAR) | (found.x > 1 + NEAR)).mean()),
    }
    clamped = np.clip(found.x, 0, 1)
    changed = {
        "clamped": clamped,
        "clamped, 8 bits": np.round(255 * clamped) / 255,
        "8 bits": np.round(255 * found.x) / 255,
    }
    for name, shown in changed.items():
        got = networks.evaluate(classifier, shown.astype(np.float32))
        entry[name] = {
            "change": float(np.median(np.abs(got - outputs).max(1))),
            "class kept": float((got.argmax(1) == outputs.argmax(1)).mean()),
        }
    for judge in ("resnet18", "fc5"):
        network = networks.load(judge)
        read = networks.recognise(network, clamped)[0]
        alone = networks.recognise(network, np.clip(seen, 0, 1))[0]
        entry[judge] = {
            "signal": float((read == labels[pairs[:, 0]]).mean()),
            "rejected": float((read == labels[pairs[:, 1]]).mean()),
            "ten numbers": float((alone == labels[pairs[:, 0]]).mean()),
        }
    return entry


def probe(classifier, count=10_000, epochs=6):
    """How well a small network of two layers reads the digit from the rejected part alone.

    Parameters
    ----------
    classifier : vslib.invertible.Classifier
    count : int
        Training images; all test images are read.
    epochs : int

    Returns
    -------
    float
        Share of the test images.

    Examples
    --------
    >>> probe(networks.load("bijection"), count=1000, epochs=2) > 0.5
    True
    """
    import torch
    from torch import nn

    parts = []
    for name, most in (("train", count), ("test", None)):
        images, labels = mnist.load(name)
        rejected = split(classifier, images[:most])[1].astype(np.float32)
        parts.append((torch.tensor(rejected), torch.tensor(labels[:most])))
    (x, y), (x_test, y_test) = parts
    scale = x.std()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        guess = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))
        optimizer = torch.optim.AdamW(guess.parameters(), 1e-3, weight_decay=0.05)
        for _ in range(epochs):
            for rows in torch.randperm(len(x)).split(128):
                optimizer.zero_grad()
                nn.functional.cross_entropy(guess(x[rows] / scale), y[rows]).backward()
                optimizer.step()
    with torch.no_grad():
        return float((guess(x_test / scale).argmax(1) == y_test).float().mean())
