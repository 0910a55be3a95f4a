"""Questions that judge themselves in the page, and the bank that they come from.

Every chapter asks them; the instructor's page and its answer key read the same bank.
"""

from vslib.teach import bank
from vslib.teach.ask import ask, predict

__all__ = [
    "ask",
    "bank",
    "predict",
]
