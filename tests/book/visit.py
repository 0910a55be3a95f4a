"""Open a built page in a real browser, off the network, and gather what is wrong with it."""

import contextlib
import functools
import http.server
import threading
import time

__all__ = [
    "barriers",
    "contrasts",
    "marks",
    "moving",
    "open_page",
    "press",
    "press_controls",
    "serve",
    "unnamed",
    "unseen_pictures",
]

VIEWS = 'script[type="application/vnd.jupyter.widget-view+json"]'
# What chooses a file opens a window of the system's, and no key changes it.
# What a drill asks is answered by typing: tests/show/test_drill.py does.
PARTS = ".noUi-handle, select, button, input:not([type=file])"
# What a control shows once it is pressed, as heads that sort a table, has tests of its own.
CONTROLS = f".widget-subarea :is({PARTS}):not(.vslib-drill *, .vslib-table *, [hidden])"

# What a control can change: pictures and live words of its output, never the control itself.
SNAPSHOT = """control => {
  const output = control.closest('.cell_output');
  const seen = [...output.querySelectorAll('img, canvas, svg, [data-live], .widget-html')];
  return seen.filter(e => e.getClientRects().length).map(e =>
    e.tagName === 'IMG' ? e.src : e.tagName === 'CANVAS' ? e.toDataURL()
    : e.tagName === 'svg' ? e.outerHTML : e.innerText).join('|');
}"""

# Pictures that say nothing to who cannot see them. A file's name is not a description.
UNSEEN = r"""() => {
  const bad = text => !text || /\.(png|svg|jpe?g)$|[0-9a-f]{16}|_images/.test(text);
  const found = [...document.querySelectorAll('img')].filter(e => bad(e.getAttribute('alt')));
  const drawn = document.querySelectorAll('canvas, .widget-subarea svg, svg[role=img]');
  found.push(...[...drawn].filter(e => !e.closest('[aria-hidden=true], a, button'))
    .filter(e => e.getAttribute('role') !== 'img' || bad(e.getAttribute('aria-label'))));
  return found.map(e => e.outerHTML.slice(0, 200));
}"""

# Contrast ratio (WCAG 2) of words in widgets, captions and tables to what is painted behind them.
# A browser paints nothing behind words on paper; words on a map have a rim of their own.
CONTRAST = r"""paper => {
  // Mixed colours are written as color(srgb 0.5 0.25 0).
  const rgba = text => [...text.match(/[\d.]+/g).map(Number), 1].slice(0, 4)
    .map((v, i) => (i < 3 && text.startsWith('color(') ? 255 * v : v));
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (e, look) => {
    const rim = /^stroke/.test(look.paintOrder) && parseFloat(look.strokeWidth) > 2;
    if (rim) return rgba(look.stroke);
    for (; e && !paper; e = e.parentElement) {
      const colour = rgba(getComputedStyle(e).backgroundColor);
      if (colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const texts = ['label', 'readout'].map(e => `.widget-subarea .widget-${e}`)
    .concat('.widget-subarea select', '[data-live]', 'figcaption', '.caption-text', 'table td')
    .concat('table th', 'caption', '.vslib-legend span', '.vslib svg text')
    .concat('.ask :is(legend, label, button)')
    .concat('.widget-subarea button', '.vslib-drill :is(p, legend, label, strong, .vslib-formula)')
    .concat(paper ? '.bd-article :is(h1, h2, h3, p, li, a, code, span)' : []);
  const written = [...document.querySelectorAll(texts.join(', '))];
  const words = e => (e.innerText ?? e.textContent).trim();
  return written.filter(words).map(e => {
    const look = getComputedStyle(e), colour = e.matches('svg text') ? look.fill : look.color;
    const [a, b] = [light(rgba(colour)), light(behind(e, look))].sort((x, y) => y - x);
    return [words(e).slice(0, 40), (a + 0.05) / (b + 0.05)];
  });
}"""

# Contrast of what shows where a slider is and stands to the page: the line round its track, its
# handle's ground; of other controls the line round them.
MARKS = r"""selector => {
  const light = text => text.match(/[\d.]+/g).slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ratio = colour => {
    const [a, b] = [light(colour), light(getComputedStyle(document.body).backgroundColor)];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  };
  const line = (e, part) => {
    const look = getComputedStyle(e), wide = parseFloat(look[`${part}Width`]);
    return look[`${part}Style`] !== 'none' && wide ? ratio(look[`${part}Color`]) : 1;
  };
  return [...document.querySelectorAll(selector)].filter(e => e.getClientRects().length)
    .flatMap(e => e.matches('.noUi-handle') ? [
      ['track', line(e.closest('.noUi-target'), 'outline')],
      ['handle', ratio(getComputedStyle(e).backgroundColor)],
    ] : [[e.tagName, line(e, 'borderTop')]]);
}"""

# What glides: elements whose transitions or animations take more than a millisecond.
MOVING = r"""() => {
  const long = text => text.split(',').some(t => parseFloat(t) * (/ms/.test(t) ? 1 : 1000) > 1);
  const moves = (e, part) => {
    const look = getComputedStyle(e, part);
    return look.scrollBehavior === 'smooth' || long(look.transitionDuration)
      || (look.animationName !== 'none' && long(look.animationDuration));
  };
  const found = [...document.querySelectorAll('*')]
    .filter(e => [null, '::before', '::after'].some(part => moves(e, part)));
  return found.map(e => e.outerHTML.slice(0, 100));
}"""

NAMED_ROLES = {
    "button", "checkbox", "combobox", "link", "listbox", "menuitem", "radio", "searchbox",
    "slider", "spinbutton", "switch", "tab", "textbox",
}  # fmt: skip


