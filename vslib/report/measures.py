"""What is measured of one network for the chapter: columns of its report, and WeightWatcher's."""

import numpy as np

from vslib import layers, mnist, networks
from vslib.report import fitted
from vslib.report.alphas import alphas
from vslib.report.network import report
from vslib.report.null import enlarged, random_network

__all__ = ["LABELS", "few", "made", "of_networks", "of_null", "rows_of"]

LABELS = ("true", "shuffled")
SEEN = 256  # test images that a network is shown
FEW = 1000  # training images that a small network is fitted to
DRAWS = 2  # of random weights for each architecture
KEPT = ("name", "m", "n", "rank", "condition number", "stable rank", "effective rank", "s1")
KEPT += ("chance s1", "above", "below", "chance", "rejected", "rejected_centred", "spread", "p")
KEPT += ("gain", "gain_centred")


def made(job):
    """A network that is not fitted anew: shipped or untrained.

    Parameters
    ----------
    job : (str, str, str, int)
        Family, kind, recipe and seed.

    Examples
    --------
    >>> sum(parameter.numel() for parameter in made(("fc1", "untrained", "", 3)).parameters())
    7850
    """
    family, kind, _, seed = job
    return networks.load(family) if kind == "shipped" else fitted.build(family, seed)


def of_networks(group, watcher):
    """What is kept of some networks, each fitted first where its labels are named.

    Parameters
    ----------
    group : list of (str, str, str, int)
        Family, kind, recipe and seed of each.
    watcher : path-like
        As for `vslib.report.alphas.weightwatcher_in`.

    Returns
    -------
    list of dict

    Examples
    --------
    >>> of_networks([], "no/such/folder")
    []
    """
    entries, arrays = [], []
    for job in group:
        entry, network = _network(job)
        entries.append(entry)
        arrays.append(_arrays(network))
    for entry, found in zip(entries, _alphas(arrays, watcher), strict=True):
        entry["rows"]["alpha"] = [few(found.get(name)) for name in entry["rows"]["name"]]
    return entries


def _network(job):
    family, kind, recipe, seed = job
    images, truth = mnist.load("test")
    facts = {}
    if kind in LABELS:
        network = fitted.build(family, seed)
        given, labels = (part[:FEW] for part in mnist.load("train"))
        if kind == "shuffled":
            labels = np.random.default_rng(seed).permutation(labels)
        facts = fitted.fit(network, given, labels, seed, recipe)
    else:
        network = made(job)
    entry = {
        **dict(zip(("family", "kind", "recipe", "seed"), job, strict=True)),
        **facts,
        "test": networks.accuracy(network, images, truth),
        "fingerprint": networks.fingerprint(network),
        "rows": rows_of(network, images[:SEEN]),
    }
    return entry, network


def _alphas(arrays, watcher):
    """WeightWatcher's alphas of the matrices of several networks, asked for together."""
    if not arrays:
        return []
    together = {
        f"{i} {name}": array for i, given in enumerate(arrays) for name, array in given.items()
    }
    found = alphas(together, watcher)
    return [
        {name: found[f"{i} {name}"] for name in given if f"{i} {name}" in found}
        for i, given in enumerate(arrays)
    ]


def rows_of(network, images):
    """The columns of a report that are kept, as lists by name, in few digits.

    Parameters
    ----------
    network : torch.nn.Module
    images : array or tensor
        As `vslib.report.report` takes them.

    Returns
    -------
    dict of str to list

    Examples
    --------
    >>> import torch
    >>> list(rows_of(torch.nn.Linear(4, 2), torch.rand(9, 4)))[:3]
    ['name', 'm', 'n']
    """
    table = report(network, images).table
    return {
        key: [few(value) for value in table[key]] if key in table else [None] * len(table)
        for key in KEPT
    }


def _arrays(network):
    """What WeightWatcher is given: kernels as they are, all else as the matrix of a row."""
    found = {name: layer.values for name, layer in layers.matrices(network, "filters").items()}
    for name, module in network.named_modules():
        weight = getattr(module, "weight", None)
        if name in found and getattr(weight, "ndim", 0) == 4:
            found[name] = weight.detach().numpy()
    return {name: array for name, array in found.items() if array.any()}


def of_null(name, watcher):
    """What is kept of an architecture of torchvision, for each of some draws of random weights.

    Parameters
    ----------
    name : str
        One of `vslib.report.null.ARCHITECTURES`.
    watcher : path-like

    Returns
    -------
    list of dict

    Examples
    --------
    >>> try:
    ...     of_null("resnet18", "no/such/folder")
    ... except ValueError as error:
    ...     print("WeightWatcher" in str(error))
    True
    """
    images = enlarged(mnist.load("test")[0][:32])
    drawn = [random_network(name, seed) for seed in range(DRAWS)]
    entries = []
    found = _alphas([_arrays(network) for network in drawn], watcher)
    for seed, (network, exponents) in enumerate(zip(drawn, found, strict=True)):
        rows = rows_of(network, images)
        entries.append(
            {
                "name": name,
                "seed": seed,
                "matrices": len(rows["name"]),
                "p": [float(f"{value:.2g}") for value in rows["p"] if value is not None],
                "above": sum(value > 0 for value in rows["above"]),
                "below": sum(value > 0 for value in rows["below"]),
                "alpha": len(exponents),
                "alpha in 2 to 6": sum(2 <= value <= 6 for value in exponents.values()),
            }
        )
    return entries


def few(value):
    """Numbers in five digits, what is none as None, words as they are.

    Examples
    --------
    >>> few(1.2345678), few(3.0), few(float("nan")), few("fc")
    (1.2346, 3, None, 'fc')
    """
    if value is None or isinstance(value, str):
        return value
    if float(value).is_integer():
        return int(value)
    return float(f"{value:.5g}") if np.isfinite(value) else None
