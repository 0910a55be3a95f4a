// A 2 x 3 matrix can be drawn whole: its four subspaces in R3 and R2, and what it does to one x.

export const cross = ([a, b, c], [d, e, f]) => [b * f - c * e, c * d - a * f, a * e - b * d];
const longest = (vectors) => vectors[largest(vectors.map(norm))];
const onto = (x, d) => times(dot(x, d) / dot(d, d), d);
const NONE = [0, 0, 0];

// Second singular values below this times the first count as zero.
export const ZERO = 1e-9;

// W is given by its two rows. Directions are not normalised: whole numbers stay whole.
export function split([p, q], x) {
  const across = cross(p, q), row = longest([p, q]);
  const column = longest(p.map((v, i) => [v, q[i]]));
  const seen = norm(column) ? (norm(across) > ZERO * (dot(p, p) + dot(q, q)) ? 2 : 1) : 0;
  const signal = [NONE, seen === 1 ? onto(x, row) : NONE, NONE][seen];
  const rejected = seen === 2 ? onto(x, across) : add(x, times(-1, signal));
  const kept = seen === 2 ? add(x, times(-1, rejected)) : signal;
  const energy = dot(x, x), share = (part) => (energy ? dot(part, part) / energy : 0);
  return {
    rank: seen,
    row,
    column,
    across,
    signal: kept,
    rejected,
    kept: share(kept),
    lost: share(rejected),
    y: [dot(p, x), dot(q, x)],
  };
}

// Two directions at right angles to v and to each other, as long as one.
function around(v) {
  const axis = [0, 1, 2].map((i) => (i === largest(v.map((c) => -Math.abs(c))) ? 1 : 0));
  const a = cross(v, axis), b = cross(v, a);
  return [a, b].map((d) => times(1 / norm(d), d));
}

// Where (x1, x2, x3) lies on paper, seen from the angles turn and tilt in degrees.
export function seen([x1, x2, x3], turn, tilt) {
  const [c, s] = [Math.cos, Math.sin].map((f) => f((turn * Math.PI) / 180));
  const [C, S] = [Math.cos, Math.sin].map((f) => f((tilt * Math.PI) / 180));
  return [c * x2 - s * x1, C * x3 - S * (c * x1 + s * x2)];
}

// (4, −2.5, 0.33), with a power of ten where the entries would not read.
export function vector(x) {
  const top = magnitude(x), away = top && (top < 0.05 || top >= 1e5);
  const exponent = away ? Math.floor(Math.log10(top)) : 0, unit = 10 ** exponent;
  const entries = x.map((v) => String(Number((v / unit).toFixed(2)) + 0).replace("-", "−"));
  return `(${entries.join(", ")})${away ? ` × 10${raised(exponent)}` : ""}`;
}

const lowest = (points) => points.reduce((low, point) => (point[1] < low[1] ? point : low));
const HALF = 160, SQUARE = [[1, 1], [1, -1], [-1, -1], [-1, 1]];

// A square drawing around the origin; what is `reach` away from it meets the edge. Its shapes take
// points of the plane and the colour of a space.
function drawing(stage) {
  const picture = svg("svg", { viewBox: `${-HALF} ${-HALF} ${2 * HALF} ${2 * HALF}` });
  const between = (look, [x1, y1], [x2, y2]) => svg("line", { class: look, x1, y1, x2, y2 });
  const shapes = (reach) => {
    const place = ([x, y]) => [(x * HALF) / reach, (-y * HALF) / reach];
    return {
      area: (space, points) =>
        svg("polygon", { class: `vslib-area vslib-${space}`, points: points.map(place).join(" ") }),
      line: (space, from, to) => between(`vslib-thin vslib-${space}`, place(from), place(to)),
      arrow: (space, to) => {
        const [x, y] = place(to), length = Math.hypot(x, y), head = Math.min(12, length);
        const [u, v] = length ? [x / length, y / length] : [0, 0];
        const [p, q] = [x - head * u, y - head * v];
        const points = [[x, y], [p - 4.5 * v, q + 4.5 * u], [p + 4.5 * v, q - 4.5 * u]].join(" ");
        return svg("g", { class: `vslib-${space}` },
          between("vslib-shaft", [0, 0], [p, q]), svg("polygon", { class: "vslib-head", points }));
      },
      text: (space, at, words) => {
        const [x, y] = place(at), left = { x: x < 0, axis: x < 1 }[space];
        const end = x > HALF / 2 || left;
        const top = Math.max(y - 6, 14 - HALF), anchor = end ? "end" : "start";
        const where = { x: x + (end ? -6 : 6), y: Math.min(top, HALF - 4), "text-anchor": anchor };
        return svg("text", { class: `vslib-name vslib-${space}`, ...where }, words);
      },
    };
  };
  const draw = (...drawn) => picture.replaceChildren(...drawn.flat(3));
  return { ...panel(stage, picture, true), shapes, draw };
}

