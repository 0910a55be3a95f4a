"""What the theme writes that keeps some readers out, mended in the pages once they are written.

Each entry is a fault of the HTML that Sphinx 7, docutils 0.21 and pydata-sphinx-theme 0.17 make;
tests/book/test_site.py audits every page with axe-core, and so says when one is no longer needed
or a new one is.
"""

import re
from pathlib import Path

# Pattern -> what stands there instead.
MENDED = {
    # A name that hides the words on the button: who speaks to the page says the words that show.
    r'(<button class="btn search-button-field[^>]*?) aria-label="Search"': r"\1",
    r'<summary aria-label="Toggle hidden content">': "<summary>",
    # Icons whose titles count as words on the button, but are not in its name.
    r'(<i class="theme-switch[^>]*?)\s+title="[^"]*"': r"\1",
    # The logo and the chapters stand outside every landmark.
    r'<div id="pst-primary-sidebar" class': (
        '<div id="pst-primary-sidebar" role="complementary" aria-label="Book" class'
    ),
    # The corner of a table heads nothing.
    r"<th class=\"head\"><p></p></th>": "<td></td>",
    r"<th></th>": "<td></td>",
    # DPUB-ARIA has withdrawn this role; what stands in a list is its items.
    r'role="doc-biblioentry"': 'role="listitem"',
}


def mend(page):
    """The text of a page without the theme's faults."""
    for pattern, instead in MENDED.items():
        page = re.sub(pattern, instead, page)
    return page


def finish(app, exception):
    if exception or app.builder.format != "html":
        return
    for path in Path(app.outdir).rglob("*.html"):
        if "_static" in path.parts:
            continue
        before = path.read_text(encoding="utf-8")
        after = mend(before)
        if after != before:
            path.write_text(after, encoding="utf-8")


def setup(app):
    # Before offline.py, which then says that the build is whole.
    app.connect("build-finished", finish, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
