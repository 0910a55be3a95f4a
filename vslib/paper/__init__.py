"""The paper again, end to end: each of its claims, what we measure, and how the two compare.

The numbers come with their spread over seeds, and one command computes all of them anew. The
last chapter reads the result.
"""

from vslib.paper.claims import GROUPS, VERDICTS, Claim, Number, claims, stored
from vslib.paper.figure3 import START, figure_3, identical_images
from vslib.paper.kernels import LAYER, figure_2, kernels, looks
from vslib.paper.measures import exactness, figure_1, five_layers, two_valuedness
from vslib.paper.reproduce import reproduce
from vslib.paper.spread import store
from vslib.paper.trained import Trained, from_scratch, measure, shipped
from vslib.paper.verdicts import outside, slug, table

__all__ = [
    "GROUPS",
    "LAYER",
    "START",
    "VERDICTS",
    "Claim",
    "Number",
    "Trained",
    "claims",
    "exactness",
    "figure_1",
    "figure_2",
    "figure_3",
    "five_layers",
    "from_scratch",
    "identical_images",
    "kernels",
    "looks",
    "measure",
    "outside",
    "reproduce",
    "shipped",
    "slug",
    "store",
    "stored",
    "table",
    "two_valuedness",
]
