"""The paper end to end: its table and its three figures, from networks shipped or trained anew."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vslib import (
    claims,
    figures,
    files,
    ideals,
    layers,
    measures,
    mnist,
    networks,
    taps,
    training,
)
from vslib.evaluation import evaluate
from vslib.starts import ideal_outputs, starting_images
from vslib.subspaces import Subspaces, project

__all__ = ["Trained", "from_scratch", "measure", "reproduce", "shipped", "store"]

SEEDS = {"fc1": 10, "fc5": 4}
INITIAL = 10
# What the numbers of one trained seed may differ by, where no spread was measured.
ALLOWED = 0.2
CHANCE = (0.05, 1, "not beyond chance at the level of 0.05")
COPIES = (0, 1e-3, "a thousandth of evaluation mode")
BOUNDS = {
    "exact_convolution": (0, 1e-4, "rounding in float32"),
    "fc5_recovered": (0, 0.02, "2 in 100 allowed"),
    "identical_gradient": COPIES,
    "identical_spread": COPIES,
    "kernels_line_p": CHANCE,
    "kernels_p": CHANCE,
}
SETTLED = ("kernels_rows", "kernels_vectors", "resnet18_white_avg", "resnet18_winners")


@dataclass(frozen=True)
class Trained:
    """A trained network, what it was before, and what it answers.

    Attributes
    ----------
    name : {"fc1", "fc5", "resnet18"}
    seed : int
        Of its training, and so of its split.
    network, untrained : torch.nn.Module
    training, test : (60000, 10) and (10000, 10) arrays
        Outputs for all images of the two sets of MNIST.
    """

    name: str
    seed: int
    network: object
    untrained: object
    training: np.ndarray
    test: np.ndarray


def shipped(name):
    """A network as it ships, and what it answers to all images."""
    return _trained(name, 0, networks.load(name), networks.load(name, 0))


def from_scratch(name, folder, epochs=20, seed=0, data=None):
    """A network trained by the paper's recipe, going on where `folder` holds a part of it.

    Parameters
    ----------
    name : {"fc1", "fc5", "resnet18"}
    folder : path-like
        Of the checkpoints: they are in ``folder/NAME``, with ``-SEED`` for seeds other than 0.
    epochs, seed, data
        As for `vslib.training.train`.

    Returns
    -------
    Trained
    """
    from safetensors.numpy import load

    folder = Path(folder) / (f"{name}-{seed}" if seed else name)
    training.train(name, folder, epochs, seed, resume=True, data=data)
    found, prefix = [], "network/"
    for epoch in (epochs, 0):
        state = load((folder / f"epoch{epoch:02d}.safetensors").read_bytes())
        arrays = {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
        found.append(networks.assemble(name, arrays))
    return _trained(name, seed, *found)


def _trained(name, seed, network, untrained):
    outputs = [evaluate(taps.fast(network), mnist.load(part)[0]) for part in ("train", "test")]
    return Trained(name, seed, network, untrained, *outputs)


def _accuracies(trained):
    """Shares of validation and of test images that a network recognises."""
    labels, answers = mnist.load("train")[1], trained.training.argmax(1)
    part = mnist.split(trained.seed)[1]
    return {
        f"{trained.name}_validation": (answers == labels)[part].mean(),
        f"{trained.name}_test": (trained.test.argmax(1) == mnist.load("test")[1]).mean(),
    }


def measure(trained):
    """All numbers of one network, and its syntheses for figure 3.

    Parameters
    ----------
    trained : Trained

    Returns
    -------
    numbers : dict of str to float
    made : vslib.synthesis.Synthesis
    """
    network, untrained = trained.network, trained.untrained
    targets = ideal_outputs(trained.training, lowest="own")
    starts = starting_images(*mnist.load("train"), trained.training, targets)
    numbers, made = ideals.figure_3(trained.name, taps.fast(network), targets, starts)
    numbers |= _accuracies(trained)
    if trained.name == "fc1":
        numbers |= measures.exactness(network) | measures.figure_1(network, untrained)
    elif trained.name == "fc5":
        numbers |= measures.five_layers(network)
    else:
        numbers |= measures.figure_2(network, untrained)
        numbers |= ideals.identical_images(network, mnist.load("test")[0][:10])
    return {key: float(value) for key, value in numbers.items()}, made


def store(folder, path=claims.FOLDER / "numbers.json"):
    """Train fc1 and fc5 from several seeds, and store all numbers with their spread.

    Of resnet18 there is the one seed that ships, and untrained kernels of ten seeds.

    Parameters
    ----------
    folder : path-like
        Of the checkpoints, as for `from_scratch`.
    path : path-like
        The package's own file by default.
    """
    entries = {}
    for name in networks.NAMES:
        numbers, _ = measure(shipped(name))
        others = [
            measure(from_scratch(name, folder, seed=seed))[0]
            for seed in range(1, SEEDS.get(name, 1))
        ]
        for key, value in numbers.items():
            seeds = [value, *(other[key] for other in others)] if others else []
            entries[key] = _entry(key, value, seeds)
    untrained = [measures.kernels(networks.build("resnet18", s)) for s in range(INITIAL)]
    for key in untrained[0]:
        value = entries[key]["value"]
        seeds = [value, *(found[key] for found in untrained)]
        words = f"{INITIAL} untrained networks and the trained one"
        entries[key] = _entry(key, value, seeds, words)
    files.write(path, json.dumps(entries, indent=1).encode())


def _entry(key, value, seeds, words=None):
    """A number with its stated spread: over seeds with half of it added at each end, or a bound."""
    room = 1e-6 * abs(value)
    if key in BOUNDS:
        low, high, words = BOUNDS[key]
    elif key.startswith("exact_"):
        low, high, words, seeds = 0, 1e-9, "rounding", []
    elif seeds:
        room = max(room, (max(seeds) - min(seeds)) / 2)
        low, high = min(seeds) - room, max(seeds) + room
        low = max(low, 0) if min(seeds) >= 0 else low
        words = f"{words or f'{len(seeds)} seeds'}: half their range added at each end"
    elif key.endswith(("_validation", "_test")):
        room = 2 * np.sqrt(value * (1 - value) / 10_000)
        low, high = value - room, value + room
        words = "one seed: two standard errors of 10,000 images"
    elif key in SETTLED:
        low, high, words = value - room, value + room, "one seed: no other value allowed"
    else:
        room = ALLOWED * abs(value)
        low, high, words = value - room, value + room, f"one seed: {ALLOWED:.0%} allowed"
    return {"value": value, "seeds": seeds, "low": low, "high": high, "spread": words}


def reproduce(folder, names=networks.NAMES, get=shipped):
    """Compute the table and the figures, and write them to a folder.

    Parameters
    ----------
    folder : path-like
        Takes ``table.md``, ``table.json``, ``figure1.png``, ``figure2.png``, ``figure3.png``.
    names : sequence of {"fc1", "fc5", "resnet18"}
        Only claims that rest on these networks are judged, and only their figures drawn.
    get : callable
        From a name to a `Trained`.

    Returns
    -------
    text : str
        The table.
    lines : list of str
        A line for each number that leaves its stated spread.
    """
    from tqdm.auto import tqdm

    folder, numbers, rows = Path(folder), {}, []
    folder.mkdir(parents=True, exist_ok=True)
    for name in tqdm(names, desc="reproduce", unit="network"):
        trained = get(name)
        found, made = measure(trained)
        numbers |= found
        rows.append(made.images[_named(name), range(10)])
        rows.append(made.images[made.after.argmin(0), range(10)])
        if name == "fc1":
            _save(_figure_1(trained.network), folder / "figure1.png")
        if name == "resnet18":
            _save(_figure_2(trained), folder / "figure2.png")
    _save(figures.images(np.clip(np.vstack(rows), 0, 1), columns=10), folder / "figure3.png")
    text = claims.table(numbers)
    files.write(folder / "table.md", f"{text}\n".encode())
    judged = [
        vars(claim.filled(numbers)) | {"values": {key: numbers[key] for key in claim.numbers}}
        for claim in claims.claims()
        if set(claim.numbers) <= set(numbers)
    ]
    files.write(folder / "table.json", json.dumps(judged, indent=1).encode())
    return text, claims.outside(numbers)


def _named(name):
    return [("avg", "min").index(start) for start in ideals.START[name]]


def _save(figure, path):
    figure.savefig(path, facecolor="white")


def _figure_1(network):
    W = layers.matrices(network)["layer1"].values
    averages = mnist.class_averages(*mnist.load("train")).reshape(10, 784)
    residuals = project(averages, W)[1][range(10), range(10)]
    rows = np.vstack([W, Subspaces(W).signal_vectors, residuals]).reshape(30, 28, 28)
    return figures.images(rows, columns=10, kind="signed")


def _figure_2(trained):
    pair = [
        Subspaces(layers.matrices(network)[measures.LAYER]).signal_vectors.reshape(9, 3, 3)
        for network in (trained.network, trained.untrained)
    ]
    return figures.images(np.vstack(pair), columns=9, kind="signed", scale="all")
