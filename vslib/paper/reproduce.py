"""The paper end to end: its table and its three figures, from networks shipped or trained anew."""

from pathlib import Path

import numpy as np

from vslib import files, layers, mnist, networks
from vslib.paper.claims import claims
from vslib.paper.figure2 import LAYER
from vslib.paper.figure3 import START
from vslib.paper.inverses import inverses
from vslib.paper.pages import table
from vslib.paper.trained import measure, shipped
from vslib.paper.verdicts import outside
from vslib.show import figures
from vslib.spaces import Subspaces, project

__all__ = ["reproduce"]


def reproduce(folder, names=networks.NAMES, get=shipped):
    """Compute the table and the figures, and write them to a folder.

    Parameters
    ----------
    folder : path-like
        Takes ``table.md``, ``table.json``, ``figure1.png``, ``figure2.png``, ``figure3.png``.
    names : sequence of {"fc1", "fc5", "resnet18"}
        Only claims that rest on these networks are judged, and only their figures drawn; and
        those on invertible networks, by what is stored of their trainings.
    get : callable
        From a name to a `Trained`.

    Returns
    -------
    text : str
        The table.
    lines : list of str
        A line for each number that leaves its stated spread, and for each claim whose verdict is
        another by these numbers.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     text, lines = reproduce(folder, ["fc1"])
    ...     sorted(path.name for path in Path(folder).iterdir())
    ['figure1.png', 'figure3.png', 'table.json', 'table.md']
    >>> lines
    []
    """
    from tqdm.auto import tqdm

    folder, (numbers, _), rows = Path(folder), inverses(), []
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
    text = table(numbers)
    files.write(folder / "table.md", f"{text}\n".encode())
    judged = [
        vars(claim.filled(numbers)) | {"values": {key: numbers[key] for key in claim.numbers}}
        for claim in claims()
        if set(claim.numbers) <= set(numbers)
    ]
    files.write_json(folder / "table.json", judged)
    return text, outside(numbers)


def _named(name):
    return [("avg", "min").index(start) for start in START[name]]


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
        Subspaces(layers.matrices(network)[LAYER]).signal_vectors.reshape(9, 3, 3)
        for network in (trained.network, trained.untrained)
    ]
    return figures.images(np.vstack(pair), columns=9, kind="signed", scale="all")
