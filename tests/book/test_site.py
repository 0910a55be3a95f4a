"""The built book, opened page by page in a real browser with no other host to ask."""

import importlib
import inspect
import json
import re
from html.parser import HTMLParser
from importlib import metadata
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest
import rooms
import yaml
from visit import (
    barriers,
    contrasts,
    marks,
    moving,
    open_page,
    press_controls,
    serve,
    unnamed,
    unseen_pictures,
)

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text())
CHAPTERS, *OTHERS = ([c["file"] for c in part["chapters"]] for part in TOC["parts"])
DOCUMENTS = [TOC["root"], *CHAPTERS, *(name for part in OTHERS for name in part)]
GENERATED = ["genindex", "py-modindex", "prf-prf", "search"]
MEGABYTES = 1.5


class Links(HTMLParser):
    """Ids, links and pictures of a page."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.pictures = set(), set(), set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids.add(attributes.get("id"))
        if tag == "a" and attributes.get("href"):
            self.links.add(attributes["href"])
        if tag == "img":
            self.pictures.add(attributes["src"])


@pytest.fixture(scope="module")
def base(site):
    """Under a folder's name, as GitHub Pages has it: what asks for the top of the host is refused.

    tests/delivery/test_offline_copy.py opens the pages from file://.
    """
    with serve(site.parent) as address:
        yield f"{address}{site.name}/"


@pytest.fixture(scope="module")
def visited(browser, base, remark):
    """Opens each page once; the tests share it."""
    pages = {}

    def visited(name):
        if name not in pages:
            pages[name] = open_page(browser, base, f"{name}.html")
            report = pages[name][1]
            if report["views"]:
                count, seconds = report["views"], report["seconds"]
                remark(f"{name}: {count} widgets alive after {seconds:.1f} s (wanted: 5 s)")
        return pages[name]

    return visited


every_page = pytest.mark.parametrize("name", DOCUMENTS + GENERATED)
every_document = pytest.mark.parametrize("name", DOCUMENTS)


def test_the_site_has_these_pages_and_no_others(site):
    built = {path.relative_to(site).with_suffix("").as_posix() for path in site.rglob("*.html")}
    static = {name for name in built if name.startswith("_static/")}
    assert built - static == {"index", *DOCUMENTS, *GENERATED}


@every_page
def test_page_asks_nothing_of_another_host(visited, name):
    _, report = visited(name)
    assert report["refused"] == []


@every_page
def test_page_has_no_error(visited, name):
    _, report = visited(name)
    assert report["failed"] == []
    assert report["errors"] == []


@every_document
def test_widgets_are_alive(visited, name):
    _, report = visited(name)
    assert report["alive"] == report["views"]


@every_document
def test_every_control_changes_what_it_controls(visited, name):
    page, _ = visited(name)
    pressed = press_controls(page)
    notebook = BOOK / f"{Path(name).name}.ipynb"
    said = json.loads(notebook.read_text())["metadata"]["controls"] if notebook.exists() else 0
    assert len(pressed) == said, f"the notebook says {said} controls, the page has {pressed}"
    assert [what for what, changed in pressed if not changed] == []


@every_page
def test_controls_and_links_have_names(visited, name):
    page, _ = visited(name)
    assert unnamed(page) == []


@every_page
def test_pictures_are_described(visited, name):
    page, _ = visited(name)
    assert unseen_pictures(page) == []


@every_document
def test_mathematics_is_typeset(visited, name):
    page, _ = visited(name)
    raw = page.locator(".bd-article .math:not(:has(mjx-container))")
    assert raw.all_inner_texts() == []
    assert page.locator("mjx-merror").all_inner_texts() == []


@pytest.mark.parametrize("name", CHAPTERS)
def test_paper_and_book_stand_side_by_side(visited, name):
    page, _ = visited(name)
    rows = [
        [text.strip() for text in row.locator("th, td").all_inner_texts()]
        for row in page.locator("table:has(th) tr").all()
    ]
    heads = [i for i, row in enumerate(rows) if {"paper", "here"} <= set(row)]
    assert heads and all(rows[heads[0] + 1])


@every_page
@pytest.mark.parametrize("width", [390, 640], ids=["phone", "zoom"])
def test_page_fits(visited, name, width):
    """On a phone, and on a screen of 1280 pixels of which each is drawn twice as large."""
    page, _ = visited(name)
    page.set_viewport_size({"width": width, "height": 844})
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.set_viewport_size({"width": 1280, "height": 900})


@pytest.mark.parametrize("name", [n for n in DOCUMENTS if n not in ("book/api", "book/references")])
def test_page_fits_on_the_smallest_phone(visited, name):
    page, _ = visited(name)
    page.set_viewport_size({"width": 320, "height": 568})
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.set_viewport_size({"width": 1280, "height": 900})


@every_page
def test_nothing_moves_for_who_wants_no_motion(visited, name):
    page, _ = visited(name)
    assert moving(page) == []


@every_document
def test_controls_are_seen_in_forced_colours(visited, name):
    page, _ = visited(name)
    assert [mark for mark in marks(page) if mark[1] < 3] == []


@every_document
@pytest.mark.parametrize(
    "scheme, media", [("light", "screen"), ("dark", "screen"), ("dark", "print")]
)
def test_words_stand_out(visited, name, scheme, media):
    page, _ = visited(name)
    page.emulate_media(color_scheme=scheme)
    page.wait_for_function("s => document.documentElement.dataset.theme === s", arg=scheme)
    page.emulate_media(color_scheme=scheme, media=media)
    page.wait_for_timeout(300)
    found = contrasts(page, paper=media == "print")
    page.emulate_media(media="screen")
    assert [text for text in found if text[1] < 4.5] == []


@every_page
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_page_has_no_barrier(visited, name, width, scheme):
    page, _ = visited(name)
    assert barriers(page, ROOT / "_build" / "axe.min.js", width, scheme) == []


@pytest.mark.parametrize("label", ["subspaces-3-7", "projection-2-7", "pseudoinverse-3-7"])
def test_a_drill_opens_by_its_address_and_has_no_barrier_when_it_is_marked(browser, base, label):
    name = "book/four-subspaces" if label.startswith("subspaces") else "book/projections"
    page, report = open_page(browser, base, f"{name}.html#drill={label}")
    view = page.locator(".vslib-view:has(.vslib-drill)")
    assert view.locator("[data-live]").inner_text() == f"Exercise {label}."
    page.wait_for_timeout(300)
    top = view.bounding_box()["y"]
    assert 0 < top < 400, "the page has scrolled to it"
    for choose in view.locator("select").all():
        choose.select_option("2")
    view.get_by_role("button", name="Check").click()
    for _ in range(3):
        view.get_by_role("button", name="Show a step of the solution").click()
    for width, scheme in ((1280, "dark"), (390, "light")):
        assert barriers(page, ROOT / "_build" / "axe.min.js", width, scheme) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert report["errors"] == []
    page.close()


@every_document
def test_page_is_light(site, remark, name):
    path = site / f"{name}.html"
    pictures = [path.parent / picture for picture in Links(path).pictures]
    weight = sum(file.stat().st_size for file in [path, *pictures]) / 1e6
    remark(f"{name}: {weight:.2f} MB")
    assert weight < MEGABYTES


def test_weights_lie_in_one_script_for_the_three_pages_that_use_them(site, visited):
    (script,) = (site / "_static" / "shared").glob("*.js")
    assert script.stat().st_size < 700_000
    for name in ("index", "four-subspaces", "inversion"):
        page, _ = visited(f"book/{name}")
        ready = "() => !document.querySelector('[data-live][aria-live=off]')"
        page.wait_for_function(ready)
        loaded = page.evaluate("performance.getEntriesByType('resource').map((e) => e.name)")
        assert [url.rsplit("/")[-1] for url in loaded if "/shared/" in url] == [script.name]


def test_links_lead_somewhere(site):
    pages = {path: Links(path) for path in site.rglob("*.html") if "_static" not in path.parts}
    broken = []
    for path, page in pages.items():
        for link in page.links:
            target, anchor = urldefrag(urljoin(path.as_uri(), link))
            if not target.startswith("file:"):
                continue
            file = Path(unquote(urlsplit(target).path))
            known = file not in pages or not anchor or unquote(anchor) in pages[file].ids
            if not (file.is_file() and known):
                broken.append(f"{path.relative_to(site)}: {link}")
    assert broken == []


def test_citations_resolve(site):
    known = set(re.findall(r"^@\w+\{([^,]+),", (BOOK / "references.bib").read_text(), re.M))
    sources = [path for kind in ("*.ipynb", "*.md") for path in BOOK.glob(kind)]
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    cited = {key for keys in re.findall(r"\{cite[^}]*\}`([^`]+)`", text) for key in keys.split(",")}
    assert cited <= known
    listed = Links(site / "book" / "references.html").ids
    assert cited and len([i for i in listed if i and re.fullmatch(r"id\d+", i)]) >= len(cited)


def test_library_page_has_a_heading_for_every_room(site):
    folders = {path.parent.name for path in (ROOT / "vslib").glob("*/__init__.py")}
    assert folders == set(rooms.ROOMS)
    text = (site / "book" / "api.html").read_text(encoding="utf-8")
    found = re.findall(r"<h2>.*?vslib\.(\w+)", text)
    assert found == [*rooms.GROUND, *rooms.ROOMS]


@pytest.mark.parametrize("room", [*rooms.GROUND, *rooms.ROOMS])
def test_library_page_shows_every_public_function_and_class(site, room):
    ids = Links(site / "book" / "api.html").ids
    module = importlib.import_module(f"vslib.{room}")
    shown = {name: getattr(module, name) for name in module.__all__}
    # What a room hands on that another made is shown in that one.
    made = {
        name: ".".join(value.__module__.split(".")[:2])
        for name, value in shown.items()
        if callable(value)
    }
    names = {f"{where}.{name}" for name, where in made.items()}
    for name, value in shown.items():
        if inspect.ismodule(value):
            inner = [each for each in value.__all__ if callable(getattr(value, each))]
            names |= {f"vslib.{room}.{name}.{each}" for each in inner}
    assert sorted(names - ids) == []


def test_colophon_shows_versions_and_run_times(site):
    page = (site / "book" / "colophon.html").read_text(encoding="utf-8")
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    for package in ("numpy", "torch", "ipywidgets", "jupyter-book"):
        assert f"{package} {metadata.version(package)}" in text
    for path in BOOK.glob("*.ipynb"):
        assert re.search(rf"book/{path.stem} .{{0,40}}\d+\.\d+ ", text), path.stem
