"""The table of the chapter: of each column of a report, how well it tells two kinds apart."""

from vslib.report.apart import JUDGED, apart
from vslib.report.measured import select

__all__ = ["versus"]


def versus(families, one, other, way="by layer"):
    """Areas under the curve of stored networks: a row for each column, a column for each family.

    Parameters
    ----------
    families : sequence of str
    one, other : str
        Kinds of networks, as `select` takes them.
    way : {"by layer", "pooled"}
        As `apart` explains.

    Returns
    -------
    dict of str to list

    Examples
    --------
    >>> found = versus(["fc1"], "shipped", "untrained")
    >>> found["column"][-1], found["fc1"][-1]
    ('gain_centred', 1.0)
    """
    pairs = {family: (select(family, one), select(family, other)) for family in families}
    return {"column": [*JUDGED]} | {
        family: [apart(*pair, column)[way] for column in JUDGED] for family, pair in pairs.items()
    }
