"""A report as HTML: words, then a table that sorts, with pictures; nothing of another host."""

import html
import math
import uuid

from vslib.report.meanings import COLUMNS
from vslib.report.pictures import bars, spectrum

__all__ = ["document", "fragment", "number"]

RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
ABSENT = "–"
PLAIN = {"groups": 1, "source": "weight"}  # not worth a column where all rows have it

STYLE = """
.vslib-report table { border-collapse: collapse; font-size: 0.85rem; }
.vslib-report caption { text-align: left; padding: 0.3em 0; }
.vslib-report th, .vslib-report td { padding: 0.2em 0.6em; text-align: right; white-space: nowrap;
  border-bottom: 1px solid #8888; }
.vslib-report th[scope=row], .vslib-report td.words { text-align: left; }
.vslib-report th button { font: inherit; font-weight: bold; color: inherit; background: none;
  border: 0; padding: 0.2em; cursor: pointer; text-decoration: underline dotted; min-height: 24px;
  min-width: 24px; }
.vslib-report th[aria-sort=ascending] button::after { content: " \\2191" / ""; }
.vslib-report th[aria-sort=descending] button::after { content: " \\2193" / ""; }
.vslib-report .scrolls { overflow-x: auto; }
.vslib-report dt { font-weight: bold; }
"""

SORT = """
(() => {
  const whole = document.getElementById("ID");
  if (!whole) return;
  const body = whole.querySelector("tbody");
  const heads = [...whole.querySelectorAll("thead th")];
  const value = (row, at) => row.cells[at].dataset.value;
  heads.forEach((head, at) => head.querySelector("button")?.addEventListener("click", () => {
    const up = head.getAttribute("aria-sort") === "descending";
    const rows = [...body.rows], numeric = head.dataset.kind === "number";
    rows.sort((a, b) => {
      const [x, y] = [value(a, at), value(b, at)];
      if (x === "" || y === "") return (x === "") - (y === "");
      const order = numeric ? x - y : x.localeCompare(y, "en", { numeric: true });
      return up ? order : -order;
    });
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    body.append(...rows);
  }));
})();
"""


def number(value):
    """A number to three significant digits, integers whole; a dash where there is none.

    Examples
    --------
    >>> number(1234567), number(0.012345), number(float("nan")), number(3.2e-9)
    ('1,234,567', '0.0123', '–', '3.20 × 10⁻⁹')
    """
    if value is None or math.isnan(value):
        return ABSENT
    if math.isinf(value):
        return "∞"
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}".replace("-", "−")
    factor, power = f"{abs(value):.2e}".split("e")
    sign = "−" if value < 0 else ""
    if not -4 <= int(power) < 6:
        return f"{sign}{factor} × 10{str(int(power)).translate(RAISED)}"
    return f"{sign}{abs(value):,.{max(0, 2 - int(power))}f}"


def fragment(report):
    """The part of a page that a notebook shows.

    Examples
    --------
    >>> from torch import nn
    >>> from vslib.report import report
    >>> "<svg" in fragment(report(nn.Linear(3, 2)))
    True
    """
    table = report.table
    names = [
        name
        for name in table.columns
        if table[name].notna().any() and not (table[name] == PLAIN.get(name)).all()
    ]
    numeric = {name for name in names if table[name].dtype.kind in "iuf"}
    rows = table.to_dict("records")
    pictures = {"spectrum": [_spectrum(report, row) for row in rows]}
    if "rejected_centred" in table:
        pictures["rejected against chance"] = [_bars(row) for row in rows]
    mark = f"report-{uuid.uuid4().hex[:12]}"
    heads = [_head(name, name in numeric) for name in names[:1]]
    heads += [f'<th scope="col">{html.escape(name)}</th>' for name in pictures]
    heads += [_head(name, name in numeric) for name in names[1:]]
    lines = []
    for place, row in enumerate(rows):
        cells = [_cell(row[name], name in numeric, name == "name") for name in names]
        drawn = [f"<td>{each[place]}</td>" for each in pictures.values()]
        lines.append(f"<tr>{''.join([cells[0], *drawn, *cells[1:]])}</tr>")
    words = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in report.words)
    meant = "".join(f"<dt>{html.escape(n)}</dt><dd>{html.escape(COLUMNS[n])}</dd>" for n in names)
    left = "".join(
        f"<dt>{html.escape(name or 'the module itself')}</dt><dd>{html.escape(why)}</dd>"
        for name, why in report.skipped.items()
    )
    return "\n".join(
        [
            f'<div class="vslib-report" id="{mark}"><style>{STYLE}</style>',
            f"<ul>{words}</ul>",
            '<div class="scrolls" tabindex="0" role="group" aria-label="The matrices, one a row">',
            "<table><caption>Press a heading to sort by it. Spectra: singular values from the "
            "largest on, over zero, with what chance shows in grey. Bars: from 0 to 1, centred "
            "inputs broad, inputs as they come narrow, chance as a line.</caption>",
            f"<thead><tr>{''.join(heads)}</tr></thead><tbody>",
            *lines,
            "</tbody></table></div>",
            f"<details><summary>What the columns mean</summary><dl>{meant}</dl></details>",
            f"<details><summary>What was left out</summary><dl>{left}</dl></details>"
            if left
            else "",
            f"<script>{SORT.replace('ID', mark)}</script></div>",
        ]
    )


def document(report):
    """A whole page that asks no other host for anything.

    Examples
    --------
    >>> from torch import nn
    >>> from vslib.report import report
    >>> document(report(nn.Linear(3, 2)))[:15]
    '<!DOCTYPE html>'
    """
    title = html.escape(f"What the layers of {report.kind} keep")
    return "\n".join(
        [
            '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta name="color-scheme" content="light dark"><title>{title}</title>',
            "<style>body { font-family: sans-serif; margin: 1.5rem; line-height: 1.4; }</style>",
            f"</head><body><main><h1>{title}</h1>{fragment(report)}</main></body></html>",
        ]
    )


def _head(name, numeric):
    kind = "number" if numeric else "words"
    button = f'<button type="button">{html.escape(name)}</button>'
    return f'<th scope="col" data-kind="{kind}">{button}</th>'


def _cell(value, numeric, first):
    absent = value is None or (isinstance(value, float) and math.isnan(value))
    text = number(value) if numeric else ABSENT if absent else str(value)
    key = "" if absent else html.escape(str(value))
    tag = 'th scope="row"' if first else "td" if numeric else 'td class="words"'
    return f'<{tag} data-value="{key}">{html.escape(text)}</{tag.split()[0]}>'


def _spectrum(report, row):
    band = (row.get("chance smallest"), row.get("chance s1"))
    return spectrum(row["name"], report.spectra[row["name"]], *band)


def _bars(row):
    return bars(row["name"], *(row[key] for key in ("rejected", "rejected_centred", "chance")))
