// Shared by all views: views.py puts this file in front of browse.js, mix.js, plane.js, ...

// ---- Keys: those that are pressed in a control are the control's.

// JupyterLab takes x for cutting the cell and an arrow for the next one, unless the very element that
// has the focus says no: the mark on what holds it has no effect. Sliders lie beside the view, in the
// same box.
globalThis.vslibKeys ??= globalThis.document?.addEventListener("focusin", ({ target }) => {
  if (target.closest(".vslib")) target.setAttribute("data-lm-suppress-shortcuts", "true");
}) ?? true;

// ---- Numbers: how they travel, and the little arithmetic that every view needs.

const TYPES = {
  uint8: Uint8Array, int8: Int8Array, float32: Float32Array, float64: Float64Array,
};

// The frames of an array packed by views.py: frame(i) gives the i-th as an array of numbers.
export async function unpack({ type, bytes, shape, axes, unit }) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const all = new TYPES[type](await new Response(stream).arrayBuffer());
  const size = shape.slice(axes).reduce((product, length) => product * length, 1);
  const frame = (i) => Array.from(all.subarray(i * size, (i + 1) * size), (v) => v * unit);
  return { frame, shape: shape.slice(axes), count: all.length / size };
}

// Where the frame lies that one index per control chooses (row-major, as in NumPy).
export const position = (indices, lengths) => indices.reduce((p, i, k) => p * lengths[k] + i, 0);

export const dot = (x, y) => x.reduce((sum, v, i) => sum + v * y[i], 0);
export const times = (t, x) => x.map((v) => t * v);
export const add = (x, y) => x.map((v, i) => v + y[i]);
export const largest = (x) => x.reduce((best, v, i) => (v > x[best] ? i : best), 0);
export const magnitude = (x) => x.reduce((top, v) => Math.max(top, Math.abs(v)), 0);

// The length of a vector, also where the squares of its entries leave the range of numbers.
export function norm(x) {
  const top = magnitude(x), parts = x.map((v) => v / top);
  return top && top * Math.sqrt(dot(parts, parts));
}

// ---- Words: numbers as a reader reads them.

const minus = (words) => words.replace("-", "−");
const raised = (n) => String(n).replace(/[-\d]/g, (c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c]));

// −1.2e-7 as −1.2 × 10⁻⁷.
function power(v, digits) {
  const [factor, exponent] = v.toExponential(digits - 1).split("e");
  return minus(`${factor} × 10${raised(Number(exponent))}`);
}

// Two digits; very large and very small numbers with a power of ten.
export function short(v) {
  const size = Math.abs(v), ordinary = v === 0 || (size >= 1e-4 && size < 1e6);
  return ordinary ? minus(String(Number(v.toPrecision(2)))) : power(v, 2);
}
export const lowered = (n) => String(n).replace(/\d/g, (c) => "₀₁₂₃₄₅₆₇₈₉"[c]);
export const percent = (share) => `${Number((100 * share).toFixed(1))}\u00a0%`;

// 2.1e-16 as 2 × 10⁻¹⁶; ordinary numbers as they are.
export function scientific(v) {
  const size = Math.abs(v);
  return v === 0 || (size >= 0.001 && size < 1000) ? short(v) : power(v, 1);
}

// What the controls say: "layer 2, digit 7".
export const choice = (controls, indices) =>
  controls.map(({ name, options }, i) => `${name} ${options[indices[i]]}`).join(", ");

// ---- Colours: blue below zero, white at zero, orange above; figures.DIVERGING is the same.

export const DIVERGING = [
  [10, 63, 125], [92, 154, 210], [250, 250, 250], [240, 160, 85], [163, 60, 4],
];

// Red, green and blue of v in [-1, 1]; what lies outside takes the colour of the end.
export function diverging(v) {
  const place = 2 * (Math.max(-1, Math.min(1, v)) + 1);
  const i = Math.min(3, Math.floor(place));
  return DIVERGING[i].map((c, k) => Math.round(c + (place - i) * (DIVERGING[i + 1][k] - c)));
}

// The same of v in [0, 1], black to white.
export const grey = (v) => Array(3).fill(Math.round(255 * Math.max(0, Math.min(1, v))));

// ---- The page: panels with a title over and a colour scale under the picture.

