"""Sheets of exercises to print: the questions on one page, the answers on another."""

from pathlib import Path

from vslib import files
from vslib.show.exercises import LAST, exercise

__all__ = ["key", "questions", "write"]

TASKS = {
    "subspaces": "Find the rank of W, and a basis of each of its four subspaces.",
    "projection": "Find the two parts of x: its projection onto Signal(W), and what W rejects.",
    "pseudoinverse": "Find the pseudoinverse of W.",
}
NAMES = {
    "signal": "Signal(W), the row space",
    "rejected": "RejSignal(W), the null space",
    "signal_out": "SignalOut(W), the column space",
    "rejected_out": "RejSignalOut(W), the left null space",
}
STYLE = """
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 serif; }
section { break-inside: avoid; margin: 1.5rem 0; }
h2 { font-size: 1.1rem; margin: 0; }
p { margin: 0.3rem 0; }
.row { display: flex; flex-wrap: wrap; gap: 0.5rem 2rem; align-items: center; }
.matrix { display: inline-flex; gap: 0.4rem; align-items: center; }
.matrix span { border: solid; border-width: 0 1.5px; border-radius: 0.5rem; padding: 0.2rem; }
.space { height: 9rem; }
"""


def questions(made):
    """The questions of exercises as an HTML document, with room to work under each.

    Parameters
    ----------
    made : sequence of Exercise

    Returns
    -------
    str

    Examples
    --------
    >>> "Find the pseudoinverse of W." in questions([exercise("pseudoinverse", 1, 7)])
    True
    """
    parts = [
        f"<section><h2>{number}. {each.label}</h2><p>{TASKS[each.kind]}</p>"
        f'<div class="row">{_given(each)}</div><div class="space"></div></section>'
        for number, each in enumerate(made, 1)
    ]
    return _document("Exercises", parts)


def key(made):
    """The answers to the same exercises, as another HTML document.

    Parameters
    ----------
    made : sequence of Exercise

    Returns
    -------
    str

    Examples
    --------
    >>> "Rank 1" in key([exercise("subspaces", 1, 7)])
    True
    """
    parts = [
        f'<section><h2>{number}. {each.label}</h2><div class="row">{_given(each)}</div>'
        f"{_answers(each)}</section>"
        for number, each in enumerate(made, 1)
    ]
    note = "<p>Any other basis of the same space is right, too.</p>"
    bases = any(each.kind == "subspaces" for each in made)
    return _document("Answers", [note, *parts] if bases else parts)


def write(path, kinds, level, seed, count):
    """Write the questions to a file, and the answers to one beside it, NAME-key.html.

    Parameters
    ----------
    path : str or Path
        As in sheet.html.
    kinds : sequence of str
        Taken in turn.
    level : int
    seed : int
        Of the first exercise; each takes the next one.
    count : int
        1 or more.

    Returns
    -------
    (Path, Path)
        The two files.

    Raises
    ------
    ValueError
        If there is no such kind, level or seed, or there are fewer than `count` seeds from the
        first one on.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in write(f"{folder}/sheet.html", ["subspaces"], 1, 7, 10)]
    ['sheet.html', 'sheet-key.html']
    """
    if count < 1 or seed + count - 1 > LAST:
        raise ValueError(f"count: expected 1 to {LAST - seed + 1} from seed {seed}, got {count}")
    made = [exercise(kinds[i % len(kinds)], level, seed + i) for i in range(count)]
    path = Path(path)
    answers = path.with_name(f"{path.stem}-key{path.suffix}")
    files.write(path, questions(made).encode())
    files.write(answers, key(made).encode())
    return path, answers


def _document(title, parts):
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body><main><h1>{title}</h1>\n"
        + "\n".join(parts)
        + "\n</main></body></html>\n"
    )


def _given(made):
    x = [[entry] for entry in made.x] if made.x else None
    return _matrix("W", made.W) + (_matrix("x", x) if x else "")


def _matrix(name, rows):
    cells = "".join(
        f"<mtr>{''.join(f'<mtd>{_number(entry)}</mtd>' for entry in row)}</mtr>" for row in rows
    )
    table = f"<span><math><mtable>{cells}</mtable></math></span>"
    return f'<div class="matrix">{name} = {table}</div>'


def _number(value):
    top, bottom = abs(value.numerator), value.denominator
    size = f"<mn>{top}</mn>"
    if bottom > 1:
        size = f"<mfrac>{size}<mn>{bottom}</mn></mfrac>"
    return f'<mrow><mo form="prefix">−</mo>{size}</mrow>' if value < 0 else size


def _listed(vector):
    return f"({', '.join(str(entry).replace('-', '−') for entry in vector)})"


def _answers(made):
    found = made.answers
    if made.kind == "pseudoinverse":
        return f'<div class="row">{_matrix("W⁺", found["pseudoinverse"])}</div>'
    if made.kind == "projection":
        lines = [f"{key} part {_listed(found[key])}" for key in ("signal", "rejected")]
        return f"<p>{'; '.join(lines)}.</p>"
    bases = {name: ", ".join(map(_listed, found[key])) for key, name in NAMES.items()}
    lines = [f"{name}: {basis or 'only zero'}" for name, basis in bases.items()]
    return "".join(f"<p>{line}</p>" for line in [f"Rank {found['rank']}", *lines])
