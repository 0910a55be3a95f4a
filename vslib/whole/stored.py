"""Pictures that take long: ledgers of ten digits by ResNet18, and its walks; stored small."""

from importlib import resources

import numpy as np

from vslib import files, layers, mnist
from vslib.whole import measures
from vslib.whole.ledger import ledger
from vslib.whole.walk import level_walk

__all__ = ["PAIRS", "draw", "pictures"]

PATH = resources.files("vslib.whole") / "data" / "pictures.safetensors"
PAIRS = ((7, 2), (4, 9), (3, 8))
# Where ResNet18 loses anything of an image; what is lost between two of them stands at the later.
PLACES = ("maxpool", "layer3.0.relu", "layer4.0 before relu", "layer4.0.relu")
FRAMES = 12


def draw(path=PATH):
    """Compute the ledgers and walks of ResNet18 and store them: some minutes on one core.

    Parameters
    ----------
    path : path-like
        The package's own file by default.

    Examples
    --------
    >>> callable(draw)
    True
    """
    from safetensors.numpy import save

    images, labels = mnist.load("test")
    digits = images[[np.flatnonzero(labels == digit)[0] for digit in range(10)]]
    arrays = {}
    for name in ("resnet18", "resnet18 untrained"):
        found = ledger(measures.network(name), digits, at=PLACES)
        parts = np.array([[*each.lost, each.kept] for each in found])
        arrays[f"ledger of {name}"] = parts.astype(np.float32)
    network = layers.fast(measures.network("resnet18"))
    for one, other in PAIRS:
        walk = level_walk(network, digits[one], digits[other], box=(0, 1), steps=150)
        arrays[f"walk {one} {other}"] = walk.frames(FRAMES)
        facts = [walk.left, walk.worst, walk.step_left, float(walk.converged)]
        arrays[f"facts {one} {other}"] = np.array(facts)
    files.write(path, save({key: np.ascontiguousarray(value) for key, value in arrays.items()}))


def pictures():
    """The stored ledgers and walks.

    Returns
    -------
    dict of arrays
        "ledger of resnet18" and "ledger of resnet18 untrained": (10, 6, 784), for the first test
        image of each digit the parts lost at maxpool, the ReLU of layer3.0, the stride and the
        ReLU of layer4.0 and the head, and the part kept. "walk 7 2" and other `PAIRS`:
        (12, 28, 28) float64, images from the one to the other, even by distance; "facts 7 2": the
        walk's share of the distance left, worst difference, step left, and whether it converged.

    Raises
    ------
    vslib.files.FileError
        If the file is damaged.

    Examples
    --------
    >>> pictures()["walk 7 2"].shape
    (12, 28, 28)
    """
    return files.read_safetensors(PATH)
