"""The claims of the paper: what it says, and the numbers measured here that they rest on.

Each claim has a kind. Only some could have failed in an experiment; theorems and arithmetic could
not, nor could a choice, such as a learning rate, or what a caption lists. They are counted apart.
What its verdict follows from is in `vslib.paper.verdicts`.
"""

import functools
import string
import tomllib
from dataclasses import dataclass
from importlib import resources

from vslib import files

__all__ = [
    "GROUPS",
    "KINDS",
    "VERDICTS",
    "Claim",
    "Number",
    "claims",
    "stored",
]

FOLDER = resources.files("vslib.paper") / "data" / "reproduction"
GROUPS = ("networks", "figure 1", "figure 2", "figure 3", "the method")
KINDS = ("could fail", "mathematics", "choice")
VERDICTS = ("reproduced", "reproduced with a caveat", "explained otherwise", "not reproduced")


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

    Examples
    --------
    >>> stored()["fc1_condition_number"].spread
    '10 seeds: half their range added at each end'
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
    group, kind : str
        One of `GROUPS` and of `KINDS`.
    claim, paper : str
        What is claimed, and the value or the words of the paper.
    here : str
        What we find: a format string of `numbers`.
    verdict : str
        One of `VERDICTS`, as `vslib.paper.judge` gives it.
    why : str
        The reason for it, in a sentence; a format string too.
    section : str
        Chapter and heading where it is shown: "chapter.ipynb#Heading".
    test : str
        The test that holds it: "tests/file.py::name".
    numbers : tuple of str
        The keys of the numbers that it rests on.
    published : str
        What the authors' published notebook prints, and in which cell.
    agrees : dict
        Which `number`, rounded to `digits`, is the paper's `value`, if that is claimed.
    holds, instead : tuple of str
        Comparisons of numbers, "left < right": they are true where what the paper reports is
        seen, and where an experiment gives it another reason or meaning.
    caveat : str
        The condition, or the correction of words, that the paper does not state.

    Examples
    --------
    >>> claim = next(claim for claim in claims() if claim.key == "condition-fc1")
    >>> claim.paper, claim.here
    ('7.22', '{fc1_condition_number:.2f}')
    >>> claim.filled({"fc1_condition_number": 7.3633, "fc1_learned_ratio": 2.6}).here
    '7.36'
    """

    key: str
    group: str
    kind: str
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
    holds: tuple = ()
    instead: tuple = ()
    caveat: str = ""

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

    Raises
    ------
    vslib.files.FileError
        If the file is missing or damaged.

    Examples
    --------
    >>> claims()[0].key, claims()[0].paper
    ('accuracy-fc1', '92 %')
    """
    return files.read(FOLDER / "claims.toml", decode=_claims)


def _claims(content):
    entries = tomllib.loads(content.decode())
    found = [
        Claim(key=key, **{k: tuple(v) if isinstance(v, list) else v for k, v in entry.items()})
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
        If the file is missing or damaged.

    Examples
    --------
    >>> number = stored()["fc1_condition_number"]
    >>> round(number.value, 2), len(number.seeds), round(number.low, 2), round(number.high, 2)
    (7.36, 10, 6.48, 8.08)
    """
    return files.read_json(FOLDER / "numbers.json", build=_numbers)


def _numbers(entries):
    return {
        key: Number(**entry | {"seeds": tuple(entry["seeds"])}) for key, entry in entries.items()
    }
