"""The claims of the paper: what it says, what we measured, and how the two compare."""

import functools
import json
import re
import string
import tomllib
from dataclasses import dataclass
from pathlib import Path

from vslib import files

__all__ = [
    "GROUPS",
    "VERDICTS",
    "Claim",
    "Number",
    "claims",
    "outside",
    "slug",
    "stored",
    "table",
]

FOLDER = Path(__file__).parent / "data" / "reproduction"
GROUPS = ("networks", "figure 1", "figure 2", "figure 3", "the method")
VERDICTS = ("reproduced", "reproduced with a caveat", "explained otherwise", "not reproduced")
COLUMNS = ("claim", "paper", "published notebook", "here", "spread", "verdict", "read", "test")


@dataclass(frozen=True)
class Number:
    """A number measured here, and where it may lie.

    Attributes
    ----------
    value : float
        Of the networks that ship.
    seeds : tuple of float
        One for each seed; empty where there is no spread over seeds.
    low, high : float
        The stated spread.
    spread : str
        Where it comes from, in words.
    """

    value: float
    seeds: tuple
    low: float
    high: float
    spread: str


@dataclass(frozen=True)
class Claim:
    """One number or sentence of the paper.

    Attributes
    ----------
    key : str
    group : str
        One of `GROUPS`.
    claim, paper : str
        What is claimed, and the value or the words of the paper.
    here : str
        What we find: a format string of `numbers`.
    verdict : str
        One of `VERDICTS`.
    why : str
        The reason for it, in a sentence; a format string too.
    section : str
        Chapter and heading where it is shown: "chapter.ipynb#Heading".
    test : str
        The test that holds it: "tests/file.py::name".
    numbers : tuple of str
        The keys of the numbers that it rests on.
    published : str
        The value in the authors' published notebook, where it has one.
    agrees : dict
        Which of the numbers, rounded to `digits`, is the paper's `value`, if that is claimed.
    """

    key: str
    group: str
    claim: str
    paper: str
    here: str
    verdict: str
    why: str
    section: str
    test: str
    numbers: tuple
    published: str = ""
    agrees: dict | None = None

    def filled(self, numbers):
        """A copy with the numbers, a dict of str to float, in place of their names."""
        words = {name: getattr(self, name).format(**numbers) for name in ("here", "why")}
        return Claim(**vars(self) | words)

    def spread(self, known):
        """Where the numbers in `here` lie for other seeds, in words, or why no range is given.

        Parameters
        ----------
        known : dict of str to Number
        """
        fields = [field[1:3] for field in string.Formatter().parse(self.here) if field[1]]
        fields = fields or [(name, ".0e") for name in self.numbers if not known[name].seeds]
        parts = {}
        for name, form in fields:
            number = known[name]
            words, _, _ = number.spread.partition(":")
            ranges = parts.setdefault(words, [])
            if number.seeds:
                ends = [f"{end:{form}}" for end in (min(number.seeds), max(number.seeds))]
                ranges.append(" to ".join(dict.fromkeys(ends)))
        return "; ".join(f"{', '.join(r)} ({w})" if r else w for w, r in parts.items())


@functools.cache
def claims():
    """The claims, in the order of `GROUPS` and then of the paper.

    Returns
    -------
    tuple of Claim
    """
    entries = tomllib.loads((FOLDER / "claims.toml").read_text(encoding="utf-8"))
    found = [
        Claim(key=key, **entry | {"numbers": tuple(entry["numbers"])})
        for key, entry in entries.items()
    ]
    return tuple(sorted(found, key=lambda claim: GROUPS.index(claim.group)))


@functools.cache
def stored():
    """What ``python -m vslib reproduce --seeds`` measured and stored.

    Returns
    -------
    dict of str to Number

    Raises
    ------
    vslib.files.FileError
        If the file is missing.
    """
    path = FOLDER / "numbers.json"
    if not path.is_file():
        raise files.FileError(f"{path} is missing; {files.MEND.format(path=path)}")
    entries = json.loads(path.read_text())
    return {
        key: Number(**entry | {"seeds": tuple(entry["seeds"])}) for key, entry in entries.items()
    }


def outside(numbers, known=None):
    """Which measured numbers leave their stated spread, with the claims that rest on them.

    Parameters
    ----------
    numbers : dict of str to float
    known : dict of str to Number, optional
        `stored()` by default.

    Returns
    -------
    list of str
        A line for each, that says what was expected and what came; empty where all is well.
    """
    known = stored() if known is None else known
    lines = []
    for key, value in numbers.items():
        number = known[key]
        if not number.low <= value <= number.high:
            resting = ", ".join(claim.key for claim in claims() if key in claim.numbers)
            lines.append(
                f"{key}: expected {number.low:.6g} to {number.high:.6g} ({number.spread}), "
                f"got {value:.6g}; claims that rest on it: {resting}"
            )
    return lines


def slug(heading):
    """The anchor that the book's pages give to a heading, as on GitHub."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def table(numbers=None, groups=GROUPS, columns=COLUMNS, known=None):
    """The claims that can be judged by given numbers, as a Markdown table.

    Parameters
    ----------
    numbers : dict of str to float, optional
        Those stored by default.
    groups : sequence of str
        Which claims.
    columns : sequence of str
        Any of "claim", "paper", "published notebook", "here", "spread", "verdict", "why",
        "read", "test". Without the third, the second holds what the third would.
    known : dict of str to Number, optional
        Of the spread; `stored()` by default.

    Returns
    -------
    str
    """
    known = stored() if known is None else known
    numbers = {key: n.value for key, n in known.items()} if numbers is None else numbers
    rows = [columns, ["---"] * len(columns)]
    for claim in claims():
        if claim.group in groups and set(claim.numbers) <= set(numbers):
            full = claim.filled(numbers)
            chapter, _, heading = claim.section.partition("#")
            apart = full.published and "published notebook" not in columns
            cells = vars(full) | {
                "paper": full.paper + (f" (notebook: {full.published})" if apart else ""),
                "published notebook": full.published,
                "spread": claim.spread(known),
                "read": f"[{heading}]({chapter}#{slug(heading)})",
                "test": f"`{full.test}`",
            }
            rows.append([cells[column] for column in columns])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)
