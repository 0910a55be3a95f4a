// A digit that the reader draws: centred as MNIST's are, split by networks, and answered.

// ---- The numbers of the networks: they come with the control, or in a script that pages share.

// Any 13 bits are two of these 91 signs, all of which may stand in a string; see book/_ext/shared.py.
const SIGNS = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i))
  .filter((sign) => !'"\\`'.includes(sign));

export function fromSigns(text, size) {
  const value = new Uint8Array(128), bytes = new Uint8Array(size);
  SIGNS.forEach((sign, i) => { value[sign.charCodeAt(0)] = i; });
  let held = 0, bits = 0, at = 0;
  for (let i = 0; i < text.length; i += 2) {
    held |= (value[text.charCodeAt(i)] + 91 * value[text.charCodeAt(i + 1)]) << bits;
    for (bits += 13; bits >= 8; bits -= 8, held >>>= 8) bytes[at++] = held & 255;
  }
  return bytes;
}

// A classic script that leaves its signs on the page: it loads from a file, and once for all pages.
async function shared({ key, script, size }) {
  const there = () => globalThis.vslibShared?.[key];
  if (!there()) {
    await new Promise((resolve, reject) => {
      const node = html("script", { src: new URL(script, document.baseURI).href });
      Object.assign(node, { onload: resolve, onerror: reject });
      document.head.append(node);
    });
  }
  return fromSigns(there(), size);
}

// Multiples of the unit. First the lowest bytes of all, then the second, then the third; the lowest
// bit is the sign.
export async function numbers({ bytes, unit }) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const all = new Uint8Array(await new Response(stream).arrayBuffer()), n = all.length / 3;
  return Float64Array.from({ length: n }, (_, i) => {
    const u = all[i] | (all[n + i] << 8) | (all[2 * n + i] << 16);
    return unit * (u & 1 ? -(u + 1) / 2 : u / 2);
  });
}

export async function networksOf({ networks, weights }) {
  const all = await numbers(weights.script ? { ...weights, bytes: await shared(weights) } : weights);
  let at = 0;
  const next = (length) => all.subarray(at, (at += length));
  return networks.map(({ name, shapes, ends_in_selu }) => ({ name, layers: shapes.map(([m, n], i) => ({
    rows: Array.from({ length: m }, () => next(n)),
    bias: next(m),
    selu: ends_in_selu || i < shapes.length - 1,
  })) }));
}

// ---- What the networks compute.

function product(x, y) {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * y[i];
  return sum;
}
function take(x, t, y) {
  for (let i = 0; i < x.length; i++) x[i] -= t * y[i];
}

const [SCALE, ALPHA] = [1.0507009873554805, 1.6732632423543772];
const bent = (v) => SCALE * (v > 0 ? v : ALPHA * Math.expm1(v));

export const outputs = (layers, x) => layers.reduce((h, { rows, bias, selu }) => {
  const z = rows.map((row, i) => product(row, h) + bias[i]);
  return selu ? z.map(bent) : z;
}, x);

// Orthonormal rows with the span of the given ones (modified Gram-Schmidt), in pieces of a few
// milliseconds, so that nothing else on the page has to wait.
export async function basis(rows) {
  const found = [];
  for (const row of rows) {
    const q = Float64Array.from(row);
    for (const p of found) take(q, product(p, q), p);
    const length = Math.sqrt(product(q, q));
    found.push(q.map((v) => v / length));
    if (found.length % 8 === 0) await new Promise((resolve) => setTimeout(resolve));
  }
  return found;
}

// The signal part of x and the rejected one.
export function split(basis, x) {
  const rejected = Float64Array.from(x);
  for (const q of basis) take(rejected, product(q, rejected), q);
  return [Array.from(x, (v, i) => v - rejected[i]), Array.from(rejected)];
}

// ---- A drawing as an image of MNIST.

const [SIDE, BOX] = [28, 20];

// How much of each of `count` source pixels falls into each target pixel, the first from `from` on.
function overlaps(from, count, scale) {
  const length = Math.ceil(count * scale - 1e-9);
  return Array.from({ length }, (_, k) => (i) => {
    const [low, high] = [(i - from) * scale, (i + 1 - from) * scale];
    return Math.max(0, Math.min(k + 1, high) - Math.max(k, low));
  });
}

