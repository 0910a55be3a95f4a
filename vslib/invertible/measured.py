"""The numbers of chapter 9: measured by one command, stored, and read again."""

import functools
import time
from importlib import resources
from pathlib import Path

import numpy as np

from vslib import files, mnist, networks
from vslib.invertible import measures, pictures
from vslib.invertible.fibres import exchange

__all__ = ["difference", "measure", "measured"]

PATH = resources.files("vslib.invertible") / "data" / "measured.json"
KEYS = ("runs", "exactness", "conditioning", "cost", "fibres", "probes")
# Of Student's distribution, two-sided 95 %, by degrees of freedom.
STUDENT = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306}


def measure(runs, path=PATH, resume=False):
    """Measure what chapter 9 says of the networks that ship, and of trainings, and store it.

    Parameters
    ----------
    runs : path-like
        Folder of the trainings, as `vslib.networks.train` left them: NAME-SEED, and NAME-SEED-paper
        for the paper's recipe.
    path : path-like
        The package's own file by default.
    resume : bool
        Keep the parts that the file holds, and measure the others.

    Examples
    --------
    >>> try:
    ...     measure("no/such/folder")
    ... except ValueError as error:
    ...     print(error)
    runs: expected a folder of trainings, NAME-SEED, got no/such/folder
    """
    folders = sorted(p.parent for p in Path(runs).glob("*/record.json"))
    if not folders:
        raise ValueError(f"runs: expected a folder of trainings, NAME-SEED, got {runs}")
    trained = [entry for entry in map(_run, folders) if entry]
    plain = networks.load("bijection")
    ships = {name: networks.load(name) for name in networks.INVERTIBLE if name != "twin"}
    bijections = [e for e in trained if e["name"] != "twin" and e["recipe"] == "one cycle"]
    parts = {
        "runs": lambda: [{k: v for k, v in e.items() if k != "network"} for e in trained],
        "cost": lambda: measures.cost() | _against_newton(plain),
        "fibres": lambda: [
            {"name": e["name"], "seed": e["seed"]} | pictures.fibres(e["network"])
            for e in bijections
        ],
        "exactness": lambda: measures.exactness(plain),
        "probes": lambda: {name: pictures.probe(each) for name, each in ships.items()},
        "conditioning": lambda: measures.conditioning(plain),
    }
    found = files.read_json(path) if resume else {}
    for key, part in parts.items():
        if key not in found:
            files.write_json(path, found := found | {key: part()})


def _run(folder):
    """Facts of one training that is whole, and its network."""
    import torch

    record = networks.checkpoints.record(folder)
    epochs = record["recipe"].get("epochs", 20)
    if len(record["history"]) < epochs:
        return None
    network = networks.build(record["name"])
    state = networks.checkpoints.state(folder, epochs)
    network.load_state_dict({key: torch.tensor(value) for key, value in state.items()})
    network.eval().requires_grad_(False)
    return {
        "name": record["name"],
        "seed": record["seed"],
        "recipe": "paper" if record["recipe"]["optimizer"] == "SGD" else "one cycle",
        "validation": record["history"][-1]["validation_accuracy"],
        "test": networks.accuracy(network, *mnist.load("test")),
        "network": network,
    }


def _against_newton(classifier, count=10):
    """Milliseconds an image: exchanging by a bijection, Newton's method on fc5."""
    from vslib.inversion import invert

    images = mnist.load("test")[0][: 2 * count]
    network = networks.load("fc5")
    outputs = networks.evaluate(network, images[:count])
    start = time.process_time()
    exchange(classifier, images[:count], images[count:])
    middle = time.process_time()
    invert(network, outputs, "newton", start=images[count:].reshape(count, -1))
    end = time.process_time()
    return {
        "ms an exchange": 1000 * (middle - start) / count,
        "ms by Newton": 1000 * (end - middle) / count,
    }


@functools.cache
def measured():
    """The stored numbers.

    Returns
    -------
    dict
        ``runs``: name, seed, recipe, validation and test accuracy of each training; ``exactness``,
        ``conditioning``, ``cost``, ``fibres``, ``probes``: as `measures` and `pictures`
        found them.

    Raises
    ------
    vslib.files.FileError
        If the file is missing or damaged.

    Examples
    --------
    >>> measured()["exactness"]["lattice"]
    1.0
    """
    return files.read_json(PATH, KEYS)


def difference(recipe="one cycle", which="validation"):
    """Accuracy of the bijection less that of its twin, over the seeds that both were trained from.

    Parameters
    ----------
    recipe : {"one cycle", "paper"}
    which : {"validation", "test"}

    Returns
    -------
    dict
        ``seeds``, ``mean`` of the differences in points (hundredths), ``interval``: half the
        width of its 95 % interval by Student's t, infinite for one seed.

    Examples
    --------
    >>> found = difference()
    >>> abs(found["mean"]) < 0.5
    True
    """
    accuracies = {}
    for entry in measured()["runs"]:
        if entry["recipe"] == recipe:
            accuracies[entry["name"], entry["seed"]] = entry[which]
    seeds = sorted(s for n, s in accuracies if n == "twin" and ("bijection", s) in accuracies)
    gaps = np.array([100 * (accuracies["bijection", s] - accuracies["twin", s]) for s in seeds])
    half = np.inf
    if len(gaps) > 1:
        half = STUDENT[len(gaps) - 1] * gaps.std(ddof=1) / np.sqrt(len(gaps))
    return {"seeds": seeds, "mean": float(gaps.mean()), "interval": float(half)}
