"""Questions that judge themselves in the page, and exercises of code that check themselves.

Every chapter asks them; the instructor's page and its answer key read the same bank.
"""

from vslib.teach import bank
from vslib.teach.ask import ask, predict
from vslib.teach.check import check

__all__ = [
    "ask",
    "bank",
    "check",
    "predict",
]
