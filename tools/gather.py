"""All articles of the built site as one page: contents, chapters, and the solutions at the end."""

from pathlib import Path
from urllib.parse import urldefrag, urljoin

from bs4 import BeautifulSoup
from positions import placed

__all__ = ["gather", "order"]

STYLE = Path(__file__).with_name("print.css")
STATE = 'script[type="application/vnd.jupyter.widget-state+json"]'
# Of the scripts only MathJax and the widgets: the theme's look for what is not on this page.
WANTED = ("mathjax", "MathJax", "/widgets/")
# What answers to a mouse; and code that only prepares a picture, which the pages fold.
NOT_PRINTED = (
    ".headerlink, .toggle-button, .prev-next-area, form, details.hide.above-input, .not-printed, "
    ".term-tip"
)
NOTE = (
    "Solutions are at the end, answers to the questions in the answer key. A control is printed in "
    "one position: on the page of its chapter it moves. Code that only prepares a picture is not "
    "printed: the pages have it, folded."
)


def read(path):
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def order(site):
    """The pages in the order of the sidebar, the first one first, as paths below the site."""
    first = "index.html"
    soup = read(site / first)
    if refresh := soup.select_one('meta[http-equiv="Refresh"]'):
        first = refresh["content"].split("url=")[1]
        soup = read(site / first)
    links = [link["href"] for link in soup.select("nav.bd-links a.reference.internal")]
    found = [urldefrag(urljoin(f"/{first}", "" if link == "#" else link)).url[1:] for link in links]
    return list(dict.fromkeys([first, *found]))


def wanted(soup):
    """The scripts of a page that printing needs."""
    scripts = soup.select("script:not([type])")
    return [s for s in scripts if any(word in f"{s.get('src')}{s.string}" for word in WANTED)]


def bare(site, pages):
    """A page without words: of the page that loads most, the scripts and styles for printing."""
    page = max(pages, key=lambda page: len(wanted(read(site / page))))
    whole = read(site / page)
    keep = wanted(whole)
    for node in whole.select("script, link"):
        style = node.name == "link" and node.get("rel") == ["stylesheet"]
        key = "src" if node.name == "script" else "href"
        if not style and not any(node is script for script in keep):
            node.decompose()
        elif node.get(key):
            node[key] = urljoin(f"/{page}", node[key])
    whole.body.clear()
    whole.html["data-theme"] = "light"
    style = whole.new_tag("style")
    style.string = STYLE.read_text(encoding="utf-8")
    whole.head.append(style)
    return whole


def asked(form):
    """A question as text: what it asks, its choices with their letters or a line to write on.

    Nothing of its answer is in it but a link to the key, which is printed too.
    """
    question = form["id"].removeprefix("ask-")
    made = BeautifulSoup('<div class="print-ask"><p><strong></strong></p></div>', "html.parser")
    made.strong.extend(form.legend.contents)
    made.div.extend(form.select("fieldset > p"))
    choices = form.select("label > span")
    if choices:
        made.div.append(made.new_tag("ol", attrs={"type": "A"}))
        for choice in choices:
            choice.name = "li"
            made.ol.append(choice)
    else:
        made.div.append(BeautifulSoup("<p>Your number: ________</p>", "html.parser"))
    link = f'<p class="print-see"><a href="key.html#question-{question}">Its answer</a></p>'
    made.div.append(BeautifulSoup(link, "html.parser"))
    return made


def article_of(soup, pages, number):
    """The article of a page, its ids and links such that those of other pages can stand beside it.

    The id "x" of page 3 becomes "3-x". A link to a page that is not among `pages` is only words.
    """
    article = soup.select_one("article.bd-article")
    for form in article.select("form.ask"):
        form.replace_with(asked(form))
    for node in article.select(NOT_PRINTED):
        node.decompose()
    for node in article.find_all(id=True):
        node["id"] = f"{number}-{node['id']}"
    for node in article.select("a[href], img[src]"):
        key = "href" if node.name == "a" else "src"
        target, anchor = urldefrag(urljoin(f"/{pages[number]}", node[key]))
        if not target.startswith("/"):
            continue  # it leads out of the book
        if key == "src":
            node[key] = target
        elif target[1:] in pages:
            where = pages.index(target[1:])
            node[key] = f"#{where}-{anchor}" if anchor else f"#print-{where}"
        else:
            del node[key]
    return article


def take_solutions(article):
    """Take the solutions out of an article, unfolded; each exercise gets a link to its own."""
    taken = []
    for solution in article.select("div.solution"):
        solution["class"].remove("dropdown")
        title = solution.select_one(".admonition-title")
        title.name = "h3"  # a bookmark
        exercise = article.find(id=title.a["href"][1:])
        link = f'<p class="print-see"><a href="#{solution["id"]}">Its solution</a></p>'
        exercise.append(BeautifulSoup(link, "html.parser"))
        taken.append(solution.extract())
    return taken


def gather(site, pages):
    """The text of one page that has the articles of `pages`, one after the other.

    Its links begin at the top of the site. The places in the contents that wait for the number of
    a page are `span[data-starts]`, which name the id that stands there.
    """
    whole = bare(site, pages)
    main = whole.new_tag("main")
    whole.body.append(main)

    def section(name):
        found = whole.new_tag("section", attrs={"class": "print-chapter", "id": f"print-{name}"})
        main.append(found)
        return found

    titles, solutions = {}, {}
    for number, page in enumerate(pages):
        soup = read(site / page)
        for state in soup.select(STATE):
            state.string = placed(state.string)
            whole.head.append(state.extract())
        article = article_of(soup, pages, number)
        titles[f"print-{number}"] = article.h1.get_text(" ", strip=True)
        solutions[number] = take_solutions(article)
        section(number).append(article)
    appendix = section("solutions")
    titles["print-solutions"] = "Solutions"
    appendix.append(BeautifulSoup("<h1>Solutions</h1>", "html.parser"))
    for number, taken in solutions.items():
        if taken:
            heading = whole.new_tag("h2")
            heading.string = titles[f"print-{number}"]
            appendix.extend([heading, *taken])
    rows = "".join(
        f'<li><a href="#{where}">{title}</a><span data-starts="{where}"></span></li>'
        for where, title in titles.items()
    )
    contents = f'<nav class="print-contents"><h1>Contents</h1><ol>{rows}</ol><p>{NOTE}</p></nav>'
    main.insert(1, BeautifulSoup(contents, "html.parser"))
    whole.title.string = read(site / pages[0]).select_one("article h1").contents[0].strip()
    return str(whole)
