"""What whole networks keep of images: measured by one command, stored, and read again."""

import functools
import itertools
from importlib import resources

import numpy as np

from vslib import files, mnist, networks
from vslib.whole import measures
from vslib.whole.altered import ALTERED, altered
from vslib.whole.ledger import ledger
from vslib.whole.relus import behind_relus
from vslib.whole.walk import level_walk

__all__ = ["measure", "measured"]

PATH = resources.files("vslib.whole") / "data" / "measured.json"
COUNTS = {"fc5": 100, "fc5 untrained": 100, "resnet18": 60, "resnet18 untrained": 20}
FEW, SEEN = 2000, 50  # training images of the control with shuffled labels; test images looked at
WALKED = 5  # pairs of a seven and a two
KEYS = ("profiles", "places", "elsewhere", "relus", "sideways", "labels")
PLACES = ("layer3.0.relu", "layer4.0 before relu", "layer4.0.relu", "fc")  # that lose of images
RELUS = ("layer3.0.relu", "layer4.0.relu")  # behind which ResNet18 has fewer directions


def measure(path=PATH, resume=False):
    """Measure what networks keep of images, depth by depth, and store it: a quarter of an hour.

    Parameters
    ----------
    path : path-like
        The package's own file by default.
    resume : bool
        Keep what the file holds, and measure the rest.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "measured.json"
    >>> files.write_json(path, {key: dict.fromkeys(part) for key, part in measured().items()})
    >>> measure(path, resume=True)  # nothing is missing
    """
    found = {key: {} for key in KEYS} | (files.read_json(path) if resume else {})
    for name in COUNTS:
        if name not in found["sideways"]:
            found["profiles"][name], found["sideways"][name] = _network(name, COUNTS[name])
            files.write_json(path, found)
        if "resnet18" in name and name not in found["relus"]:
            images = mnist.load("test")[0][: COUNTS[name]]
            found["relus"][name] = behind_relus(measures.network(name), images, RELUS)
            files.write_json(path, found)
    for name, seed in (("resnet18", 0), *(("resnet18 untrained", seed) for seed in range(3))):
        key = name if name == "resnet18" else f"{name}, {seed}"
        if key not in found["places"]:
            made, images = measures.network(name, seed), mnist.load("test")[0][:10]
            lost = [ledger(made, image, at=PLACES).lost_energy.cumsum() for image in images]
            found["places"][key] = [_few(shares) for shares in lost]
            files.write_json(path, found)
    for kind, seed in itertools.product(ALTERED, range(2)):
        key = f"{kind}, {seed}"
        if key not in found["elsewhere"]:
            books = ledger(altered(kind, seed), mnist.load("test")[0][:10].astype(float))
            lost = np.mean([book.lost_energy for book in books], axis=0)
            found["elsewhere"][key] = dict(zip(books[0].depths, _few(lost), strict=True))
            files.write_json(path, found)
    for recipe in ("Adam", "SGD"):
        for kind in ("true", "shuffled"):
            for seed in range(3):
                key = f"{recipe}, {kind}, {seed}"
                if key not in found["labels"]:
                    found["labels"][key] = _labels(recipe, kind, seed)
                    files.write_json(path, found)


def _network(name, count):
    images, labels = (part[:count] for part in mnist.load("test"))
    vectors = measures.against(images, labels, mnist.load("train")[0].mean(axis=0))
    found = measures.profile(measures.network(name), images, vectors)
    ranks = found["ranks"]
    lost = {
        kind: {"mean": _few(shares.mean(axis=0)), "sd": _few(shares.std(axis=0))}
        for kind, shares in found["lost"].items()
    }
    profile = {
        "images": count,
        "depths": found["depths"],
        "rank": {
            "mean": _few(ranks.mean(axis=0)),
            "least": ranks.min(axis=0).tolist(),
            "most": ranks.max(axis=0).tolist(),
        },
        "lost": lost,
    }
    return profile, measures.sideways(found["spaces"], labels, vectors["image"])


def _few(numbers):
    return [float(f"{number:.6g}") for number in numbers]


def _labels(recipe, kind, seed):
    """What a network keeps of test images that it fitted to true labels, or to shuffled ones."""
    images, labels = (part[:FEW] for part in mnist.load("train"))
    if kind == "shuffled":
        labels = np.random.default_rng(seed).permutation(labels)
    made, facts = measures.fitted(images, labels, seed, recipe)
    tests, truth = (part[:SEEN] for part in mnist.load("test"))
    spaces = measures.profile(made, tests, {})["spaces"]
    facts["test"] = networks.accuracy(made, *mnist.load("test"))
    facts["wall"] = float(np.mean([walk.left for walk in _walks(made)]))
    return facts | measures.sideways(spaces, truth, tests.reshape(SEEN, -1).astype(float))


def _walks(made):
    """Walks from sevens to twos, in the order of the test images, with pixels in [0, 1]."""
    images, labels = mnist.load("test")
    ends = (images[np.flatnonzero(labels == digit)[:WALKED]] for digit in (7, 2))
    return [level_walk(made, *pair, box=(0, 1)) for pair in zip(*ends, strict=True)]


@functools.cache
def measured():
    """The stored numbers.

    Returns
    -------
    dict
        ``profiles``: by network, ranks and mean shares lost at each depth, of images and of what
        they are compared with; ``places``: of ResNet18 and of three seeds of first weights, what
        ten images lose up to each of four places; ``elsewhere``: of untrained networks of other
        widths or biases, by kind and seed, what these images lose at each depth, as a mean;
        ``relus``: of each image, active units and rank
        behind two ReLUs of ResNet18; ``sideways``: by network, how far the outputs' spaces agree,
        as `measures.sideways`; ``labels``: the same of networks fitted to true and to shuffled
        labels, by recipe, kind and seed,
        and their ``wall``: the mean share of the distance left after walks from a 7 to a 2.

    Raises
    ------
    vslib.files.FileError
        If the file is damaged.

    Examples
    --------
    >>> measured()["profiles"]["resnet18"]["images"]
    60
    """
    return files.read_json(PATH, KEYS)
