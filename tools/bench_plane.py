"""What the exact map of a plane costs, beside asking the network at every dot of a picture.

Wanted: the polygons of relu3 on a plane in less time than the answers at 600 x 600 dots, which
name no cell and no line. And in a browser, on the page of chapter 6 if it is built: at most 300 ms
of the page's thread from the move of a corner to the new map, median and most of 30 moves.
"""

import time
from pathlib import Path

import chromium
import numpy as np
from playwright.sync_api import sync_playwright

from vslib import layers, mnist, networks
from vslib.preimage import plane_regions

PAGE = Path(__file__).resolve().parents[1] / "_build" / "html" / "book" / "inversion.html"
DOTS = 600
TIMES = 5
MOVES = 30
# The map waits for an answer to the question before it.
OPENED = "() => document.querySelectorAll('[data-gate]').forEach((e) => (e.dataset.gate = 'open'))"
DRAWN = "() => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))"


def best(call):
    """The least processor seconds of a few calls, and what the last gave."""
    seconds = []
    for _ in range(TIMES):
        start = time.process_time()
        given = call()
        seconds.append(time.process_time() - start)
    return min(seconds), given


def redraws():
    """Milliseconds of the page's thread, whatever else runs, for each move of a corner."""
    took = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=chromium.FLAGS)
        page = browser.new_page()
        page.goto(PAGE.as_uri())
        corner = page.locator(".vslib-corner").nth(1)
        corner.wait_for(timeout=60_000, state="attached")
        page.evaluate(OPENED)
        corner.scroll_into_view_if_needed()
        asked = page.context.new_cdp_session(page)
        asked.send("Performance.enable", {"timeDomain": "threadTicks"})

        def spent():
            metrics = asked.send("Performance.getMetrics")["metrics"]
            return next(each["value"] for each in metrics if each["name"] == "TaskDuration")

        box = corner.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        for move in range(1, MOVES + 1):
            before = spent()
            page.mouse.move(x + 12 * min(move, MOVES - move), y)
            page.evaluate(DRAWN)
            took.append(1e3 * (spent() - before))
        browser.close()
    return took


def main():
    images, labels = mnist.load("test")
    corners = images[[np.flatnonzero(labels == digit)[0] for digit in (7, 2, 1)]]
    matrices = layers.matrices(networks.weights("relu3")).values()
    pairs = [(matrix.values, matrix.bias) for matrix in matrices]
    ours, plane = best(lambda: plane_regions(pairs, corners))
    steps = np.linspace(plane.window[0, 0], plane.window[2, 0], DOTS)
    dots = plane.inputs(np.stack(np.meshgrid(steps, steps), -1).reshape(-1, 2))

    def ask():
        x = dots
        for W, b in pairs[:-1]:
            x = np.maximum(x @ W.T + b, 0)
        return (x @ pairs[-1][0].T + pairs[-1][1]).argmax(1)

    theirs, _ = best(ask)
    count = len(plane.regions)
    print(f"the plane of relu3: {count} polygons, {count / ours:.0f} a second of one processor;")
    print(f"  {theirs / ours:.1f} times faster than the answers at {DOTS} x {DOTS} dots")
    if chromium.find() and PAGE.exists():
        took = redraws()
        print(f"  redrawn in {np.median(took):.0f} ms, at most {max(took):.0f} ms (wanted: 300 ms)")


if __name__ == "__main__":
    main()
