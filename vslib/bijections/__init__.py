"""Torch modules with an exact inverse, and the classifier made of them.

What `vslib.networks` builds as the bijection and its twin; `vslib.invertible` asks them questions.
Chapter 9 teaches it.
"""

from vslib.bijections.chain import Bijection, Classifier
from vslib.bijections.couplings import KINDS, Coupling, Mix, Squeeze, branch, hadamard

__all__ = ["KINDS", "Bijection", "Classifier", "Coupling", "Mix", "Squeeze", "branch", "hadamard"]