const SHAPES = ["only zero", "a line", "a plane", "the whole space"];

// The two rectangles: R3 cut in two on the left, R2 on the right, a step high for each dimension.
function rectangles(stage) {
  const STEP = 62, THIN = 22, GAP = 28;
  const picture = svg("svg", { class: "vslib-pair", height: 3 * STEP + GAP + THIN });
  const { show } = panel(stage, picture, true);
  picture.closest("figure").classList.add("vslib-whole");
  const text = (x, y, words, kind = "") =>
    svg("text", { x, y, "text-anchor": "middle", class: kind }, words);
  return ({ rank, signal, rejected, y }) => {
    const width = picture.clientWidth || 600, wide = Math.min(210, 0.39 * width);
    const side = (x, title, parts) => {
      let top = GAP;
      const drawn = parts.map(([space, name, size, last]) => {
        const height = size ? size * STEP : THIN, middle = x + wide / 2, y = top;
        top += height;
        const lines = size ? [name, SHAPES[size], last] : [`${name}: 0`];
        const first = y + height / 2 - 8.5 * (lines.length - 1) + 4;
        return [
          svg("rect", { class: `vslib-space vslib-${space}`, x, y, width: wide, height }),
          lines.map((words, i) => text(middle, first + 17 * i, words, i ? "" : "vslib-bold")),
        ];
      });
      return [text(x + wide / 2, 16, title), drawn];
    };
    const right = width - wide - 1, height = (size) => (size ? size * STEP : THIN);
    const arrow = (space, y1, y2, words) => {
      const [x1, x2] = [wide + 4, right - 4], a = Math.atan2(y2 - y1, x2 - x1);
      const at = (turn) => `${x2 - 10 * Math.cos(a + turn)},${y2 - 10 * Math.sin(a + turn)}`;
      return svg("g", { class: `vslib-${space}` },
        svg("line", { class: "vslib-thin", x1, y1, x2, y2 }),
        svg("polygon", { class: "vslib-head", points: `${x2},${y2} ${at(0.4)} ${at(-0.4)}` }),
        text((x1 + x2) / 2, (y1 + y2) / 2 - 8, words));
    };
    const half = height(rank) / 2, border = GAP + height(rank);
    picture.replaceChildren(...[
      side(1, "inputs, R³", [
        ["signal", "Signal", rank, vector(signal)],
        ["rejected", "RejSignal", 3 - rank, vector(rejected)],
      ]),
      side(right, "outputs, R²", [
        ["signal", "SignalOut", rank, vector(y)],
        ["rejected", "RejSignalOut", 2 - rank, "no answer"],
      ]),
      rank ? arrow("signal", GAP + half, GAP + half, "W") : [],
      arrow("rejected", border + height(3 - rank) / 2, border, "to 0"),
    ].flat(4));
    const dims = [rank, 3 - rank, rank, 2 - rank];
    const names = ["Signal", "RejSignal", "SignalOut", "RejSignalOut"];
    const each = names.map((name, i) => `${name} has dimension ${dims[i]}`).join(", ");
    show(`the four subspaces of W, rank ${rank}`, `two pairs of rectangles: ${each}`);
  };
}

// Fields for W and x above the stage: the numbers that the reader changes.
function fields(model, stage, update) {
  const inputs = [], entries = model.get("entries");
  const field = (name, i) => {
    const input = html("input", { type: "number", step: "any", "aria-label": name });
    input.value = String(entries[i]);
    input.addEventListener("input", () => {
      const now = inputs.map(({ value }) => (value === "" ? NaN : Number(value)));
      const wrong = now.findIndex((v) => !(Math.abs(v) <= 1000));
      inputs.forEach((each, k) => each.setAttribute("aria-invalid", String(k === wrong)));
      if (wrong >= 0) return update(`${names[wrong]}: expected a number from −1000 to 1000.`);
      model.set("entries", now);
      model.save_changes();
    });
    inputs.push(input);
    return input;
  };
  const names = [1, 2].flatMap((r) => [1, 2, 3].map((c) => `W, row ${r}, column ${c}`))
    .concat([1, 2, 3].map((r) => `x, entry ${r}`));
  const made = names.map(field);
  const block = (words, kind, some) => html("div", { class: "vslib-matrix" },
    html("span", { "aria-hidden": "true" }, words), html("div", { class: kind }, ...some));
  stage.before(html("div", { class: "vslib-entries", role: "group", "aria-label": "W and x" },
    block("W =", "vslib-two", made.slice(0, 6)), block("x =", "vslib-three", made.slice(6))));
  return (entries) => inputs.forEach((input, i) => {
    if (Number(input.value) !== entries[i] || input.value === "") input.value = String(entries[i]);
    input.setAttribute("aria-invalid", "false");
  });
}

