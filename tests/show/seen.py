"""A view on a page of its own, on a model that is only a record of values."""

import base64
import json

PAGE = """<!doctype html><html lang="en" {html}><head><title>view</title>
<style>{style}</style></head><body {body}>
<div style="width: {width}px"><div class="{around}"><div class="widget-subarea">
<div class="jupyter-widgets vslib">{sliders}<div id="view"></div></div>
</div></div></div></body></html>"""
PLAIN = {"html": "", "body": "", "style": "", "around": ""}
SLIDER = """<div class="jupyter-widgets widget-slider"><label class="widget-label">{0}</label>
<div class="noUi-handle" tabindex="0" role="slider" aria-valuetext="0.00"></div>
<div class="widget-readout" contenteditable="true">word {0}</div></div>"""
DRAW = """async ({source, style, spec, sliders, entries}) => {
  const revive = (node) => {
    if (node?.base64 !== undefined)
      return new DataView(Uint8Array.from(atob(node.base64), (c) => c.charCodeAt(0)).buffer);
    if (node === null || typeof node !== "object") return node;
    for (const key of Object.keys(node)) node[key] = revive(node[key]);
    return node;
  };
  document.head.append(Object.assign(document.createElement("style"), { textContent: style }));
  const module = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  // A slider is a model of its own, which the view finds by its id as it stands in the state.
  const recorded = (state, moved = {}) => ({
    get: (name) => state[name],
    on: (name, call) => (moved[name] = call),
    off: (name) => delete moved[name],
    move: (name, value) => {
      state[name] = value;
      moved[`change:${name}`]?.();
    },
  });
  const held = sliders.map(([key, start]) => recorded({ [key]: start }));
  const ids = held.map((_, i) => `IPY_MODEL_${i}`);
  const model = recorded({ spec: revive(spec), sliders: ids, entries });
  for (const each of [model, ...held])
    Object.assign(each, { set: each.move, save_changes: () => {} });
  model.widget_manager = { get_model: async (id) => held[id] };
  window.move = (i, value) => held[i].move(sliders[i][0], value);
  window.stop = await module.default.render({ model, el: document.getElementById("view") });
}"""
SEEN = """() => ({
  pixels: [...document.querySelectorAll("canvas")].map((canvas) => [
    canvas.height, canvas.width,
    [...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data],
  ]),
  titles: [...document.querySelectorAll("figcaption")].map((node) => node.textContent),
  labels: [...document.querySelectorAll("canvas, svg")].map((node) => node.ariaLabel),
  roles: [...document.querySelectorAll("canvas, svg")].map((node) => node.role),
  charts: [...document.querySelectorAll("svg")].map((node) => node.innerHTML),
  scales: [...document.querySelectorAll(".vslib-legend")].map((node) => node.innerText),
  words: document.querySelector("[data-live][aria-live=polite]").textContent,
})"""


class Seen:
    """A view on a page of its own: one without an address, or a file that is opened there."""

    def __init__(self, browser, box, width=720, file=None, anchor="", **host):
        *sliders, view = box.children
        self.page = browser.new_page(viewport={"width": width + 40, "height": 900})
        self.errors = []
        self.page.on("pageerror", lambda error: self.errors.append(error))
        names = "".join(SLIDER.format(slider.description) for slider in sliders)
        page = PAGE.format(width=width, sliders=names, **PLAIN | host)
        if file is None:
            self.page.set_content(page)
        else:
            file.write_text(page)
            self.page.goto(file.as_uri() + anchor)
        spec = json.dumps(
            view.spec, default=lambda content: {"base64": base64.b64encode(content).decode()}
        )
        keys = [control["key"] for control in view.spec.get("controls", ())]
        given = {
            "source": view._esm,
            "style": view._css,
            "spec": json.loads(spec),
            "entries": view.entries,
            "sliders": [
                [key, getattr(slider, key)] for key, slider in zip(keys, sliders, strict=True)
            ],
        }
        self.page.evaluate(DRAW, given)
        # A view that waits for numbers says so by a live region that is off.
        self.page.wait_for_selector("[data-live][aria-live=polite]", state="attached")
        self.page.wait_for_timeout(50)

    def at(self, *positions):
        for number, value in enumerate(positions):
            self.page.evaluate(f"move({number}, {value})")
        assert not self.errors
        return self.page.evaluate(SEEN)