const filled = (node, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
};
export const html = (tag, attributes, ...children) =>
  filled(document.createElement(tag), attributes, children);
export const svg = (tag, attributes, ...children) =>
  filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

// Puts the picture on the stage. The function returned says over it, and to screen readers, what
// is seen; the legend under it is for the eyes only.
export function panel(stage, picture, wide = false) {
  const title = html("figcaption", {}), legend = html("div", { "aria-hidden": "true" });
  legend.className = "vslib-legend";
  picture.setAttribute("role", "img");
  const body = html("div", {}, picture, legend);
  stage.append(html("figure", { class: wide ? "vslib-wide" : "" }, title, body));
  const show = (words, label) => {
    title.textContent = words;
    picture.setAttribute("aria-label", label);
  };
  return { show, legend };
}

// A picture of h x w values: grey ones in [0, 1], or signed ones if there is a scale. NaN is clear.
export function image(stage, wide = false) {
  const canvas = html("canvas", {}), { show, legend } = panel(stage, canvas, wide);
  return (title, label, values, [h, w], scale = null) => {
    const signed = scale !== null;
    const colours = "; blue is negative, white zero, orange positive; full colour at ";
    show(title, signed ? label + colours + short(scale) : label);
    Object.assign(canvas, { width: w, height: h });
    const pixels = new ImageData(w, h);
    values.forEach((v, i) => {
      if (Number.isNaN(v)) return;
      pixels.data.set([...(signed ? diverging(v / (scale || 1)) : grey(v)), 255], 4 * i);
    });
    canvas.getContext("2d").putImageData(pixels, 0, 0);
    const stops = DIVERGING.map((c) => `rgb(${c})`).join();
    legend.replaceChildren(...(signed ? [
      html("i", { style: `background: linear-gradient(to right, ${stops})` }),
      ...[-scale, 0, scale].map((v) => html("span", {}, short(v))),
    ] : []));
  };
}

// Three to six round numbers from low to high.
export function ticks(low, high) {
  const rough = (high - low) / 5, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((s) => s * power >= rough * (1 - 1e-9));
  const first = Math.ceil(low / step - 1e-9), last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
}

// Which of n positions, counted from `first`, get their name when those `wide` apart do not touch.
export function named(n, wide, first) {
  const every = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].find((step) => step >= wide);
  const all = Array.from({ length: n }, (_, i) => i);
  return all.filter((i) => (i + first) % every === 0 || (i === 0 && every > 2));
}

// A chart of n values: "bars" from zero or a "line", one position (`mark`) set off from the rest.
// NaN is a gap.
export function chart(stage, kind) {
  const [height, right, top, bottom] = [190, 4, 8, 24];
  const picture = svg("svg", { height }), { show } = panel(stage, picture, true);
  return (title, label, values, [low, high], { labels = null, band = null, mark = null } = {}) => {
    const name = (i) => (labels ? labels[i] : String(i + 1));
    const there = values.map((v, i) => i).filter((i) => !Number.isNaN(values[i]));
    const [least, most] = [Math.min, Math.max].map((end) => short(end(...there.map((i) => values[i]))));
    const seen = there.length ? `${there.length} values from ${least} to ${most}` : "no values";
    const value = there.includes(mark) ? `, ${short(values[mark])}` : ": no value";
    show(title, `${label}; ${seen}${mark === null ? "" : `; marked: ${name(mark)}${value}`}`);
    const marks = ticks(low, high).map((v) => [v, short(v)]);
    const left = Math.max(36, 7 * Math.max(...marks.map(([, words]) => words.length)) + 8);
    const width = picture.clientWidth || 340, step = (width - left - right) / values.length;
    const place = (pixels) => Math.round(100 * pixels) / 100;
    const x = (i) => place(left + step * (i + 0.5));
    const y = (v) => place(top + ((high - v) / (high - low)) * (height - top - bottom));
    const across = (kind, v) =>
      svg("line", { class: `vslib-${kind}`, x1: left, x2: width - right, y1: y(v), y2: y(v) });
    const between = (kind, x, width, a, b) => {
      const [y1, y2] = [y(Math.max(a, b)), y(Math.min(a, b))];
      return svg("rect", { class: `vslib-${kind}`, x, width, y: y1, height: y2 - y1 });
    };
    const text = (x, y, anchor, words) => svg("text", { x, y, "text-anchor": anchor }, words);
    const broad = Math.max(...values.map((_, i) => name(i).length));
    picture.replaceChildren(
      ...(band ? [between("band", left, width - left - right, ...band)] : []),
      ...marks.map(([v]) => across("grid", v)),
      ...marks.map(([v, words]) => text(left - 6, y(v) + 4, "end", words)),
      ...named(values.length, (7 * broad + 6) / step, labels ? 0 : 1)
        .map((i) => text(x(i), height - 6, "middle", name(i))),
    );
    if (kind === "bars") {
      const own = Math.max(0.75 * step, step - 6);
      const look = (i) => (i === mark ? "bar vslib-marked" : "bar");
      picture.append(
        ...there.map((i) => between(look(i), x(i) - own / 2, own, 0, values[i])),
        across("zero", 0),
      );
    } else {
      const alone = (i) => !there.includes(i - 1) && !there.includes(i + 1);
      const d = there.map((i) => {
        const start = there.includes(i - 1) ? "L" : "M";
        return `${start} ${x(i)} ${y(values[i])}${alone(i) ? " h 0" : ""}`;
      });
      picture.append(svg("path", { class: "vslib-line", d: d.join(" ") }));
      if (!there.includes(mark)) return;
      const [cx, cy] = [x(mark), y(values[mark])];
      picture.append(svg("circle", { class: "vslib-marked", cx, cy, r: 6 }));
    }
  };
}

