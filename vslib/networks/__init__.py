"""The trained networks that ship, how they were trained, and what a network answers.

As torch modules or as plain arrays; training goes on where it was interrupted. Chapter 1 teaches
it.
"""

from vslib.networks import checkpoints
from vslib.networks.architectures import INVERTIBLE, NAMES, SHIPPED, NetworkError, build
from vslib.networks.evaluation import decide, evaluate, image_axes, recognise
from vslib.networks.fingerprints import checksums, fingerprint
from vslib.networks.methods import OneCycle
from vslib.networks.onelayer import descend
from vslib.networks.publishing import publish
from vslib.networks.shipped import assemble, card, load, weights
from vslib.networks.training import RECIPE, RECIPES, TrainingError, accuracy, train

__all__ = [
    "INVERTIBLE",
    "NAMES",
    "RECIPE",
    "RECIPES",
    "SHIPPED",
    "NetworkError",
    "OneCycle",
    "TrainingError",
    "accuracy",
    "assemble",
    "build",
    "card",
    "checkpoints",
    "checksums",
    "decide",
    "descend",
    "evaluate",
    "fingerprint",
    "image_axes",
    "load",
    "publish",
    "recognise",
    "train",
    "weights",
]