const ends = (sums) => [sums.findIndex((v) => v > 0), sums.findLastIndex((v) => v > 0) + 1];
const edges = (ink, wide) => {
  const rows = Array(ink.length / wide).fill(0), columns = Array(wide).fill(0);
  ink.forEach((v, i) => { rows[Math.floor(i / wide)] += v; columns[i % wide] += v; });
  return [...ends(rows), ...ends(columns)];
};

// The ink, values in [0, 1] row by row, scaled to fit a box of 20 x 20 pixels, by areas, and moved by
// whole pixels so that its centre of mass comes to lie in pixel (14, 14), counted from 0, as in MNIST:
// Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, Gradient-based learning applied to document
// recognition, 1998, section III.A. Where the box would leave the image it stays at the edge. Null
// if there is no ink.
export function centred(ink, wide) {
  const [top, bottom, left, right] = edges(ink, wide);
  if (top < 0) return null;
  const scale = BOX / Math.max(bottom - top, right - left);
  const down = overlaps(top, bottom - top, scale), across = overlaps(left, right - left, scale);
  const box = down.map(() => new Float64Array(across.length));
  const shares = (parts, i) => parts.map((part, k) => [k, part(i)]).filter(([, share]) => share);
  const columns = Array.from({ length: right - left }, (_, j) => shares(across, left + j));
  for (let i = top; i < bottom; i++) {
    const rows = shares(down, i);
    for (let j = left; j < right; j++) {
      const v = ink[i * wide + j];
      if (v) for (const [k, a] of rows) for (const [l, b] of columns[j - left]) box[k][l] += a * b * v;
    }
  }
  const total = box.flatMap((row) => [...row]).reduce((sum, v) => sum + v, 0);
  const mean = (value) => box.reduce((sum, row, k) =>
    sum + row.reduce((part, v, l) => part + v * (value(k, l) + 0.5), 0), 0) / total;
  const start = (centre, length) =>
    Math.max(0, Math.min(SIDE - length, SIDE / 2 - Math.floor(centre + 1e-9)));
  const y = start(mean((k) => k), box.length), x = start(mean((_, l) => l), across.length);
  const image = Array(SIDE * SIDE).fill(0);
  box.forEach((row, k) => row.forEach((v, l) => { image[(y + k) * SIDE + x + l] = Math.min(1, v); }));
  return image;
}

// Moved by whole pixels, as far as no ink leaves the image: the new image, and how far.
export function moved(image, [x, y]) {
  const [top, bottom, left, right] = edges(image, SIDE);
  const within = (d, low, high) => Math.max(-low, Math.min(SIDE - high, d));
  const [dx, dy] = [within(x, left, right), within(y, top, bottom)];
  const at = (i) => [Math.floor(i / SIDE) - dy, (i % SIDE) - dx];
  const inside = ([k, l]) => k >= 0 && k < SIDE && l >= 0 && l < SIDE;
  const value = ([k, l]) => (inside([k, l]) ? image[k * SIDE + l] : 0);
  return [image.map((_, i) => value(at(i))), [dx, dy]];
}

// ---- The field to draw in.

const [FIELD, PEN] = [280, 22];
const ARROWS = {
  ArrowLeft: ["←", "left", -1, 0], ArrowRight: ["→", "right", 1, 0],
  ArrowUp: ["↑", "up", 0, -1], ArrowDown: ["↓", "down", 0, 1],
};

