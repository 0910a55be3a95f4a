"""Pictures that stand still, and pictures with controls that live without Python.

`figures` draws with Matplotlib; `widgets` links sliders to small views that compute in the
browser; `tables` sets numbers in rows and columns. Every chapter uses it.
"""

from vslib.show import figures, tables, widgets

__all__ = [
    "figures",
    "tables",
    "widgets",
]
