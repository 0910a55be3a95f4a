"""What reports say of networks that were trained, and of those that were not: stored small."""

import functools
import itertools
import json
from importlib import resources

from vslib import files, networks
from vslib.report import cost, fitted, measures
from vslib.report.alphas import weightwatcher_in
from vslib.report.null import ARCHITECTURES

__all__ = ["measure", "measured", "select"]

PATH = resources.files("vslib.report") / "data" / "measured.json"
KEYS = ("networks", "null", "cost")
STARTS = 5


def jobs():
    """The networks that are measured, in groups: family, kind, recipe and seed of each."""
    shipped = (*networks.NAMES, *networks.INVERTIBLE)
    families = dict.fromkeys((*fitted.FAMILIES, *shipped))
    groups = [[(family, "shipped", "", 0) for family in shipped]]
    groups += [[(family, "untrained", "", seed) for seed in range(STARTS)] for family in families]
    for family, seeds in fitted.FAMILIES.items():
        for seed in range(seeds):
            kinds = itertools.product(measures.LABELS, ("Adam", "SGD"))
            groups.append([(family, *kind, seed) for kind in kinds])
    return groups


def measure(watcher, path=PATH, resume=False):
    """Measure all networks, those of random weights, and what a matrix costs: half an hour.

    Parameters
    ----------
    watcher : path-like
        The folder of WeightWatcher, as for `vslib.report.alphas.weightwatcher_in`.
    path : path-like
        The package's own file by default.
    resume : bool
        Keep what the file holds, but of networks that are not the same any more.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "measured.json"
    >>> try:
    ...     measure("no/such/folder", path)
    ... except ValueError as error:
    ...     print("WeightWatcher" in str(error))
    True
    """
    from threadpoolctl import threadpool_limits

    weightwatcher_in(watcher)
    found = {"networks": [], "null": [], "cost": []} | (files.read_json(path) if resume else {})
    known = {_key(entry): entry for entry in found["networks"]}
    known = {job: entry for job, entry in known.items() if _same(entry, job)}
    with threadpool_limits(1):
        done = {entry["name"] for entry in found["null"]}
        for name in ARCHITECTURES:
            if name not in done:
                found["null"] += measures.of_null(name, watcher)
                _write(path, found)
        if not found["cost"]:
            found["cost"] = [[*shape, measures.few(cost.timed(shape))] for shape in cost.SIZES]
            _write(path, found)
        for group in jobs():
            missing = [job for job in group if job not in known]
            known |= zip(missing, measures.of_networks(missing, watcher), strict=True)
            found["networks"] = [known[job] for job in itertools.chain(*jobs()) if job in known]
            _write(path, found)


def _key(entry):
    return entry["family"], entry["kind"], entry["recipe"], entry["seed"]


def _same(entry, job):
    """Whether a network that is not fitted anew is still the one that was measured."""
    return (
        job[1] in measures.LABELS
        or networks.fingerprint(measures.made(job)) == entry["fingerprint"]
    )


def _write(path, found):
    files.write(path, json.dumps(found, separators=(",", ":"), allow_nan=False).encode())


@functools.cache
def measured():
    """The stored numbers.

    Returns
    -------
    dict
        ``networks``: a list of family, kind, recipe, seed, share of test images recognised
        (``test``), of fitted ones epochs and ``training``, and ``rows``, columns of the report as
        lists; ``null``: for each architecture and seed how many matrices, their ``p``, and how
        many would pass for trained by other columns; ``cost``: m, n and seconds of matrices.

    Raises
    ------
    vslib.files.FileError
        If the file is missing or damaged.

    Examples
    --------
    >>> len(select("fc5", "untrained")), len(measured()["null"]) > 0
    (5, True)
    """
    return files.read_json(PATH, KEYS)


def select(family, kind, recipe=None):
    """The stored networks of one family and kind, of one recipe or of all.

    Parameters
    ----------
    family : str
    kind : {"shipped", "untrained", "true", "shuffled"}
        With labels that are true, or shuffled.
    recipe : {"Adam", "SGD"}, optional

    Returns
    -------
    list of dict

    Examples
    --------
    >>> [network["seed"] for network in select("fc5", "true", "Adam")]
    [0, 1, 2]
    """
    return [
        network
        for network in measured()["networks"]
        if (network["family"], network["kind"]) == (family, kind)
        and recipe in (None, network["recipe"])
    ]
