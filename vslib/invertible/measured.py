"""The numbers of the chapter: measured by one command, stored, and read again."""

import functools
from importlib import resources
from pathlib import Path

import numpy as np

from vslib import files, mnist, networks
from vslib.invertible import cost, measures, pictures

__all__ = ["difference", "measure", "measured", "over_seeds"]

PATH = resources.files("vslib.invertible") / "data" / "measured.json"
KEYS = ("runs", "exactness", "lattice", "conditioning", "cost")


def measure(runs, path=PATH, resume=False):
    """Measure what the chapter says of the networks that ship, and of trainings, and store it.

    Parameters
    ----------
    runs : path-like
        Folder of the trainings, as `vslib.networks.train` left them: NAME-SEED, and NAME-SEED-paper
        for the paper's recipe. Those that are not whole yet are left out.
    path : path-like
        The package's own file by default.
    resume : bool
        Keep what the file holds of networks that are still the same, to the last bit of a weight.

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
    found = files.read_json(path) if resume else {}
    known = {run["fingerprint"]: run for run in found.get("runs", [])}
    found["runs"] = []
    for record, network in filter(None, map(_whole, folders)):
        mark = networks.fingerprint(network)
        found["runs"].append(known.get(mark) or _run(record, network) | {"fingerprint": mark})
        files.write_json(path, found)
    shipped = networks.load("bijection")
    mark = networks.fingerprint(shipped)
    for key, part in {
        "exactness": measures.exactness,
        "lattice": measures.on_lattice,
        "conditioning": measures.conditioning,
        "cost": cost.cost,
    }.items():
        if found.get(key, {}).get("fingerprint") != mark:
            files.write_json(path, found := found | {key: part(shipped) | {"fingerprint": mark}})


def _whole(folder):
    """What a run wrote down and its network, or None if it is still being trained."""
    import torch

    record = networks.checkpoints.record(folder)
    epochs = record["recipe"].get("epochs", 20)
    if len(record["history"]) < epochs:
        return None
    network = networks.build(record["name"])
    state = networks.checkpoints.state(folder, epochs)
    network.load_state_dict({key: torch.tensor(value) for key, value in state.items()})
    return record, network.eval().requires_grad_(False)


def _run(record, network):
    paper = record["recipe"]["optimizer"] == "SGD"
    entry = {
        "name": record["name"],
        "seed": record["seed"],
        "recipe": "paper" if paper else "one cycle",
        "validation": record["history"][-1]["validation_accuracy"],
        "test": networks.accuracy(network, *mnist.load("test")),
    }
    if paper or record["name"] in ("twin", "residual"):
        return entry
    return entry | {"fibres": pictures.fibres(network), "probe": pictures.probe(network)}


@functools.cache
def measured():
    """The stored numbers.

    Returns
    -------
    dict
        ``runs``: name, seed, recipe, validation and test accuracy of each training, and of
        bijections trained by one cycle ``fibres`` and ``probe``; ``exactness``, ``lattice``,
        ``conditioning``, ``cost`` of the bijection that ships: as `measures`, `pictures` and `cost`
        found them.

    Raises
    ------
    vslib.files.FileError
        If the file is missing or damaged.

    Examples
    --------
    >>> measured()["lattice"]["images"], measured()["lattice"]["bit for bit"]
    (70000, 70000)
    """
    return files.read_json(PATH, KEYS)


def over_seeds(name, *keys, recipe="one cycle"):
    """One measured number of a network for each seed that it was trained from.

    Parameters
    ----------
    name : str
        As `vslib.networks.build` takes it.
    *keys : str
        Where the number stands in a run: "validation", or "fibres", "resnet18", "signal".
    recipe : {"one cycle", "paper"}

    Returns
    -------
    (seeds,) array
        In the order of the seeds; empty if there is no such run.

    Examples
    --------
    >>> accuracies = over_seeds("bijection", "validation")
    >>> len(accuracies) >= 3, bool((accuracies > 0.98).all())
    (True, True)
    """
    runs = [run for run in measured()["runs"] if (run["name"], run["recipe"]) == (name, recipe)]
    runs.sort(key=lambda run: run["seed"])
    return np.array([functools.reduce(dict.__getitem__, keys, run) for run in runs])


def difference(other="twin", recipe="one cycle", which=("validation", "test")):
    """Accuracy of the bijection less that of another network, over the seeds that both have.

    Parameters
    ----------
    other : {"twin", "residual"}
    recipe : {"one cycle", "paper"}
    which : sequence of {"validation", "test"}
        On which images; both sets have 10,000, none of which either network met in training.

    Returns
    -------
    dict
        ``seeds``; ``gaps``: the difference for each of them, in points (hundredths); ``mean``;
        ``half``: half the width of the mean's 95 % interval by Student's t, over seeds, infinite
        for one; ``low`` and ``high``: its ends.

    Examples
    --------
    >>> found = difference()
    >>> abs(found["mean"]) < 0.5, found["low"] < found["mean"] < found["high"]
    (True, True)
    """
    from scipy import stats

    accuracies = {
        (run["name"], run["seed"]): 100 * np.mean([run[part] for part in which])
        for run in measured()["runs"]
        if run["recipe"] == recipe
    }
    seeds = sorted(s for n, s in accuracies if n == other and ("bijection", s) in accuracies)
    gaps = np.array([accuracies["bijection", s] - accuracies[other, s] for s in seeds])
    count, mean, half = len(gaps), float(gaps.mean()), np.inf
    if count > 1:
        half = float(stats.t.ppf(0.975, count - 1) * gaps.std(ddof=1) / np.sqrt(count))
    ends = {"low": mean - half, "high": mean + half}
    return {"seeds": seeds, "gaps": gaps, "mean": mean, "half": half} | ends