@contextlib.contextmanager
def serve(folder):
    """Serve a folder on this machine; yields its address, which ends in a slash."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    handler = functools.partial(Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()


def open_page(browser, base, name, seconds=120, **options):
    """Open a page, with Playwright's `options`, and with all other hosts refused.

    Returns the page and a report: `refused` and `failed` requests, `errors` of the page and of the
    console, `views` and how many of them are `alive`, and the `seconds` that those took.
    """
    page = browser.new_page(viewport={"width": 1280, "height": 900}, **options)
    page.set_default_timeout(120_000)  # milliseconds: a busy machine is no fault of the page
    report = {"refused": [], "failed": [], "errors": []}

    def route(route):
        if route.request.url.startswith((base, "blob:", "data:")):
            route.continue_()
        else:
            report["refused"].append(route.request.url)
            route.abort()

    page.route("**/*", route)
    page.on("pageerror", lambda error: report["errors"].append(str(error)))
    page.on("console", lambda line: line.type == "error" and report["errors"].append(line.text))
    page.on(
        "response",
        lambda answer: answer.status >= 400 and report["failed"].append(answer.url),
    )
    start = time.monotonic()
    page.goto(base + name)
    report["views"] = page.locator(VIEWS).count()
    alive = page.locator(".widget-subarea > *")
    while alive.count() < report["views"] and time.monotonic() - start < seconds:
        page.wait_for_timeout(50)
    report["alive"], report["seconds"] = alive.count(), time.monotonic() - start
    page.evaluate("() => window.MathJax?.startup?.promise")
    # What waits for an answer is shown, as to a reader who would rather look.
    page.evaluate("() => document.querySelectorAll('.ask-skip').forEach((e) => e.click())")
    page.wait_for_timeout(500)
    return page, report


def press_controls(page):
    """Press every control by keyboard; returns [(what it is, whether anything else changed)]."""
    pressed = []
    # What chooses a file opens a window of the browser's own, and changes nothing before it closes.
    for control in page.locator(f"{CONTROLS}:not([type=file])").all():
        if not control.is_visible():
            continue
        what = control.evaluate("e => e.getAttribute('aria-label') || e.outerHTML.slice(0, 120)")
        pressed.append((what, any(press(page, control, key) for key in keys(control))))
    return pressed


def keys(control):
    """The keys to try, first the one that moves it: back where it is at its end."""
    if control.evaluate("e => e.matches('select, [type=number]')"):
        return "ArrowDown", "ArrowUp"
    if control.evaluate("e => e.matches('button, [type=checkbox]')"):
        return ("Space",)
    at_end = control.evaluate(
        "e => e.hasAttribute('aria-valuemax')"
        " ? e.ariaValueNow === e.ariaValueMax : e.value === e.max"
    )
    return ("ArrowLeft", "ArrowRight") if at_end else ("ArrowRight", "ArrowLeft")


def press(page, control, key, seconds=10):
    """Whether a key on a control that Tab can reach changes anything besides the control."""
    before, address = control.evaluate(SNAPSHOT), page.url.split("#")[0]
    control.focus()
    if not control.evaluate("e => e === document.activeElement && e.tabIndex >= 0"):
        return False
    page.keyboard.press(key)
    until = time.monotonic() + seconds
    while time.monotonic() < until and page.url.split("#")[0] == address:
        if control.evaluate(SNAPSHOT) != before:
            return True
        page.wait_for_timeout(50)
    return False


def unseen_pictures(page):
    """Pictures without a description in words."""
    return page.evaluate(UNSEEN)


def unnamed(page):
    """Controls and links that a screen reader has no name for, as the browser computes it."""
    session = page.context.new_cdp_session(page)
    session.send("DOM.enable")
    found = []
    for node in session.send("Accessibility.getFullAXTree")["nodes"]:
        role = node.get("role", {}).get("value")
        if node["ignored"] or role not in NAMED_ROLES:
            continue
        if not node.get("name", {}).get("value", "").strip():
            where = session.send("DOM.describeNode", {"backendNodeId": node["backendDOMNodeId"]})
            found.append(f"{role}: {where['node']['nodeName']} {where['node'].get('attributes')}")
    return found


def contrasts(page, paper=False):
    """[(text, contrast ratio)] of the words in widgets, captions and tables; on paper, of all."""
    return page.evaluate(CONTRAST, paper)


def marks(page):
    """[(what, contrast ratio)] of the marks of the controls to the page, in forced colours."""
    page.emulate_media(forced_colors="active")
    found = page.evaluate(MARKS, CONTROLS)
    page.emulate_media(forced_colors="none")
    return found


def moving(page):
    """What still glides though the reader has asked for no motion."""
    page.emulate_media(reduced_motion="reduce")
    found = page.evaluate(MOVING)
    page.emulate_media(reduced_motion="no-preference")
    return found


def barriers(page, script, width, scheme):
    """What axe-core finds wrong with a page, of any impact: a line for each element.

    `script` is the path of axe.min.js; the page is left at that width and in that scheme.
    """
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    # Asked for by the clock: a page that draws no frame just then is not waited for in vain.
    page.wait_for_function(
        "s => document.documentElement.dataset.theme === s", arg=scheme, polling=100
    )
    page.wait_for_timeout(300)
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(script.read_text(encoding="utf-8"))
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{fault['id']} ({fault['impact']}): {node['html'][:150]} {node['failureSummary'][:200]}"
        for fault in found["violations"]
        for node in fault["nodes"]
    ]
