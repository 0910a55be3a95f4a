"""Questions of the bank on the pages: filled in anew at every build, their script once a page.

A cell's output holds the question as it was when the cell last ran, with script and style of its
own (vslib/teach/ask.py). When the page is written the question is made from the bank as it is now,
so that a word changed there needs no notebook to run again.
"""

import re
from pathlib import Path

from offline import digest

ASKED = re.compile(r"<!-- ask (\S+) (view|next|)-->.*?<!-- asked -->", re.S)


def filled(text, questions, form):
    """The text of a page with its questions as the bank has them, and none of their scripts."""
    return ASKED.sub(lambda found: form(questions[found[1]], found[2] or None), text)


def fill(app, pagename, templatename, context, doctree):
    if not ASKED.search(context.get("body", "")):
        return
    from vslib.teach import bank
    from vslib.teach.ask import form

    context["body"] = filled(context["body"], bank.read(), form)
    app.add_js_file("ask.js", loading_method="defer")
    app.add_css_file("ask.css")


def configure(app, config):
    room = Path(app.srcdir) / "vslib" / "teach"
    if room.is_dir():
        config.html_static_path.append(str(room / "js"))
        # All pages are written again, from what is kept of them, when it changes.
        config.bank_of_questions = digest(room)


def setup(app):
    app.add_config_value("bank_of_questions", "", "html")
    app.connect("config-inited", configure)
    app.connect("html-page-context", fill)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