async function render({ model, el }) {
  const { tilt } = model.get("spec");
  let complaint = "", changed;
  const stop = await live(model, el, [4, 2], (stage, again) => {
    const refill = fields(model, stage, (words) => { complaint = words; again(); });
    const pair = rectangles(stage), inputs = drawing(stage), outputs = drawing(stage);
    changed = () => { complaint = ""; refill(model.get("entries")); again(); };
    model.on("change:entries", changed);
    return ([turn]) => {
      const entries = model.get("entries"), x = entries.slice(6);
      const W = [entries.slice(0, 3), entries.slice(3, 6)];
      const found = split(W, x), { rank, row, column, across, signal, rejected, y } = found;
      pair(found);
      drawInputs(inputs, found, x, (point) => seen(point, turn, tilt), turn);
      drawOutputs(outputs, found);
      const line = [
        "W is zero: it rejects everything",
        `RejSignalOut(W) is the line of ${vector([column[1], -column[0]])}: no answer lies there`,
        "RejSignalOut(W) is only zero: every answer can be given",
      ][rank];
      return complaint || (
        `Rank ${rank}. x = ${vector(x)} = signal ${vector(signal)} + rejected ` +
        `${vector(rejected)}: ${percent(found.kept)} of its energy is signal, ` +
        `${percent(found.lost)} is rejected. y = W x = ${vector(y)}. ${line}.`
      );
    };
  });
  return () => { stop(); model.off("change:entries", changed); };
}

function drawInputs(inputs, { rank, row, across, signal, rejected }, x, see, turn) {
  const size = norm(x) || 1, { area, line, arrow, text } = inputs.shapes(1.45 * size);
  const alone = [NONE, row, across][rank];
  const [whole, single] = rank === 2 ? ["signal", "rejected"] : ["rejected", "signal"];
  const names = { signal: "Signal(W)", rejected: "RejSignal(W)" };
  const spaces = () => {
    const [a, b] = around(alone), along = times((1.3 * size) / norm(alone), alone);
    const ends = [along, times(-1, along)].map(see);
    const corners = SQUARE.map(([p, q]) => see(times(0.85 * size, add(times(p, a), times(q, b)))));
    return [
      area(whole, corners),
      line(single, ...ends),
      text(single, lowest(ends), names[single]),
      text(whole, lowest(corners), names[whole]),
    ];
  };
  const axes = [0, 1, 2].map((i) => see([0, 1, 2].map((j) => (i === j ? 1.15 * size : 0))));
  const scene = rank ? `its signal part and its rejected part, the ${whole} one in a plane and the ` +
    `${single} one on a line at right angles to it` : "all of it rejected";
  inputs.show("x and its parts in R³", `x = ${vector(x)} as an arrow, ${scene}; turned by ${turn}°`);
  inputs.draw(
    axes.map((tip) => line("axis", [0, 0], tip)),
    axes.map((tip, i) => text("axis", tip, `x${lowered(i + 1)}`)),
    rank ? spaces() : text("rejected", [-1.4 * size, -1.3 * size], "RejSignal(W) is all of R³"),
    line("axis", see(signal), see(x)),
    line("axis", see(rejected), see(x)),
    arrow("signal", see(signal)),
    arrow("rejected", see(rejected)),
    arrow("x", see(x)),
    text("x", see(x), "x"),
  );
}

function drawOutputs(outputs, { rank, column, y }) {
  const size = norm(y) || 1, edge = 1.45 * size;
  const { area, line, arrow, text } = outputs.shapes(edge);
  const unit = rank === 1 ? times((1.2 * size) / norm(column), column) : [0, 0];
  const turned = [unit[1], -unit[0]];
  const lines = () => [["signal", unit, "SignalOut(W)"], ["rejected", turned, "RejSignalOut(W)"]]
    .map(([space, d, name]) => [line(space, times(-1, d), d), text(space, d, name)]);
  const words = ["only zero is an answer", "answers lie on a line", "every answer can be given"][rank];
  outputs.show(`y = W x in R²: ${words}`, `y = ${vector(y)} as an arrow; ${words}`);
  outputs.draw(
    rank === 2 ? area("signal", SQUARE.map((corner) => times(edge, corner))) : [],
    rank === 2 ? text("signal", [-0.95 * edge, -0.93 * edge], "SignalOut(W) is all of R²") : [],
    [[edge, 0], [0, edge]].map((tip) => line("axis", times(-1, tip), tip)),
    text("axis", [0.97 * edge, 0], "y₁"),
    text("axis", [0, 0.87 * edge], "y₂"),
    rank === 1 ? lines() : [],
    arrow("x", y),
    text("x", y, "y"),
  );
}

export default { render };
