"""Figure 3 for the shipped networks: targets, starts and trained images, stored small."""

from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np

from vslib import files, mnist, networks
from vslib.layers import fast
from vslib.synthesis.descent import PAPER, synthesize
from vslib.synthesis.starts import ideal_outputs, starting_images

__all__ = ["StoredStarts", "find", "load", "publish"]

FOLDER = resources.files("vslib.synthesis") / "data" / "starts"
LOWEST = ("each", "own")
AGAIN = "`python -m vslib starts` computes it again"


@dataclass(frozen=True)
class StoredStarts:
    """What a search over the 60,000 training images found, and where the paper's training led.

    Starts are stored by positions in ``mnist.load("train")``; the axis "start" has the order of
    `images`: "avg", "min", "avg-min".

    Attributes
    ----------
    targets : (10, 10) array
        The ideal output of each digit.
    extremes : (2, 10) int array
        Where each output is the least, and where it is the most.
    positions : (10,) int array
        Where the images "min" are.
    near : (60000,) bool array
        Which images are within the lowest quarter of distances of their digit.
    quartiles : (10,) array
        The 25th percentile of those distances: the largest distance that is near.
    before, after : (3, 10) arrays
        Mean squared distance of each start, and after the authors' settings, `PAPER`.
    trained : (3, 10, 28, 28) float16 array
        The images after them.

    Examples
    --------
    >>> starts = load("fc1")
    >>> starts.targets.shape, bool((starts.after < starts.before).all())
    ((10, 10), True)
    """

    targets: np.ndarray
    extremes: np.ndarray
    positions: np.ndarray
    near: np.ndarray
    quartiles: np.ndarray
    before: np.ndarray
    after: np.ndarray
    trained: np.ndarray

    def images(self):
        """The paper's starts, as `starting_images` gives them.

        Returns
        -------
        dict of str to (10, 28, 28) float64 array
            "avg", "min" and "avg-min".
        """
        images, labels = mnist.load("train")
        return {
            "avg": mnist.class_averages(images, labels),
            "min": images[self.positions].astype(np.float64),
            "avg-min": mnist.class_averages(images[self.near], labels[self.near]),
        }


def find(network, outputs, lowest="each"):
    """Search the training images, and train from what is found, by the paper's recipe.

    Parameters
    ----------
    network : torch.nn.Module
    outputs : (60000, 10) array
        Of that network, for the training images.
    lowest : {"each", "own"}
        As for `vslib.synthesis.ideal_outputs`.

    Returns
    -------
    StoredStarts

    Raises
    ------
    ValueError
        As `ideal_outputs`, `starting_images` and `synthesize` do.

    Examples
    --------
    >>> network = networks.load("fc1")
    >>> outputs = networks.evaluate(network, mnist.load("train")[0])
    >>> find(network, outputs).positions.shape
    (10,)
    """
    images, labels = mnist.load("train")
    targets = ideal_outputs(outputs, lowest)
    starts = starting_images(images, labels, outputs, targets)
    distances = starts.distances
    quartiles = np.array([np.percentile(distances[labels == digit], 25) for digit in range(10)])
    made = synthesize(network, starts, targets, progress=False, **PAPER)
    return StoredStarts(
        targets=targets,
        extremes=np.stack([np.argmin(outputs, 0), np.argmax(outputs, 0)]),
        positions=starts.positions,
        near=distances <= quartiles[labels],
        quartiles=quartiles,
        before=made.before,
        after=made.after,
        trained=made.images.astype(np.float16),
    )


def publish(names=networks.NAMES, folder=FOLDER):
    """Compute and write what `load` reads: some minutes, nearly all of them for resnet18.

    Parameters
    ----------
    names : sequence of {"fc1", "fc5", "resnet18"}
    folder : path-like, optional
        The package's own by default.

    Examples
    --------
    >>> import tempfile
    >>> publish(names=(), folder=tempfile.mkdtemp())
    """
    from safetensors.numpy import save

    folder, (images, _) = Path(folder), mnist.load("train")
    for name in names:
        network, arrays = fast(networks.load(name)), {}
        outputs = networks.evaluate(network, images)
        for lowest in LOWEST:
            found = vars(find(network, outputs, lowest))
            found = found | {"near": np.packbits(found["near"])}
            arrays |= {f"{lowest}/{key}": value for key, value in found.items()}
        content = save(arrays)
        facts = {"sha256": files.digest(content), "weights": _weights(name)}
        files.write(folder / f"{name}.safetensors", content)
        files.write_json(folder / f"{name}.json", facts)


def _weights(name):
    if name not in networks.NAMES:
        raise ValueError(f"name: expected one of {', '.join(networks.NAMES)}, got {name!r}")
    facts = networks.card(name)
    return facts["files"][str(facts["epochs"])]["sha256"]


def load(name, lowest="each"):
    """Figure 3's row of a shipped network, as stored; without torch.

    Parameters
    ----------
    name : {"fc1", "fc5", "resnet18"}
    lowest : {"each", "own"}
        As for `vslib.synthesis.ideal_outputs`.

    Returns
    -------
    StoredStarts

    Raises
    ------
    ValueError
        If `name` or `lowest` is another word; as `vslib.files.FileError` if a file is missing or
        damaged, or was computed from other weights than those that ship.

    Examples
    --------
    >>> load("fc1").images()["min"].shape
    (10, 28, 28)
    """
    weights = _weights(name)
    if lowest not in LOWEST:
        raise ValueError(f"lowest: expected 'each' or 'own', got {lowest!r}")
    path = FOLDER / f"{name}.json"
    facts = files.read_json(path, ("sha256", "weights"), f"{files.MEND}, or {AGAIN}")
    if (of := facts["weights"]) != weights:
        raise files.FileError(
            f"{path} belongs to other weights: expected those of sha256 {weights}, "
            f"got {of}; {AGAIN}"
        )
    arrays = files.read_safetensors(FOLDER / f"{name}.safetensors", str(facts["sha256"]))
    prefix = f"{lowest}/"
    found = {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
    near = np.unpackbits(found.pop("near")).astype(bool)
    return StoredStarts(**found, near=near)
