"""Print the whole built book as one PDF, by the Chromium of this machine; no LaTeX.

python tools/pdf.py            _build/html -> _build/book.pdf
"""

import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import chromium
import pypdf
from bookmarks import rename, starts
from gather import gather, order
from playwright.sync_api import sync_playwright

__all__ = ["opened", "printed"]

ROOT = Path(__file__).resolve().parents[1]
BASE = "http://book.invalid/"  # what is asked there is read from the site's folder
WIDTH = 643  # of the text on A4 with the margins of print.css, in CSS pixels
PATIENCE = 240_000  # milliseconds

# A view that waits for its numbers says so by a live region that is off.
ALIVE = """() =>
  document.querySelectorAll('.widget-subarea > *').length >= document.querySelectorAll(
    'script[type="application/vnd.jupyter.widget-view+json"]').length
  && [...document.querySelectorAll('.widget-subarea')].every(e => e.innerText.trim())
  && [...document.querySelectorAll('.vslib > :last-child')].every(e => e.childElementCount)
  && !document.querySelector('[data-live][aria-live=off]')"""

# PDF readers smooth small pictures whatever the page says: each pixel becomes a square of many.
ENLARGE = """() => document.querySelectorAll('canvas').forEach(canvas => {
  const by = Math.max(1, Math.floor(560 / canvas.width)), large = canvas.cloneNode();
  Object.assign(large, { width: by * canvas.width, height: by * canvas.height });
  const context = large.getContext('2d');
  context.imageSmoothingEnabled = false;
  context.drawImage(canvas, 0, 0, large.width, large.height);
  canvas.replaceWith(large);
})"""

HEADINGS = """() => [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')]
  .filter(e => e.getClientRects().length).map(e => e.innerText.replace(/\\s+/g, ' ').trim())"""

FILL = """starts => document.querySelectorAll('[data-starts]').forEach(e => {
  e.textContent = starts[e.dataset.starts] ?? '';
})"""


def opened(browser, site, pages):
    """The gathered page, drawn and ready to be printed, and a list of what went wrong there."""
    page, wrong = browser.new_page(viewport={"width": WIDTH, "height": 1000}), []
    page.set_default_timeout(PATIENCE)

    def answer(route):
        url = urlsplit(route.request.url)
        path = site / unquote(url.path).lstrip("/")
        if url.path == "/print.html":
            route.fulfill(body=gather(site, pages), content_type="text/html; charset=utf-8")
        elif route.request.url.startswith(BASE) and path.is_file():
            route.fulfill(path=path)
        elif url.scheme in ("data", "blob"):
            route.continue_()
        else:
            wrong.append(f"asked for {route.request.url}")
            route.abort()

    page.route("**/*", answer)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.emulate_media(media="print", color_scheme="light")
    page.goto(f"{BASE}print.html")
    page.wait_for_function(ALIVE)
    page.evaluate("() => window.MathJax.startup.promise")
    page.evaluate("() => document.querySelectorAll('details').forEach(e => { e.open = true; })")
    page.evaluate("() => document.fonts.ready.then(() => true)")
    page.wait_for_timeout(1000)  # the views draw again where their width has changed
    page.evaluate(ENLARGE)
    return page, wrong


def printed(page, out):
    """Print a gathered page. The PDF is tagged, and has bookmarks, page numbers and contents."""
    known = None
    for _ in range(4):  # the numbers may move what follows the contents; then they settle
        page.pdf(
            path=out, prefer_css_page_size=True, print_background=True, outline=True, tagged=True
        )
        before, known = known, starts(out, "print-")
        if known == before:
            break
        page.evaluate(FILL, known)
    rename(out, page.evaluate(HEADINGS))


def main():
    site, out = ROOT / "_build" / "html", ROOT / "_build" / "book.pdf"
    if not (site / "built_from.txt").exists():
        sys.exit("_build/html holds no clean build of the book: run `make book` first")
    if (path := chromium.find()) is None:
        sys.exit("expected Chromium or Chrome on this machine, found none")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=chromium.FLAGS)
        page, wrong = opened(browser, site, order(site))
        printed(page, out)
    pages = len(pypdf.PdfReader(out).pages)
    print(f"{out}: {pages} pages, {out.stat().st_size / 1e6:.1f} MB")
    return "\n".join(wrong)


if __name__ == "__main__":
    sys.exit(main() or 0)
