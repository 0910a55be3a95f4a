// A 2 x 3 matrix can be drawn whole: its signal plane and rejected line in R3, its outputs in R2.

// x = a v1 + b v2 + t v3, its two parts, their shares of the energy, and y = W x.
export function split({ V, U, s }, [a, b, t]) {
  const signal = add(times(a, V[0]), times(b, V[1])), rejected = times(t, V[2]);
  const x = add(signal, rejected), energy = dot(x, x);
  return {
    x,
    signal,
    rejected,
    kept: energy ? dot(signal, signal) / energy : 0,
    lost: energy ? dot(rejected, rejected) / energy : 0,
    y: add(times(a * s[0], U[0]), times(b * s[1], U[1])),
  };
}

// Where (x1, x2, x3) lies on paper, seen from the angles turn and tilt in degrees.
export function seen([x1, x2, x3], turn, tilt) {
  const [c, s] = [Math.cos, Math.sin].map((f) => f((turn * Math.PI) / 180));
  const [C, S] = [Math.cos, Math.sin].map((f) => f((tilt * Math.PI) / 180));
  return [c * x2 - s * x1, C * x3 - S * (c * x1 + s * x2)];
}

const HALF = 160, SQUARE = [[1, 1], [1, -1], [-1, -1], [-1, 1]];

// (1.00, −2.00, 0.00), with a power of ten where the entries would not read.
export function vector(x) {
  const top = magnitude(x), away = top && (top < 0.05 || top >= 1e5);
  const exponent = away ? Math.floor(Math.log10(top)) : 0, unit = 10 ** exponent;
  const entries = x.map((v) => (v / unit).toFixed(2).replace(/^-(?=.*[1-9])/, "−").replace("-", ""));
  return `(${entries.join(", ")})${away ? ` × 10${raised(exponent)}` : ""}`;
}

// A square drawing around the origin; what is `reach` away from it meets the edge. Its shapes take
// points of the plane and the colour of a space.
function drawing(stage, reach) {
  const picture = svg("svg", { viewBox: `${-HALF} ${-HALF} ${2 * HALF} ${2 * HALF}` });
  const place = ([x, y]) => [(x * HALF) / reach, (-y * HALF) / reach];
  const between = (look, [x1, y1], [x2, y2]) => svg("line", { class: look, x1, y1, x2, y2 });
  return {
    ...panel(stage, picture, true),
    draw: (...shapes) => picture.replaceChildren(...shapes.flat()),
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
      const [x, y] = place(at), end = x > HALF / 2 || (space === "x" && x < 0);
      const where = { x: x + (end ? -6 : 6), y: y - 6, "text-anchor": end ? "end" : "start" };
      return svg("text", { class: `vslib-name vslib-${space}`, ...where }, words);
    },
  };
}

async function render({ model, el }) {
  const { basis, reach } = model.get("spec"), { V, s } = basis;
  return live(model, el, [4, 2], (stage) => {
    const inputs = drawing(stage, 1.75 * reach), outputs = drawing(stage, 1.5 * reach * s[0]);
    const { area, line, arrow, text } = inputs;
    return ([turn, tilt, ...coefficients]) => {
      const { x, signal, rejected, kept, lost, y } = split(basis, coefficients);
      const see = (point) => seen(point, turn, tilt);
      const onPlane = ([a, b]) => see(add(times(a * reach, V[0]), times(b * reach, V[1])));
      const corners = SQUARE.map(onPlane);
      const [near, far] = [-1.5, 1.5].map((c) => see(times(c * reach, V[2])));
      const axes = [0, 1, 2].map((i) => see([0, 1, 2].map((j) => (i === j ? 1.4 * reach : 0))));
      const scene = `x = ${vector(x)} as an arrow, its signal part in the plane Signal(W), its ` +
        `rejected part on the line RejSignal(W), turned by ${turn}° and tilted by ${tilt}°`;
      inputs.show("inputs, R³", scene);
      inputs.draw(
        area("signal", corners),
        axes.map((tip) => line("axis", [0, 0], tip)),
        axes.map((tip, i) => text("axis", tip, `x${lowered(i + 1)}`)),
        line("rejected", near, far),
        text("rejected", far, "RejSignal(W)"),
        text("signal", corners[0], "Signal(W)"),
        line("axis", see(signal), see(x)),
        line("axis", see(rejected), see(x)),
        arrow("signal", see(signal)),
        arrow("rejected", see(rejected)),
        arrow("x", see(x)),
        text("x", see(x), "x"),
      );
      const edge = 1.5 * reach * s[0];
      outputs.show("outputs, R²: all of it is SignalOut(W)", `y = W x = ${vector(y)} as an arrow`);
      outputs.draw(
        outputs.area("signal", SQUARE.map((corner) => times(edge, corner))),
        [[edge, 0], [0, edge]].map((tip) => outputs.line("axis", times(-1, tip), tip)),
        outputs.text("axis", [0.97 * edge, 0], "y₁"),
        outputs.text("axis", [0, 0.87 * edge], "y₂"),
        outputs.arrow("x", y),
        outputs.text("x", y, "y"),
      );
      return (
        `x = ${vector(x)} = signal ${vector(signal)} + rejected ${vector(rejected)}: ` +
        `${percent(kept)} of its energy is signal, ${percent(lost)} is rejected. ` +
        `y = W x = ${vector(y)}.`
      );
    };
  });
}

export default { render };
