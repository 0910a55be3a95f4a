"""What a report found, in sentences: each says against what."""

import math

from vslib.report.bands import LEVEL

__all__ = ["not_left", "sentences"]

MOST = 6  # names in one sentence


def sentences(report):
    """What was found, in the order in which one asks.

    Parameters
    ----------
    report : vslib.report.Report

    Returns
    -------
    list of str

    Examples
    --------
    >>> from torch import nn
    >>> from vslib.report import report
    >>> sentences(report(nn.Linear(3, 2)))[1]
    'Each has the full rank of its shape.'
    """
    rows = report.table.to_dict("records")
    own = [row for row in rows if not row["name"].endswith("(added)")]
    # Of what is not finite there is a note only.
    own = [row for row in own if not math.isnan(row.get("rank", math.nan))]
    found = [_first(report, own), *([_ranks(own), *_spectra(own)] if own else [])]
    if "p" in report.table:
        found += _inputs(own)
    found += _silent(own) + _dead(own) + _moved(own)
    notes = [row for row in rows if isinstance(row.get("note"), str)]
    for note in dict.fromkeys(row["note"] for row in notes):
        named = _list([row["name"] for row in notes if row["note"] == note])
        found.append(f"{named}: {note}.")
    return found


def not_left(rows):
    """Rows whose inputs say nothing against chance, and those that are on either side of it.

    A p-value counts where it is below one in a hundred, divided by the number of rows that have
    one: then all layers of a random network stay with chance in 99 of 100 networks.

    Parameters
    ----------
    rows : list of dict

    Returns
    -------
    chance, less, more : lists of dict

    Examples
    --------
    >>> row = {"p": 0.5, "rejected_centred": 0.4, "chance": 0.5}
    >>> [len(each) for each in not_left([row, row | {"p": 1e-9}])]
    [1, 1, 0]
    """
    tested = [row for row in rows if not math.isnan(row.get("p", math.nan))]
    level = LEVEL / max(1, len(tested))
    chance = [row for row in tested if row["p"] > level]
    apart = [row for row in tested if row["p"] <= level]
    less = [row for row in apart if row["rejected_centred"] < row["chance"]]
    return chance, less, [row for row in apart if row["rejected_centred"] >= row["chance"]]


def _list(names):
    """Names as one reads them, the last after "and"; many are cut."""
    names = [name or "the module itself" for name in names]
    if len(names) > MOST:
        names = [*names[: MOST - 1], f"{len(names) - MOST + 1} more"]
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _with(rows, show):
    return _list([f"{row['name'] or 'the module itself'} ({show(row)})" for row in rows])


def _count(rows, one, many):
    return f"One {one}" if len(rows) == 1 else f"{len(rows)} {many}"


def _first(report, rows):
    weights = sum(int(row["m"] * row["n"] // row["groups"]) for row in rows)
    size = f"{weights / 1e6:,.1f} million" if weights >= 1e6 else f"{weights:,}"
    left = f"; left out, with reasons in .skipped: {len(report.skipped)}" if report.skipped else ""
    ran = f", seen on {report.images:,} images" if report.images is not None else ""
    return f"{_count(rows, 'matrix', 'matrices')} with {size} weights in {report.kind}{ran}{left}."


def _ranks(rows):
    short = [row for row in rows if row["rank"] < min(row["m"], row["n"])]
    if not short:
        return "Each has the full rank of its shape."
    short.sort(key=lambda row: row["rank"] / min(row["m"], row["n"]))
    named = _with(short, lambda row: f"{row['rank']:.0f} of {min(row['m'], row['n'])}")
    return f"Not of full rank: {named}."


def _spectra(rows):
    found = []
    for key, side in (("above", "above"), ("below", "below")):
        out = [row for row in rows if row[key] > 0]
        if not out:
            found.append(
                f"No singular value lies {side} what a random matrix of that shape and scale shows."
            )
            continue
        out.sort(key=lambda row: -row[key])
        left = len(rows) - len(out)
        rest = f"; of the other {left}, none" if left else ""
        named = _with(out, lambda row, key=key: f"{row[key]:.0f}")
        found.append(f"Singular values {side} what chance shows: {named}{rest}.")
    return found


def _inputs(rows):
    chance, less, more = not_left(rows)
    found = []
    if chance:
        have = "has" if len(chance) == 1 else "have"
        found.append(
            f"{_list([row['name'] for row in chance])} {have} not left chance: a random row space "
            "of that rank would reject as much of the same centred inputs."
        )
    for apart, word in ((less, "less"), (more, "more")):
        if apart:
            apart.sort(key=lambda row: -abs(row["chance"] - row["rejected_centred"]))
            named = _with(
                apart, lambda row: f"{row['rejected_centred']:.3f} against {row['chance']:.3f}"
            )
            verb = "rejects" if len(apart) == 1 else "reject"
            found.append(f"{named} {verb} {word} of the centred inputs than chance.")
    whole = [row for row in rows if row.get("chance") == 0]
    if whole:
        verb = "rejects" if len(whole) == 1 else "reject"
        found.append(
            f"{_list([r['name'] for r in whole])} {verb} nothing: as many ranks as inputs."
        )
    return found


def _silent(rows):
    out = [row for row in rows if row.get("always zero", 0) > 0]
    if not out:
        return []
    out.sort(key=lambda row: -row["always zero"] / row["n"])
    named = _with(out, lambda row: f"{int(row['always zero'])} of {row['n']}")
    return [f"Inputs that were zero every time: {named}."]


def _dead(rows):
    found = []
    for side, size in (("inputs", "n"), ("outputs", "m")):
        out = [row for row in rows if row[f"dead {side}"]]
        if out:
            named = _with(out, lambda row, s=side, n=size: f"{row[f'dead {s}']:.0f} of {row[n]}")
            found.append(f"Dead {side}, with weights that are all zero: {named}.")
    return found


def _moved(rows):
    moved = [row for row in rows if not math.isnan(row.get("moved", math.nan))]
    if not moved:
        return []
    least, most = (choose(moved, key=lambda row: row["moved"]) for choose in (min, max))
    return [
        f"Since the start {most['name']} moved most ({most['moved']:.2g} of its size then), "
        f"{least['name']} least ({least['moved']:.2g})."
    ]
