"""Weights that several controls carry, moved from their pages into one script for the site.

In a notebook a control brings the weights of its networks with it. In the built site the pages
would each bring the same half megabyte. So it is taken out of the widgets' state once the pages are
written, and goes to _static/shared/KEY.js, KEY being a digest: a classic script, which loads from a
file too, and which browsers keep. js/digit.js adds it to the page when the control is there.
"""

import base64
import hashlib
import json
import os
import re
import string
from pathlib import Path

import numpy as np

STATE = re.compile(
    r'(<script type="application/vnd\.jupyter\.widget-state\+json">)(.*?)(</script>)', re.S
)
FOLDER = "_static/shared"
WEIGHTS = ["spec", "weights", "bytes"]
# The printable ASCII signs that need no escape in a string: 91, of which two hold any 13 bits.
# Base64 would need eight per cent more.
SIGNS = "".join(sorted({*string.printable} - {*string.whitespace, *'"\\`'}))


def signs(content):
    """Bytes as a text of `SIGNS`, two for every 13 bits, the lowest first."""
    bits = np.unpackbits(np.frombuffer(content, np.uint8), bitorder="little")
    bits = np.pad(bits, (0, -len(bits) % 13)).reshape(-1, 13)
    pairs = np.stack(np.divmod(bits @ (1 << np.arange(13)), len(SIGNS))[::-1], axis=1)
    return np.array([*SIGNS])[pairs.ravel()].tobytes().decode("utf-32")


def script(key, content):
    text = f'(globalThis.vslibShared ??= {{}})["{key}"] = "{signs(content)}";\n'
    return text.encode("ascii")


def take(page, top, found):
    """A page without the weights in the state of its widgets; they go into `found` by their key.

    `top` leads from the page to the top of the site, and ends in a slash.
    """

    def taken(match):
        state, some = json.loads(match[2]), False
        for model in state["state"].values():
            # Another control, of a layer, has weights that are an array and stay where they are.
            if "networks" not in model["state"].get("spec", {}):
                continue
            for buffer in [b for b in model.get("buffers", []) if b["path"] == WEIGHTS]:
                content = base64.b64decode(buffer["data"])
                key = hashlib.sha256(content).hexdigest()[:16]
                found[key] = content
                model["buffers"].remove(buffer)
                where = {"key": key, "size": len(content)}
                where["script"] = f"{top}{FOLDER}/{key}.js"
                model["state"]["spec"]["weights"].update(where)
                some = True
        if not some:
            return match[0]
        return match[1] + json.dumps(state).replace("</", "<\\/") + match[3]  # it is in a script

    return STATE.sub(taken, page)


def finish(app, exception):
    if exception or app.builder.format != "html":
        return
    site, found, used = Path(app.outdir), {}, set()
    for path in site.rglob("*.html"):
        if "_static" in path.parts:
            continue
        before = path.read_text(encoding="utf-8")
        after = take(before, f"{os.path.relpath(site, path.parent)}/", found)
        if after != before:
            path.write_text(after, encoding="utf-8")
        used.update(re.findall(rf"{FOLDER}/(\w+)\.js", after))
    (site / FOLDER).mkdir(parents=True, exist_ok=True)
    for key, content in found.items():
        (site / FOLDER / f"{key}.js").write_bytes(script(key, content))
    for old in (site / FOLDER).glob("*.js"):  # of an earlier build
        if old.stem not in used:
            old.unlink()


def setup(app):
    # Before offline.py, which then says that the build is whole.
    app.connect("build-finished", finish, priority=410)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