// `changed` is called when a stroke goes on, `act` with what a button asks for.
function pad(stage, changed, act) {
  const canvas = html("canvas", { class: "vslib-pad", width: FIELD, height: FIELD });
  const pen = canvas.getContext("2d", { willReadFrequently: true }), { show } = panel(stage, canvas, true);
  const field = { drawn: false, pressed: false, show };
  const at = ({ clientX, clientY }) => {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    return [((clientX - left) * FIELD) / width, ((clientY - top) * FIELD) / height];
  };
  field.clear = () => {
    Object.assign(pen, { fillStyle: "black", strokeStyle: "white", lineWidth: PEN });
    Object.assign(pen, { lineCap: "round", lineJoin: "round" });
    pen.fillRect(0, 0, FIELD, FIELD);
  };
  field.fill = (image) => image.forEach((v, i) => {
    const size = FIELD / SIDE;
    pen.fillStyle = `rgb(${grey(v)})`;
    pen.fillRect(size * (i % SIDE), size * Math.floor(i / SIDE), size, size);
  });
  field.ink = () => {
    const { data } = pen.getImageData(0, 0, FIELD, FIELD);
    return Float64Array.from({ length: FIELD * FIELD }, (_, i) => data[4 * i] / 255);
  };
  let last, waiting = false;
  const soon = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; changed(); });
  };
  const line = (event) => {
    pen.beginPath();
    pen.moveTo(...last);
    pen.lineTo(...(last = at(event)));
    pen.stroke();
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (!event.isPrimary || event.button !== 0) return;
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    if (!field.drawn) field.clear();
    Object.assign(field, { drawn: true, pressed: true, began: true });
    last = at(event);
    line(event);
    soon();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!field.pressed || !event.isPrimary) return;
    const passed = event.getCoalescedEvents?.() ?? [];
    (passed.length ? passed : [event]).forEach(line);
    soon();
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
    canvas.addEventListener(end, () => {
      if (!field.pressed) return;
      field.pressed = false;
      changed();
    });
  }
  const button = (words, name, ask) => {
    const node = html("button", { type: "button", ...name }, words);
    node.addEventListener("click", () => act(ask));
    return node;
  };
  const arrows = Object.values(ARROWS).map(([sign, way, ...by]) =>
    button(sign, { "aria-label": `move the digit ${way}` }, { by }));
  const moving = html("div", { role: "group", "aria-label": "move the digit, also by arrow keys" }, ...arrows);
  moving.addEventListener("keydown", (event) => {
    if (!ARROWS[event.key]) return;
    event.preventDefault();
    act({ by: ARROWS[event.key].slice(2) });
  });
  canvas.after(html("div", { class: "vslib-buttons" },
    button("Clear", {}, { clear: true }), button("Stored digit", {}, { stored: true }), moving));
  return field;
}

// ---- The view.

// Ends of an axis that seldom change while the values do.
const range = (values) => {
  const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
  return [5 * Math.floor(low / 5), 5 * Math.ceil(high / 5) || 5];
};
const BLANK = Array(SIDE * SIDE).fill(0);
const far = (x, y) => magnitude(x.map((v, i) => v - y[i]));

// One network's row: its parts of the input, and its outputs.
function row(stage, network) {
  const showSignal = image(stage), showRejected = image(stage), showOutputs = chart(stage, "bars");
  const { name, shapes } = network, first = shapes.length > 1 ? `${name}, layer 1` : name;
  const shape = [SIDE, SIDE], none = Array(shapes.at(-1)[0]).fill(NaN);
  return (what, parts, y, scale) => {
    const [signal, rejected] = parts ?? [BLANK, BLANK];
    showSignal(`${first}: signal`, `the signal part of ${what} for ${first}`, signal, shape, scale);
    showRejected(`${first}: rejected`, `what ${first} rejects of ${what}`, rejected, shape, scale);
    const title = y ? `${name} answers ${largest(y)}` : `${name}: no answer yet`;
    const labels = none.map((_, i) => String(i)), mark = y ? largest(y) : null;
    showOutputs(title, `the outputs of ${name} for ${what}`, y ?? none, range(y ?? [-5, 5]), { labels, mark });
  };
}

// What the sentence says: the answers, what is rejected, and what adding t r has moved.
function words(found, name, other, t) {
  const answers = `${name}: ` + found.map(({ network, before, rejects }) => {
    const who = network.layers.length > 1 ? ", its layer 1" : " and";
    return `${network.name} answers ${largest(before)}${who} rejects ${percent(rejects)}`;
  }).join("; ") + " of the energy of x";
  const r = `r, what ${found[0].network.name} rejects of the stored ${other}`;
  if (!t) return `${answers}. Nothing is added yet: t = 0 (${r}).`;
  const moves = found.map(({ network, before, after }) => {
    const [old, now] = [before, after].map(largest);
    return `the outputs of ${network.name} by ${scientific(far(after, before))} at most, ` +
      (old === now ? `and it still answers ${now}` : `and it now answers ${now}`);
  }).join("; ");
  return `${answers}. Adding ${short(t)} times ${r}, moves ${moves}.`;
}

