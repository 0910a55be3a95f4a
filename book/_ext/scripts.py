"""The pages' own scripts and styles that belong to no control: what lies in the folder scripts.

They are classic scripts that wait for the page (`defer`), no modules, and they fetch nothing: then
they run where the page is opened from a disk, too.
"""

from pathlib import Path

FOLDER = Path(__file__).with_name("scripts")


def configure(app, config):
    config.html_static_path.append(str(FOLDER))


def setup(app):
    app.connect("config-inited", configure)
    for path in sorted(FOLDER.glob("*.js")):
        app.add_js_file(path.name, loading_method="defer")
    for path in sorted(FOLDER.glob("*.css")):
        app.add_css_file(path.name)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
