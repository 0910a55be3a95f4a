"""A chapter's slides are cells of the chapter: those whose metadata have `slide`.

Its value is the title of a new slide, or "+" for a cell that goes on where the one before stopped.
Here the page gets marks around what such cells become, and a button; scripts/present.js makes the
deck of them, in the page, when it is asked for by ?present.
"""

import json
import re
from html import escape

MORE = "+"
BEGIN = '<div class="slide-begin" data-title="{}" hidden></div>'
END = '<div class="slide-end" hidden></div>'
BUTTON = {
    "type": "link",
    "url": "?present",
    "text": "Present",
    "tooltip": "This chapter as slides",
    "icon": "fas fa-display",
    "label": "present-button",
}


def marked(notebook):
    """The notebook, as JSON has it, with marks around the cells that are slides.

    A heading stays before the mark: it begins a section, and what follows lies inside it. The
    cells lose their titles, for by all its metadata a cell is known to the cache of results.
    """
    cells = []
    for cell in notebook["cells"]:
        metadata = dict(cell["metadata"])
        title = metadata.pop("slide", None)
        begin = BEGIN.format(escape(title or ""))
        cell = cell | {"metadata": metadata}
        if title is None:
            cells.append(cell)
        elif cell["cell_type"] == "markdown":
            heading, body = re.match(
                r"((?:#+ [^\n]*\n+)?)(.*)", "".join(cell["source"]), re.S
            ).groups()
            cells.append(cell | {"source": f"{heading}\n{begin}\n\n{body}\n\n{END}\n"})
        else:
            marks = (
                {"cell_type": "markdown", "metadata": {}, "source": mark, "id": f"{cell['id']}-{n}"}
                for n, mark in enumerate((begin, END))
            )
            cells += [next(marks), cell, next(marks)]
    return notebook | {"cells": cells}


def mark(app, docname, source):
    if app.env.doc2path(docname).endswith(".ipynb"):
        source[0] = json.dumps(marked(json.loads(source[0])))


def add_button(app, pagename, templatename, context, doctree):
    if doctree is not None and "slide-begin" in context["body"]:
        context["header_buttons"].insert(0, BUTTON)


def setup(app):
    app.connect("source-read", mark)
    app.connect("html-page-context", add_button, priority=600)  # after the theme's own buttons
    return {"parallel_read_safe": True, "parallel_write_safe": True}
