"""Pictures that stand still, and pictures with controls that live without Python.

`figures` draws with Matplotlib; `widgets` links sliders to small views that compute in the
browser; `tables` sets numbers in rows and columns. Every chapter uses it. `exercises` makes those
of `widgets.drill`, and `sheet` prints them.
"""

from vslib.show import exercises, figures, sheet, tables, widgets

__all__ = [
    "exercises",
    "figures",
    "sheet",
    "tables",
    "widgets",
]
