"""What a whole network keeps of an image: its local signal spaces, depth by depth.

At an image a deep network is linear: its Jacobian. Null spaces are nested along depth, and the
image splits into what each depth loses and what is kept. Chapter 8 teaches it.
"""

from vslib.whole import measures
from vslib.whole.altered import altered
from vslib.whole.ledger import Ledger, ledger
from vslib.whole.local import Local, local
from vslib.whole.measured import measure, measured
from vslib.whole.overlap import Overlap, overlap
from vslib.whole.passage import jacobians
from vslib.whole.relus import behind_relus
from vslib.whole.stored import draw, pictures
from vslib.whole.walk import Walk, level_walk

__all__ = [
    "Ledger",
    "Local",
    "Overlap",
    "Walk",
    "altered",
    "behind_relus",
    "draw",
    "jacobians",
    "ledger",
    "level_walk",
    "local",
    "measure",
    "measured",
    "measures",
    "overlap",
    "pictures",
]
