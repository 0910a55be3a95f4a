"""A torch network asked for what it computes, and no trace left on it.

Its outputs, in its own precision or in float64; the layers that it runs, in order; the matrix
that a layer applies. Every chapter that runs a network uses it.
"""

from vslib.inference.applied import applied
from vslib.inference.asking import Asked, NetworkInputError, NetworkOutputError, asked
from vslib.inference.borrowing import borrowed
from vslib.inference.chain import NotAChainError, Step, chain
from vslib.inference.listing import PASSIVE, declared
from vslib.inference.pullback import pullback

__all__ = [
    "PASSIVE",
    "Asked",
    "NetworkInputError",
    "NetworkOutputError",
    "NotAChainError",
    "Step",
    "applied",
    "asked",
    "borrowed",
    "chain",
    "declared",
    "pullback",
]
