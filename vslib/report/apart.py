"""Which column of a report tells two kinds of network apart: chances of one above the other."""

import math

import numpy as np

__all__ = ["JUDGED", "apart", "auc", "judge"]

# What one would read off a table, as a number that matrices of different shapes may share.
JUDGED = {
    "stable rank": "over the smaller of m and n",
    "effective rank": "over the smaller of m and n",
    "condition number": "as it is",
    "s1": "over the s1 that one random matrix in a hundred exceeds",
    "above": "number of singular values above it",
    "alpha": "WeightWatcher's",
    "rejected": "chance less it",
    "rejected_centred": "chance less it",
    "gain": "as it is",
    "gain_centred": "as it is",
}


def judge(rows):
    """What each column says of each matrix, as `JUDGED` explains.

    Parameters
    ----------
    rows : dict of str to list
        Columns of a table; None where there is no number.

    Returns
    -------
    dict of str to array
        NaN where a column says nothing: where no input can be rejected, for a matrix of zeros.

    Examples
    --------
    >>> rows = {"m": [2], "n": [4], "rank": [2], "stable rank": [1.5], "chance": [0.5]}
    >>> judge(rows | {"rejected": [0.2]})["rejected"]
    array([0.3])
    """
    found = {key: np.array(values, float) for key, values in rows.items() if key != "name"}
    short, nothing = np.minimum(found["m"], found["n"]), found["rank"] == 0
    divided = {"stable rank": short, "effective rank": short, "s1": found.get("chance s1")}
    judged = {}
    for key in [key for key in JUDGED if key in found]:
        values = found[key]
        if key.startswith("rejected"):
            values = np.where(found["chance"] > 0, found["chance"] - values, np.nan)
        values = values / divided[key] if key in divided else values
        judged[key] = np.where(nothing, np.nan, values)
    return judged


def auc(ones, others):
    """How often a number of the first kind exceeds one of the second; a tie is half.

    Parameters
    ----------
    ones, others : (a,) and (b,) arrays

    Returns
    -------
    float
        In [0, 1]; NaN if there is none of a kind. The area under the curve of hits against false
        alarms, of all thresholds: 0.5 tells nothing, 1 and 0 tell all.

    References
    ----------
    Hanley and McNeil (1982), The meaning and use of the area under a ROC curve.

    Examples
    --------
    >>> auc([2, 3], [1, 2])
    0.875
    """
    ones, others = np.asarray(ones, float), np.asarray(others, float)
    if not (ones.size and others.size):
        return math.nan
    above = ones[:, None] > others
    return float((above + 0.5 * (ones[:, None] == others)).mean())


def apart(ones, others, column):
    """How well a column tells matrices of one kind of network from those of another.

    Parameters
    ----------
    ones, others : list of dict
        Networks of one family, each with its ``rows``.
    column : str
        One of `JUDGED`.

    Returns
    -------
    dict
        ``pooled``: the `auc` with one threshold for all matrices of the family, as one judges
        who has no other network to compare with; ``by layer``: its mean over layers, each
        compared with the same layer only; ``matrices``: how many have a number of each kind;
        ``of``: how many there are of the first.

    Examples
    --------
    >>> def network(s1):
    ...     shape = {"name": ["fc"], "m": [2], "n": [4], "rank": [2]}
    ...     return {"rows": shape | {"s1": [s1], "chance s1": [2]}}
    >>> found = apart([network(3), network(4)], [network(1)], "s1")
    >>> found["pooled"], found["by layer"], found["matrices"], found["of"]
    (1.0, 1.0, (2, 1), 2)
    """
    sides = [_by_name(networks, column) for networks in (ones, others)]
    pooled = [np.concatenate([*side.values()]) for side in sides]
    of = len(pooled[0])
    pooled = [values[np.isfinite(values)] for values in pooled]
    layers = []
    for name in sides[0].keys() & sides[1].keys():
        here = [side[name][np.isfinite(side[name])] for side in sides]
        if all(values.size for values in here):
            layers.append(auc(*here))
    # A set has no order, and a sum that rounds depends on it: the last digit that is printed, too.
    mean = math.fsum(layers) / len(layers) if layers else math.nan
    return {
        "pooled": auc(*pooled),
        "by layer": mean,
        "matrices": tuple(len(values) for values in pooled),
        "of": of,
    }


def _by_name(networks, column):
    found = {}
    for network in networks:
        values = judge(network["rows"])[column]
        for name, value in zip(network["rows"]["name"], values, strict=True):
            found.setdefault(name, []).append(value)
    return {name: np.array(values) for name, values in found.items()}
