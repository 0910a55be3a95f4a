"""Questions that judge the answer at once, and results that wait until the reader has committed.

What a cell shows is plain HTML with native controls; the judging is done in the browser by
js/ask.js, with no kernel. The built site takes script and style out of the cells and loads them
once a page (book/_ext/questions.py). In JupyterLab and Colab every question brings its own: Colab
shows each cell in a frame of its own, where nothing can be shared.
"""

import json
from html import escape
from importlib import resources

from IPython.display import display

from vslib import files
from vslib.teach import bank
from vslib.teach.maths import rich, spoken

__all__ = ["Asked", "Predicted", "ask", "form", "predict"]


def _shipped(name):
    path = resources.files("vslib.teach") / "js" / name
    return files.read(path, decode=bytes.decode)


def _attribute(name, value):
    return f' {name}="{escape(value)}"'


def _named(words):
    """An aria-label where there is a formula, which browsers leave out of a control's name."""
    return _attribute("aria-label", spoken(words)) if "$" in words else ""


def _told(q):
    """What the script needs to judge an answer: JSON with the replies as HTML."""
    told = {"key": q.key, "kind": q.kind, "why": rich(q.why)}
    if q.options:
        told["options"] = [{"right": option.right, "why": rich(option.why)} for option in q.options]
    if q.answer is not None:
        slips = [{"value": slip.value, "why": rich(slip.why)} for slip in q.slips]
        told |= {"answer": q.answer, "tolerance": q.tolerance, "hint": rich(q.hint), "slips": slips}
    return json.dumps(told, ensure_ascii=False)


def form(q, hides=None):
    """A question as an HTML form, without script and style.

    Parameters
    ----------
    q : vslib.teach.bank.Question
    hides : {"view", "next"}, optional
        What waits for an answer: what the same cell shows after it, or what the next cell shows.

    Returns
    -------
    str

    Examples
    --------
    >>> from vslib.teach import bank
    >>> made = form(bank.read()["blind"])
    >>> made.count('type="radio"'), 'id="ask-blind"' in made
    (3, True)
    """
    name = f"ask-{q.key}"
    kind = "checkbox" if q.kind == "many" else "radio"
    rows = [
        f'<label><input type="{kind}" name="{name}" value="{i}"{_named(option.say)}>'
        f" <span>{rich(option.say)}</span></label>"
        for i, option in enumerate(q.options)
    ] or ['<label>Your answer: <input type="text" autocomplete="off" size="12"></label>']
    if q.kind == "many":
        rows.insert(0, "<p>Mark all that are right.</p>")
    gate = f' data-gate="shut" data-hides="{hides}"' if hides else ""
    skip = '<button type="button" class="ask-skip">Show without answering</button>'
    return (
        f'<form class="ask" id="{name}" novalidate'
        f"{_attribute('data-question', _told(q))}{gate}>"
        f"<fieldset{_named(q.ask)}><legend>{rich(q.ask)}</legend>{''.join(rows)}</fieldset>"
        f'<div><button type="submit">Check</button>{skip if hides else ""}</div>'
        '<p role="status" data-live></p></form>'
    )


class Asked:
    """What `ask` returns: a question that a notebook shows as a form, and a terminal as text.

    Examples
    --------
    >>> Asked(bank.read()["blind"]).question.chapter
    'four-subspaces'
    """

    def __init__(self, question, hides=None):
        self.question, self.hides = question, hides

    def _repr_html_(self):
        # The marks tell the built site what to take out, and which question to fill in.
        shared = f"<style>{_shipped('ask.css')}</style><script>{_shipped('ask.js')}</script>"
        mark = f"<!-- ask {self.question.key} {self.hides or ''}-->"
        return f"{mark}{form(self.question, self.hides)}{shared}<!-- asked -->"

    def __repr__(self):
        options = (f"( ) {option.say}" for option in self.question.options)
        return "\n".join([self.question.ask, *options])


class Predicted:
    """What `predict` returns with a view: a question and, after it, the view.

    Examples
    --------
    >>> Predicted(Asked(bank.read()["blind"], hides="view"), "the view").view
    'the view'
    """

    def __init__(self, asked, view):
        self.asked, self.view = asked, view

    def _ipython_display_(self):
        display(self.asked)
        display(self.view)


def _question(key):
    questions = bank.read()
    if key not in questions:
        raise ValueError(f"key: expected a question of the bank, got {key!r}")
    return questions[key]


def ask(key):
    """A question of the bank.

    Parameters
    ----------
    key : str

    Returns
    -------
    Asked
        Put the cell's tag ``remove-input`` on a cell that ends with it.

    Raises
    ------
    ValueError
        If the bank has no such question.

    Examples
    --------
    >>> print(repr(ask("blind")).splitlines()[1])
    ( ) $Wx$
    """
    return Asked(_question(key))


def predict(key, view=None):
    """A question, and a result that is not to be seen before it is answered, or skipped.

    Parameters
    ----------
    key : str
    view : object, optional
        Whatever a notebook displays: a control, a figure, a table. Without one, it is what the next
        cell shows that waits, on the site and in JupyterLab; in Colab that cell waits to be run.

    Returns
    -------
    Asked or Predicted

    Raises
    ------
    ValueError
        If the bank has no such question.

    Examples
    --------
    >>> predict("blind").hides, predict("blind", "the answer").view
    ('next', 'the answer')
    """
    if view is None:
        return Asked(_question(key), hides="next")
    return Predicted(Asked(_question(key), hides="view"), view)
