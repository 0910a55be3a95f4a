"""Pictures that stand still, and pictures with controls that live without Python.

`figures` draws with Matplotlib; `widgets` links sliders to small views that compute in the
browser. Every chapter uses it.
"""

from vslib.show import figures, widgets

__all__ = [
    "figures",
    "widgets",
]
