"""The bank of questions: one file that page, instructor's guide, answer key and tests read.

It ships with vslib, so that a chapter finds it wherever it runs: in a checkout, in Binder, and in
Colab, which has of the book no more than the notebook. `book/questions.toml` is a link to it.
"""

import tomllib
from dataclasses import dataclass
from importlib import resources

from vslib import files
from vslib.teach.maths import rich, spoken

__all__ = ["Option", "Question", "Slip", "load", "read"]


@dataclass(frozen=True)
class Option:
    """One of the answers to choose from.

    Attributes
    ----------
    say : str
        The answer, as words with $formulas$.
    why : str
        What the reader is told who chooses it: of a wrong one, the slip behind it.
    right : bool
    exposes : str or None
        Name of the misconception, in the instructor's guide, that leads here.

    Examples
    --------
    >>> Option("as many as there are rows", "Only if they are independent.").right
    False
    """

    say: str
    why: str
    right: bool = False
    exposes: str | None = None


@dataclass(frozen=True)
class Slip:
    """A wrong number that has a reason.

    Attributes
    ----------
    value : float
    why : str
    exposes : str or None

    Examples
    --------
    >>> Slip(4, "That is the dimension among the outputs.").value
    4
    """

    value: float
    why: str
    exposes: str | None = None


@dataclass(frozen=True)
class Question:
    """A question of the bank; one of `options`, `answer` and `guess` says of what kind it is.

    Attributes
    ----------
    key : str
    chapter : str
        The notebook that asks it, without its ending.
    objectives : tuple of int
        Which of the chapter's objectives it serves, counted from 1.
    ask : str
        The question, as words with $formulas$.
    why : str
        What is said to the right answer of a number, or to any guess.
    options : tuple of Option
    answer : float or None
    tolerance : float
        How far from the answer a number is still right.
    hint : str
        What is said to a wrong number that is no known slip.
    slips : tuple of Slip
    guess : bool
        Any number will do: the reader commits to one before the view shows.
    measured : bool
        What is right depends on a network; a test computes it anew.

    Examples
    --------
    >>> q = load('[a]\\nchapter = "c"\\nobjectives = [1]\\nask = "$2+2$?"\\nanswer = 4\\n'
    ...          'why = "Count."\\nhint = "Count again."')["a"]
    >>> q.kind, q.answer
    ('number', 4)
    """

    key: str
    chapter: str
    objectives: tuple
    ask: str
    why: str = ""
    options: tuple = ()
    answer: float | None = None
    tolerance: float = 0
    hint: str = ""
    slips: tuple = ()
    guess: bool = False
    measured: bool = False

    @property
    def kind(self):
        """One of "one" and "many" of its options, "number" and "guess"."""
        if self.options:
            return "one" if sum(option.right for option in self.options) == 1 else "many"
        return "guess" if self.guess else "number"

    @property
    def exposed(self):
        """Names of the misconceptions that a wrong answer to it shows."""
        return {wrong.exposes for wrong in (*self.options, *self.slips) if wrong.exposes}


def _faults(q):
    """What is wrong with a question, a sentence each."""
    if sum([bool(q.options), q.answer is not None, q.guess]) != 1:
        yield "expected one of options, answer and guess"
    if not q.objectives:
        yield "expected one or more objectives that it serves"
    if q.options and not (len(q.options) >= 2 and any(option.right for option in q.options)):
        yield "expected two options or more, one of them right"
    if q.options and all(option.right for option in q.options):
        yield "expected a wrong option"
    if any(option.right and option.exposes for option in q.options):
        yield "a right option exposes nothing"
    if not all(option.why for option in q.options) or not all(slip.why for slip in q.slips):
        yield "every option and every slip needs a why"
    if not q.options and not q.why:
        yield "expected a why"
    if q.answer is not None:
        if not q.hint:
            yield "expected a hint for wrong numbers"
        values = [q.answer, *(slip.value for slip in q.slips)]
        for i, one in enumerate(values):
            if any(abs(one - two) <= 2 * q.tolerance for two in values[:i]):
                yield f"{one} is within twice the tolerance of another answer"
    elif q.slips or q.hint or q.tolerance:
        yield "slips, hint and tolerance belong to a number"


def load(text):
    """The questions of a bank, by key.

    Parameters
    ----------
    text : str
        TOML: a table for each question, with the fields of `Question`.

    Returns
    -------
    dict of str to Question

    Raises
    ------
    ValueError
        If a question is not whole, or contradicts itself, or has a formula that cannot be drawn.

    Examples
    --------
    >>> load("[a]")
    Traceback (most recent call last):
    ValueError: question 'a': expected chapter, objectives and ask, got nothing
    """
    questions = {}
    for key, table in tomllib.loads(text).items():
        if not {"chapter", "objectives", "ask"} <= table.keys():
            got = ", ".join(table) or "nothing"
            raise ValueError(f"question {key!r}: expected chapter, objectives and ask, got {got}")
        try:
            made = table | {
                "objectives": tuple(table["objectives"]),
                "options": tuple(Option(**option) for option in table.get("options", ())),
                "slips": tuple(Slip(**slip) for slip in table.get("slips", ())),
            }
            q = Question(key=key, **made)
            found = [*_faults(q)]
            for words in (q.ask, q.why, q.hint, *(w for o in q.options for w in (o.say, o.why))):
                rich(words), spoken(words)
            for slip in q.slips:
                rich(slip.why)
        except (TypeError, ValueError) as error:
            raise ValueError(f"question {key!r}: {error}") from None
        if found:
            raise ValueError(f"question {key!r}: {'; '.join(found)}")
        questions[key] = q
    return questions


def read():
    """The questions that ship with vslib, by key.

    Returns
    -------
    dict of str to Question

    Examples
    --------
    >>> read()["blind"].chapter
    'four-subspaces'
    """
    path = resources.files("vslib.teach") / "data" / "questions.toml"
    return load(files.read(path, decode=bytes.decode))
