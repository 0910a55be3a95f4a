"""What a {term} means stands beside it on the page: on hover, on focus and on touch.

The first paragraph of the glossary's entry is written into every page that uses the term, hidden,
when the book is built: nothing is fetched, formulas are set with those of the page, and search
finds the definition once, in the glossary. scripts/terms.js only shows and hides.
"""

from docutils import nodes
from sphinx import addnodes


def used(doctree):
    """Anchors in the glossary of the terms that a page links to, in their order, each once."""
    found = {}
    for word in doctree.findall(nodes.inline):
        if "std-term" in word["classes"]:
            where = word.parent.get("refuri", "#" + word.parent.get("refid", ""))
            found[where.rpartition("#")[2]] = None
    return list(found)


def definitions(env):
    """First paragraphs of the glossary's entries, without links, by anchor."""
    found = {}
    terms = [where for (kind, _), where in env.domains["std"].objects.items() if kind == "term"]
    for docname in {docname for docname, _ in terms}:
        for item in env.get_doctree(docname).findall(nodes.definition_list_item):
            first = next(item.findall(nodes.definition))[0].deepcopy()
            for link in list(first.findall(addnodes.pending_xref)):
                link.replace_self(nodes.inline("", link.astext()))
            found |= {name: first for term in item.findall(nodes.term) for name in term["ids"]}
    return found


def add_definitions(app, pagename, templatename, context, doctree):
    if doctree is None or not (anchors := used(doctree)):
        return
    known = definitions(app.env)
    for anchor in anchors:
        tip = nodes.container("", known[anchor].deepcopy(), classes=["term-tip"])
        tip["ids"] = [f"tip-{anchor}"]
        context["body"] += app.builder.render_partial(tip)["fragment"]
        if any(tip.findall(nodes.math)):  # Sphinx loads MathJax into pages that have formulas
            app.env.get_domain("math").data["has_equations"][pagename] = True


def setup(app):
    app.connect("html-page-context", add_definitions, priority=400)  # before that of MathJax
    return {"parallel_read_safe": True, "parallel_write_safe": True}