// ---- Controls: ipywidgets sliders, which the view holds and the page shows beside it

// ipywidgets names neither the handles of its sliders nor their readouts for a screen reader.
export function nameControls(box) {
  for (const slider of box.querySelectorAll(".widget-slider")) {
    const [label, handle, readout] = [".widget-label", ".noUi-handle", ".widget-readout"]
      .map((part) => slider.querySelector(part));
    if (!label || !handle || !readout) continue;
    const set = (node, key, words) =>
      node.getAttribute(key) === words || node.setAttribute(key, words);
    set(handle, "aria-label", label.textContent);
    set(handle, "aria-valuetext", readout.textContent);
    if (!readout.isContentEditable) continue;
    set(readout, "aria-label", `${label.textContent}, as a number`);
    set(readout, "role", "textbox");
  }
}

// The models of the sliders that a view holds.
export const held = (model) => Promise.all(model.get("sliders").map(
  (id) => model.widget_manager.get_model(id.replace("IPY_MODEL_", ""))));

// Fills el with a stage of so many columns (on a wide page and on a phone) and a sentence.
// build(stage, again) returns a function from the positions of the controls to the sentence, called
// now, whenever a control moves, and by again().
export async function live(model, el, [columns, few], build) {
  const { controls } = model.get("spec"), sliders = await held(model);
  const stage = html("div", { class: "vslib-panels", style: `--columns: ${columns}; --few: ${few}` });
  const sentence = html("p", { class: "vslib-words", "data-live": "", "aria-live": "polite" });
  el.classList.add("vslib-view");
  el.append(stage, sentence);
  const draw = build(stage, () => update());
  const update = () => {
    const words = draw(controls.map(({ key, first }, i) => sliders[i].get(key) - first));
    // What is written anew is read aloud anew.
    if (sentence.textContent !== words) sentence.textContent = words;
  };
  sliders.forEach((slider, i) => slider.on(`change:${controls[i].key}`, update));
  update();
  const resized = new ResizeObserver(update);
  resized.observe(stage);
  // The sliders come into the box after the view does, and write their values anew when moved.
  let waiting;
  const watch = new MutationObserver(() => nameControls(el.closest(".vslib")));
  const attach = () => {
    const box = el.closest(".vslib");
    if (!box) return (waiting = requestAnimationFrame(attach));
    const what = { childList: true, characterData: true, attributeFilter: ["aria-valuetext"] };
    watch.observe(box, { subtree: true, ...what });
    nameControls(box);
    const longest = Math.max(5, ...controls.flatMap(({ options }) => options.map((o) => o.length)));
    box.style.setProperty("--readout", `${longest + 1}ch`);
  };
  attach();
  return () => {
    cancelAnimationFrame(waiting);
    watch.disconnect();
    resized.disconnect();
    sliders.forEach((slider, i) => slider.off(`change:${controls[i].key}`, update));
  };
}
