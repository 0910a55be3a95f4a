// What was found of the matrices of a file: numbers, words and pictures as vslib.report has them.

export const MEANINGS = {
  name: "of the matrix in the network",
  dtype: "of the stored weight",
  m: "outputs, of all groups together",
  n: "inputs, of all groups together",
  rank: "singular values above what the precision of the stored numbers can make; at most the " +
    "smaller of m and n",
  "condition number": "largest over smallest singular value that counts; 1 or more",
  "stable rank": "sum of squared singular values over the largest square; 1 to the rank",
  "effective rank": "exponential of the entropy of the singular values; 1 to the rank",
  s1: "largest singular value",
  "chance s1": "one random matrix in a hundred, of this shape and scale, has a larger s1",
  above: "singular values above chance s1; 0 for all but one random matrix in a hundred",
  "chance smallest": "one random matrix in a hundred has a smaller smallest singular value",
  below: "singular values that count as nonzero and lie below chance smallest",
  "dead inputs": "columns that are all zero: inputs without any effect",
  "dead outputs": "rows that are all zero: outputs that never change",
  note: "what could not be said, and why",
};
const WORDS = ["name", "dtype", "note"];
const MOST = 6; // names in one sentence

export const grouped = (value, digits = 0) => value.toLocaleString("en", {
  minimumFractionDigits: digits,
  maximumFractionDigits: digits,
});

// Three significant digits, integers whole; a dash where there is none.
export function number(value) {
  if (value === undefined || value === null || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return "∞";
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return minus(grouped(value));
  const exponent = Number(value.toExponential(2).split("e")[1]);
  if (exponent < -4 || exponent >= 6) {
    return minus(`${value.toExponential(2).split("e")[0]} × 10${raised(exponent)}`);
  }
  return minus(grouped(value, Math.max(0, 2 - exponent)));
}

// ---- Words

function list(names) {
  const all = names.map((name) => name || "the module itself");
  const cut = all.length > MOST ? [...all.slice(0, MOST - 1), `${all.length - MOST + 1} more`] : all;
  return [cut.slice(0, -1).join(", "), cut.at(-1)].filter(Boolean).join(" and ");
}
const withEach = (rows, show) =>
  list(rows.map((row) => `${row.name || "the module itself"} (${show(row)})`));
const shorter = ({ m, n }) => Math.min(m, n);

function first(rows, skipped, kind) {
  const weights = rows.reduce((sum, { m, n }) => sum + m * n, 0);
  const size = weights >= 1e6 ? `${grouped(weights / 1e6, 1)} million` : grouped(weights);
  const count = rows.length === 1 ? "One matrix" : `${rows.length} matrices`;
  return `${count} with ${size} weights in ${kind}${skipped ? `; left out, with reasons below: ${skipped}` : ""}.`;
}

function ranks(rows) {
  const share = (row) => row.rank / shorter(row);
  const short = rows.filter((row) => share(row) < 1).sort((a, b) => share(a) - share(b));
  if (!short.length) return "Each has the full rank of its shape.";
  return `Not of full rank: ${withEach(short, (row) => `${row.rank} of ${shorter(row)}`)}.`;
}

function beyond(rows, side) {
  const out = rows.filter((row) => row[side] > 0).sort((a, b) => b[side] - a[side]);
  if (!out.length) {
    return `No singular value lies ${side} what a random matrix of that shape and scale shows.`;
  }
  const rest = out.length < rows.length ? `; of the other ${rows.length - out.length}, none` : "";
  return `Singular values ${side} what chance shows: ${withEach(out, (row) => row[side])}${rest}.`;
}

function dead(rows, side, size) {
  const out = rows.filter((row) => row[`dead ${side}`]);
  const named = withEach(out, (row) => `${row[`dead ${side}`]} of ${row[size]}`);
  return out.length ? [`Dead ${side}, with weights that are all zero: ${named}.`] : [];
}

// What was found, in the order in which one asks: as vslib/report/words.py says it.
export function sentences(rows, skipped, kind) {
  const own = rows.filter((row) => row.rank !== undefined);
  const notes = [...new Set(rows.map(({ note }) => note).filter(Boolean))];
  return [
    first(own, skipped, kind),
    ...(own.length ? [ranks(own), beyond(own, "above"), beyond(own, "below")] : []),
    ...dead(own, "inputs", "n"),
    ...dead(own, "outputs", "m"),
    ...notes.map((note) =>
      `${list(rows.filter((row) => row.note === note).map(({ name }) => name))}: ${note}.`),
  ];
}

// ---- Pictures: singular values from the largest on, over zero, what chance shows in grey

export function spectrum(row, values) {
  const [WIDE, HIGH, POINTS] = [130, 34, 64];
  if (!values[0]) return "";
  const [low, high] = [row["chance smallest"], row["chance s1"]], known = high !== undefined;
  const top = known ? Math.max(values[0], high) : values[0], last = values.length - 1;
  const y = (v) => (2 + (HIGH - 4) * (1 - v / top)).toFixed(1);
  const at = Array.from({ length: POINTS }, (_, i) => Math.round((i * last) / (POINTS - 1)));
  const points = at.map((i) => `${(2 + (i * (WIDE - 4)) / (last || 1)).toFixed(1)},${y(values[i])}`);
  const ends = [values[0], values[last], low, high].map(number);
  const chance = known ? `; chance shows ${ends[2]} to ${ends[3]}` : "";
  const label = `${row.name}: ${last + 1} singular values, from ${ends[0]} to ${ends[1]}${chance}`;
  const box = { width: WIDE, height: HIGH, viewBox: `0 0 ${WIDE} ${HIGH}` };
  const picture = svg("svg", { role: "img", "aria-label": label, ...box });
  if (known) {
    const height = Math.max(1, y(low) - y(high));
    picture.append(svg("rect", { class: "vslib-band", x: 0, y: y(high), width: WIDE, height }));
  }
  picture.append(last
    ? svg("polyline", { class: "vslib-line", points: points.join(" ") })
    : svg("circle", { class: "vslib-bar", cx: 4, cy: y(values[0]), r: 2.5 }));
  return picture;
}
