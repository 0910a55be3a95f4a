// The linear regions of a small ReLU network on the plane through three inputs.

// As in vslib/preimage: plane.py and cuts.py.
const THIN = 1e-12, ROUNDING = 1e-15, FLAT = 1e-6, AROUND = 1.3;

// An affine function of the plane is [slope, slope, level].
const at = ([a, b, c], [x, y]) => a * x + b * y + c;
// A loop of its own: most of the time goes here.
function combined(row, functions, level) {
  let a = 0, b = 0, c = level;
  for (let i = 0; i < row.length; i++) {
    const w = row[i], f = functions[i];
    a += w * f[0];
    b += w * f[1];
    c += w * f[2];
  }
  return [a, b, c];
}
const slackOf = ([a, b], side, size) => Math.max(THIN * side * Math.hypot(a, b), ROUNDING * size);

// The parts of a convex polygon where a function is not positive, and where it is; null for none.
export function cut(polygon, values, slack) {
  if (values.every((v) => v <= slack)) return [polygon, null];
  if (values.every((v) => v >= -slack)) return [null, polygon];
  const parts = [[], []];
  values.forEach((v, i) => {
    const j = (i + 1) % values.length, next = values[j];
    if (v <= slack) parts[0].push(polygon[i]);
    if (v >= -slack) parts[1].push(polygon[i]);
    if ((v > slack && next < -slack) || (v < -slack && next > slack)) {
      const ahead = add(polygon[j], times(-1, polygon[i]));
      const point = add(polygon[i], times(v / (v - next), ahead));
      parts.forEach((part) => part.push(point));
    }
  });
  return parts;
}

// Three inputs in coordinates of their plane, and the square around them; null where they span none.
export function coordinates([first, second, third]) {
  const along = add(second, times(-1, first)), other = add(third, times(-1, first));
  const length = norm(along);
  const longest = Math.max(length, norm(other), norm(add(along, times(-1, other))));
  if (!(length > FLAT * longest)) return null;
  const x = times(1 / length, along), u = dot(other, x);
  const height = norm(add(other, times(-u, x)));
  if (!(Math.min(height, (height * length) / longest) > FLAT * longest)) return null;
  const points = [[0, 0], [length, 0], [u, height]];
  const centre = times(1 / 3, points.reduce(add));
  const reach = AROUND * Math.max(...points.map((p) => Math.hypot(...add(p, times(-1, centre)))));
  const corner = ([a, b]) => add(centre, [a * reach, b * reach]);
  return { points, window: [[-1, -1], [1, -1], [1, 1], [-1, 1]].map(corner) };
}

// The functions of the plane with the given values at its three points.
function through(values, [, [length], [u, height]]) {
  return values[0].map((level, i) => {
    const a = (values[1][i] - level) / length;
    return [a, (values[2][i] - level - u * a) / height, level];
  });
}

// All polygons with one pattern and one largest output. `values` are those of the first layer at
// the three points, `size` its largest terms, `layers` those after it, each with W and b.
export function subdivide({ points, window }, values, size, layers) {
  const side = window[1][0] - window[0][0];
  let pieces = [{ polygon: window, pattern: [], functions: through(values, points) }];
  for (const { W, b } of layers) {
    pieces = pieces.flatMap((piece) => byUnits(piece, side, size)).map((piece) => ({
      ...piece, functions: W.map((row, i) => combined(row, piece.functions, b[i])),
    }));
    size = W.map((row, i) => dot(row.map(Math.abs), size) + Math.abs(b[i]));
  }
  const largest = Math.max(...size);
  return pieces.flatMap((piece) => byAnswer(piece, side, largest));
}

function byUnits({ polygon, pattern, functions }, side, size) {
  const slacks = functions.map((f, i) => slackOf(f, side, size[i]));
  const seen = functions.map((f) => polygon.map((p) => at(f, p)));
  const start = seen.map((values, i) => values.some((v) => v > slacks[i]));
  let pieces = [{ polygon, on: start }];
  functions.forEach((f, unit) => {
    if (!start[unit] || !seen[unit].some((v) => v < -slacks[unit])) return;
    pieces = pieces.flatMap(({ polygon, on }) => {
      const parts = cut(polygon, polygon.map((p) => at(f, p)), slacks[unit]);
      return [false, true].filter((positive) => parts[Number(positive)]).map((positive) => (
        { polygon: parts[Number(positive)], on: on.map((v, i) => (i === unit ? positive : v)) }));
    });
  });
  return pieces.map(({ polygon, on }) => ({
    polygon, pattern: [...pattern, on], functions: functions.map((f, i) => (on[i] ? f : [0, 0, 0])),
  }));
}

function byAnswer(piece, side, size) {
  const { polygon, functions } = piece;
  const values = functions.map((f) => polygon.map((p) => at(f, p)));
  const top = values[largest(values.map((some) => Math.min(...some)))];
  const some = [...values.keys()].filter((k) => values[k].some((v, i) => v >= top[i]));
  return some.flatMap((one) => {
    const part = some.filter((k) => k !== one).reduce((part, other) => {
      if (!part) return null;
      const [low, high] = [Math.min(one, other), Math.max(one, other)];
      const difference = add(functions[high], times(-1, functions[low]));
      const slack = slackOf(difference, side, size);
      return cut(part, part.map((p) => at(difference, p)), slack)[Number(one === high)];
    }, polygon);
    return part ? [{ ...piece, polygon: part, answer: one }] : [];
  });
}

export function area(polygon) {
  const [ox, oy] = polygon[0];
  return polygon.reduce((sum, [x, y], i) => {
    const [X, Y] = polygon[(i + 1) % polygon.length];
    return sum + ((x - ox) * (Y - oy) - (X - ox) * (y - oy)) / 2;
  }, 0);
}

const holds = (polygon, [x, y]) => polygon.every(([px, py], i) => {
  const [qx, qy] = polygon[(i + 1) % polygon.length];
  return (qx - px) * (y - py) - (qy - py) * (x - px) >= 0;
});
