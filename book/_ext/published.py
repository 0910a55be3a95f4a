"""What only a published book has: buttons that open a chapter in Colab and in Binder, the PDF and
the offline copy, and a link under every page by which a reader reports a mistake.

All follow from the one address in pyproject.toml (tools/address.py); as long as its owner has not
set it, nothing is shown that could not work.
"""

import re
import sys
from html import escape, unescape
from pathlib import Path
from urllib.parse import urlencode

sys.path.append(str(Path(__file__).resolve().parents[2] / "tools"))

import address


def mistake(where, page):
    """The link that opens the form for mistakes with the page's name filled in."""
    query = urlencode({"template": "mistake.yml", "title": f"{page}: ", "where": page})
    return (
        f'<p class="mistake not-printed"><a href="{where.source}/issues/new?{escape(query)}">'
        "Report a mistake here</a></p>"
    )


def buttons(where, stem):
    """The group of buttons that open a chapter where it runs, as the theme wants it."""
    links = [("Colab", where.colab(stem)), ("Binder", where.binder(stem))]
    made = [
        {
            "type": "link",
            "text": name,
            "url": url,
            "tooltip": f"Run this chapter in {name}",
            "icon": "fas fa-play",
            "label": f"launch-{name.lower()}",
        }
        for name, url in links
    ]
    return {
        "type": "group",
        "tooltip": "Run this chapter",
        "icon": "fas fa-rocket",
        "buttons": made,
        "label": "launch-buttons",
    }


def source(where):
    return {
        "type": "link",
        "url": where.source,
        "tooltip": "Source repository",
        "icon": "fab fa-github",
        "label": "source-button",
    }


def publish(app, pagename, templatename, context, doctree):
    where = app.config.public_address
    if doctree is None or not where.is_set:
        return
    words = unescape(re.sub(r"<[^>]+>", "", context["title"]))  # it comes as HTML
    context["body"] += mistake(where, words)
    context["header_buttons"].insert(0, source(where))
    path = Path(app.env.doc2path(pagename))
    if path.suffix == ".ipynb":
        context["header_buttons"].insert(0, buttons(where, path.stem))


def configure(app, config):
    config.public_address = address.read(Path(app.srcdir))


def setup(app):
    app.add_config_value("public_address", None, "html")
    app.connect("config-inited", configure)
    app.connect("html-page-context", publish, priority=600)  # after the theme's own buttons
    return {"parallel_read_safe": True, "parallel_write_safe": True}