async function render({ model, el }) {
  const spec = model.get("spec"), images = await unpack(spec.images);
  let networks = null, failed = false, gone = false, refresh;
  let source = null, by = [0, 0], chosen = -1, said = "";
  const stop = await live(model, el, [4, 2], (stage, again) => {
    refresh = () => gone || again();
    el.querySelector("[data-live]").setAttribute("aria-live", "off");
    const act = ({ by: [x, y] = [0, 0], clear, stored }) => {
      if (x || y) by = add(by, [x, y]);
      else by = [0, 0];
      if (clear) { field.clear(); Object.assign(field, { drawn: true, began: true }); }
      if (stored) chosen = -1;
      again();
    };
    const field = pad(stage, refresh, act), showX = image(stage), showInput = image(stage);
    const rows = spec.networks.map((network) => row(stage, network));
    return ([digit, other, t]) => {
      if (digit !== chosen) {
        [chosen, by, field.drawn] = [digit, [0, 0], false];
        source = images.frame(digit);
        field.fill(source);
      } else if (field.drawn) {
        if (field.began) [by, field.began] = [[0, 0], false];
        source = centred(field.ink(), FIELD);
      }
      let x = BLANK;
      if (source) [x, by] = moved(source, by);
      const name = field.drawn ? "your digit" : `the stored ${digit}`;
      const place = by.some(Boolean) ? ", moved" : "";
      field.show(field.drawn ? "draw here" : `draw here: a stored ${digit} stands here until you do`,
        source ? `the drawing: ${name}` : "an empty field to draw in");
      showX(`x, ${name}${field.drawn ? ", centred" : ""}${place}`, `${name} as an image of 28 times 28 pixels`, x, [SIDE, SIDE]);
      const what = t ? `x plus ${short(t)} r` : "x";
      const ready = networks && source;
      const r = ready && t ? networks[0].rejected[other] : BLANK;
      const input = add(x, times(t, r));
      const added = `r what ${spec.networks[0].name} rejects of the stored ${other}`;
      showInput("x + t r, in [0, 1]", `${what}, where x is ${name} and ${added}`, input, [SIDE, SIDE]);
      const found = ready ? networks.map((network) => {
        const own = split(network.basis, x), before = outputs(network.layers, x);
        return {
          network,
          before,
          rejects: product(own[1], own[1]) / product(x, x),
          parts: t ? split(network.basis, input) : own,
          after: t ? outputs(network.layers, input) : before,
        };
      }) : [];
      const scale = Math.max(...found.flatMap(({ parts }) => parts.map(magnitude)), 0);
      rows.forEach((show, i) => show(what, found[i]?.parts, found[i]?.after, scale));
      if (field.pressed) return said;
      const capital = name[0].toUpperCase() + name.slice(1);
      if (failed) said = "The weights of the networks did not arrive. Load the page again.";
      else if (!networks) said = "The weights of the networks are on their way.";
      else if (!source) said = "Nothing is drawn. Draw a digit, or take the stored one.";
      else said = words(found, `${capital}${place}`, other, t);
      return said;
    };
  });
  // Not awaited: the page is alive before the numbers are there. A screen reader hears what the
  // reader does, not that they have come.
  networksOf(spec).then(async (read) => {
    for (const network of read) network.basis = await basis(network.layers[0].rows);
    const every = Array.from({ length: images.count }, (_, i) => images.frame(i));
    read[0].rejected = every.map((each) => split(read[0].basis, each)[1]);
    networks = read;
  }).catch(() => { failed = true; }).then(() => {
    refresh();
    setTimeout(() => el.querySelector("[data-live]").setAttribute("aria-live", "polite"), 100);
  });
  return () => { gone = true; stop(); };
}

export default { render };
