"""Tables that a notebook, the page and a phone draw as tables, and that read well as plain text."""

import html
import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real

__all__ = ["Table", "table"]

ABSENT = "–"
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# What a phone shows beside each other, in characters; and what a cell adds to its own.
PHONE, PADDING = 40, 3


@dataclass(frozen=True, repr=False)
class Table:
    """What `table` gives: a notebook draws it, `print` shows its text.

    Attributes
    ----------
    frame : pandas.DataFrame
        The entries as they were given, to compute with.
    cells : dict of str to list of str
        What is shown, by head.
    numeric : frozenset of str
        The heads over numbers, which are set to the right.
    caption : str or None

    Examples
    --------
    >>> found = table({"layer": ["layer1", "layer2"], "rank": [10, 256]})
    >>> int(found.frame["rank"].max())
    256
    """

    frame: object
    cells: dict
    numeric: frozenset
    caption: str | None = None

    def _lines(self):
        """The head and the rows, each as pairs of a text and whether its column is numeric."""
        right = [head in self.numeric for head in self.cells]
        for row in [tuple(self.cells), *zip(*self.cells.values(), strict=True)]:
            yield [*zip(row, right, strict=True)]

    def __repr__(self):
        wide = [max(map(len, [head, *texts])) for head, texts in self.cells.items()]
        lines = [
            "  ".join(
                text.rjust(n) if right else text.ljust(n)
                for (text, right), n in zip(line, wide, strict=True)
            ).rstrip()
            for line in self._lines()
        ]
        return "\n".join([self.caption, *lines] if self.caption else lines)

    def _repr_html_(self):
        heads, *rows = self._lines()
        body = [_row([(*row[0], "row"), *((*cell, None) for cell in row[1:])]) for row in rows]
        caption = f"<caption>{html.escape(self.caption)}</caption>" if self.caption else ""
        lines = [
            f'<table class="dataframe table">{caption}',
            f"<thead>{_row([(*head, 'col') for head in heads])}</thead>",
            "<tbody>",
            *body,
            "</tbody></table>",
        ]
        whole = [
            head.split() + (texts if head in self.numeric else " ".join(texts).split())
            for head, texts in self.cells.items()
        ]
        narrow = sum(max(map(len, parts)) + PADDING for parts in whole) <= PHONE
        # What scrolls must be reached by keyboard, and so it has a name.
        name = html.escape(self.caption or "table")
        scrolls = "" if narrow else f' tabindex="0" role="group" aria-label="{name}"'
        return "\n".join([f'<div style="overflow-x: auto"{scrolls}>', *lines, "</div>"])


def _row(cells):
    parts = []
    for text, right, scope in cells:
        look = "text-align: right" if right else "text-align: left"
        if right and scope != "col":
            look += "; white-space: nowrap"
        tag, scoped = ("th", f' scope="{scope}"') if scope else ("td", "")
        parts.append(f'<{tag}{scoped} style="{look}">{html.escape(text)}</{tag}>')
    return f"<tr>{''.join(parts)}</tr>"


def table(columns, caption=None, digits=3, formats=None):
    """Columns of words and numbers as a table, with the numbers in sensible digits.

    Integers are written whole, other numbers to `digits` significant digits; below 0.0001 and
    from a million on with a power of ten. None and NaN are absent entries, shown as a dash.

    Parameters
    ----------
    columns : mapping of str to sequence, or pandas.DataFrame
        Each column by its head: words, with the unit where there is one. The first column names
        the rows.
    caption : str, optional
    digits : int
        Significant digits, 1 to 15.
    formats : mapping of str to str, optional
        A format specification for the numbers of a column by its head, as ``".1%"``.

    Returns
    -------
    Table

    Raises
    ------
    ValueError
        If there is no column or no row, the columns differ in length, a head is not in words, an
        entry is neither words nor a real number, or a format fits no column or not its numbers.

    Examples
    --------
    >>> table({"layer": ["one", "two"], "weights": [784, 7850], "share": [0.25, 1e-9]})
    layer  weights        share
    one        784        0.250
    two      7,850  1.00 × 10⁻⁹
    """
    import pandas

    if not isinstance(columns, Mapping | pandas.DataFrame) or not len(columns.keys()):
        raise ValueError(f"columns: expected a mapping of heads to columns, got {columns!r}")
    if not (isinstance(digits, int) and 1 <= digits <= 15):
        raise ValueError(f"digits: expected an integer from 1 to 15, got {digits!r}")
    if len({*columns.keys()}) < len(columns.keys()):
        raise ValueError(f"columns: expected different heads, got {[*columns.keys()]}")
    entries = {head: _entries(head, given) for head, given in columns.items()}
    lengths = {head: len(column) for head, column in entries.items()}
    if len({*lengths.values()}) > 1 or not min(lengths.values()):
        raise ValueError(f"columns: expected one length, 1 or more, got {lengths}")
    formats = formats or {}
    if formats.keys() - entries.keys():
        raise ValueError(f"formats: expected heads of {[*entries]}, got {[*formats]}")
    cells, numeric = {}, set()
    for head, column in entries.items():
        cells[head] = [_text(head, entry, digits, formats.get(head)) for entry in column]
        if not any(isinstance(entry, str | bool) for entry in column):
            numeric.add(head)
    return Table(pandas.DataFrame(entries), cells, frozenset(numeric), caption)


def _entries(head, column):
    """A column as words and Python's own numbers, bools and None."""
    if not isinstance(head, str) or not head.strip():
        raise ValueError(f"columns: expected heads in words, got {head!r}")
    if isinstance(column, str) or not hasattr(column, "__iter__"):
        raise ValueError(f"{head}: expected a column of entries, got {column!r}")
    found = []
    for entry in column:
        plain = entry.item() if getattr(entry, "shape", None) == () else entry
        if not isinstance(plain, str | Real | None):
            raise ValueError(f"{head}: expected words and real numbers, got {entry!r}")
        found.append(plain)
    return found


def _text(head, entry, digits, form):
    if isinstance(entry, str):
        return entry
    if isinstance(entry, bool):
        return "yes" if entry else "no"
    if entry is None or math.isnan(entry):
        return ABSENT
    if math.isinf(entry):
        words = "∞"
    elif form is not None:
        try:
            # The sign of a negative number is written below, and would be written twice.
            words = format(abs(entry), form.replace("+", "") if entry < 0 else form)
        except ValueError as error:
            raise ValueError(f"{head}: expected a format for {entry!r}, got {form!r}") from error
    elif isinstance(entry, int):
        words = f"{abs(entry):,}"
    else:
        words = _significant(abs(float(entry)), digits)
    return f"−{words}" if entry < 0 else words


def _significant(value, digits):
    if value == 0:
        return "0"
    factor, power = f"{value:.{digits - 1}e}".split("e")
    if not -4 <= int(power) < 6:
        return f"{factor} × 10{str(int(power)).translate(RAISED)}"
    return f"{value:,.{max(0, digits - 1 - int(power))}f}"
