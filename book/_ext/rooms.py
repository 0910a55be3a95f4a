"""The library's page, made of the rooms of vslib: what each face says, then what it shows."""

import importlib
import inspect

# In the order of the page: the ground, then the rooms in the order of the chapters.
GROUND = ("mnist", "arrays", "files")
ROOMS = ("inference", "spaces", "layers", "convolution", "inversion", "preimage", "networks")
ROOMS += ("synthesis", "whole", "bijections", "invertible", "report", "show", "teach", "paper")
MARK = "<!-- rooms -->"


def entry(module, name):
    """The lines of reStructuredText that show one public name, and a module's members with it."""
    value = getattr(module, name)
    full = f"{module.__name__}.{name}"
    if inspect.ismodule(value):
        return [f".. automodule:: {full}", "   :members:", ""]
    if inspect.isclass(value):
        return [f".. autoclass:: {full}", "   :members:", ""]
    if callable(value):
        return [f".. autofunction:: {full}", ""]
    return []


def room(name):
    """Markdown of one room: a heading, the words of its face, and what it shows."""
    module = importlib.import_module(f"vslib.{name}")
    lines = [f".. automodule:: vslib.{name}", ""]
    for shown in module.__all__:
        made = getattr(getattr(module, shown), "__module__", module.__name__)
        # What another room made, and this one hands on, stands there.
        if made.startswith(module.__name__):
            lines += entry(module, shown)
    return "\n".join([f"## `vslib.{name}`", "", "```{eval-rst}", *lines, "```", ""])


def fill(app, docname, source):
    if MARK in source[0]:
        source[0] = source[0].replace(MARK, "\n".join(map(room, (*GROUND, *ROOMS))))


def setup(app):
    app.connect("source-read", fill)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
