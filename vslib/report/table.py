"""What a report is: a table, what was found in words, what was left out, and its pages."""

from dataclasses import dataclass, field

from vslib import files
from vslib.report import page
from vslib.report.meanings import ordered
from vslib.report.words import sentences

__all__ = ["Report"]


@dataclass(frozen=True, repr=False, eq=False)
class Report:
    """All layers of a network in one table; a notebook draws it, `print` shows its text.

    Attributes
    ----------
    table : pandas.DataFrame
        A row for each matrix, with the columns that `vslib.report.COLUMNS` explains.
    spectra : dict of str to array
        The singular values of each matrix, in decreasing order, by its name.
    skipped : dict of str to str
        What is no matrix, by name, with the reason.
    kind : str
        Of the network, or the name of the file.
    images : int or None
        How many it ran on.

    Examples
    --------
    >>> from torch import nn
    >>> from vslib.report import report
    >>> found = report(nn.Sequential(nn.Linear(3, 2), nn.LayerNorm(2)))
    >>> found.table["rank"].tolist(), found.skipped
    ([2], {'1': 'LayerNorm: scales and shifts entries, no matrix'})
    >>> print(found.words[0])
    One matrix with 6 weights in Sequential; left out, with reasons in .skipped: 1.
    """

    table: object
    spectra: dict
    skipped: dict = field(default_factory=dict)
    kind: str = "network"
    images: int | None = None

    @classmethod
    def of(cls, rows, skipped=(), kind="network", images=None):
        """Of rows as `vslib.report.columns.row` makes them."""
        columns = [row.columns for row in rows]
        spectra = {row.columns["name"]: row.found.values for row in rows}
        return cls.from_columns(columns, spectra, skipped, kind, images)

    @classmethod
    def from_columns(cls, columns, spectra, skipped=(), kind="network", images=None):
        """Of one dict a row, as they are stored while a checkpoint is read."""
        import pandas

        names = ordered(set().union(*columns))
        table = pandas.DataFrame(
            {name: pandas.Series([row.get(name) for row in columns]) for name in names}
        )
        return cls(table, spectra, dict(skipped), kind, images)

    @property
    def words(self):
        """What was found, in sentences."""
        return sentences(self)

    def html(self):
        """A page of its own that asks no other host for anything: a sortable table, pictures."""
        return page.document(self)

    def save(self, path):
        """Write that page, whole or not at all."""
        files.write(path, self.html().encode())

    def __repr__(self):
        import pandas

        with pandas.option_context("display.width", 200, "display.max_rows", 60):
            return "\n".join([*self.words, "", repr(self.table)])

    def _repr_html_(self):
        return page.fragment(self)
