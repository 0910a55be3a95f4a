"""Where the sliders of the printed book stand: where a page begins, unless that shows nothing."""

import json

__all__ = ["placed"]

# By the name of the slider: the value of a number, or "last" for the last of its options.
PRINTED = {"t, rejected added": 1.0, "step": "last", "epoch": "last"}


def placed(saved):
    """The saved widgets of a page, a JSON text, with these sliders moved."""
    widgets = json.loads(saved)
    for model in widgets["state"].values():
        state = model["state"]
        where = PRINTED.get(state.get("description"))
        if where == "last" and "index" in state:
            state["index"] = len(state["_options_labels"]) - 1
        elif where == "last":
            state["value"] = state["max"]
        elif where is not None:
            state["value"] = where
    return json.dumps(widgets).replace("</", "<\\/")  # it stands in a script
