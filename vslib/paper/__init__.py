"""The paper again, end to end: each of its claims, what we measure, and how the two compare.

The numbers come with their spread over seeds, and one command computes all of them anew. The
last chapter reads the result.
"""

from vslib.paper.authors import Printed, authors
from vslib.paper.claims import GROUPS, KINDS, VERDICTS, Claim, Number, claims, stored
from vslib.paper.copies import identical_images, separate_copies
from vslib.paper.exact import exactness
from vslib.paper.figure2 import LAYER, figure_2, kernels, looks
from vslib.paper.figure3 import START, figure_3
from vslib.paper.inverses import inverses
from vslib.paper.measures import figure_1, five_layers, regions, two_valuedness
from vslib.paper.pages import cards, slug, table
from vslib.paper.reproduce import reproduce
from vslib.paper.residuals import centred_averages, lost, readable, translation
from vslib.paper.spread import store
from vslib.paper.trained import Trained, from_scratch, measure, shipped
from vslib.paper.verdicts import counts, judge, outside

__all__ = [
    "GROUPS",
    "KINDS",
    "LAYER",
    "START",
    "VERDICTS",
    "Claim",
    "Number",
    "Printed",
    "Trained",
    "authors",
    "cards",
    "centred_averages",
    "claims",
    "counts",
    "exactness",
    "figure_1",
    "figure_2",
    "figure_3",
    "five_layers",
    "from_scratch",
    "identical_images",
    "inverses",
    "judge",
    "kernels",
    "looks",
    "lost",
    "measure",
    "outside",
    "readable",
    "regions",
    "reproduce",
    "separate_copies",
    "shipped",
    "slug",
    "store",
    "stored",
    "table",
    "translation",
    "two_valuedness",
]
