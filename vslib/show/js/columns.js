// What a matrix says by itself: the columns of vslib.report that come from weights, under its names.

const SHORT = 2 ** -23; // floats that are rounded more coarsely than float32 are short
const PIECE = 2 ** 20; // entries that are looked through at a time

// The largest power of two up to |v|, by the bits of v.
const bits = new Float64Array(1), words = new Uint32Array(bits.buffer);
function power(v) {
  bits[0] = v;
  words[0] = 0;
  words[1] &= 0x7ff00000;
  return bits[0];
}

// Once through the entries: what is not finite, the largest, which rows and columns have any, and
// how large a singular value their rounding could make by itself (vslib.report.blocks.rounding).
function survey(read, m, n, eps) {
  const rows = new Uint8Array(m), columns = new Uint8Array(n), short = eps > SHORT;
  const byRow = new Float64Array(m), byColumn = new Float64Array(n);
  const step = Math.max(1, Math.floor(PIECE / n));
  let bad = 0, top = 0;
  for (let first = 0; first < m; first += step) {
    const last = Math.min(first + step, m), part = read(first * n, last * n);
    for (let r = first, i = 0; r < last; r++) {
      for (let c = 0; c < n; c++, i++) {
        const v = part[i], size = Math.abs(v);
        if (!(size < Infinity)) bad++;
        if (v === 0) continue;
        if (size > top) top = size;
        rows[r] = columns[c] = 1;
        if (!short) continue;
        const unit = eps * power(v);
        byRow[r] += unit * unit;
        byColumn[c] += unit * unit;
      }
    }
  }
  const largest = (sums) => Math.sqrt(sums.reduce((most, sum) => Math.max(most, sum), 0));
  const floor = short ? (largest(byRow) + largest(byColumn)) / Math.sqrt(12) : 0;
  const none = (marks) => marks.reduce((count, mark) => count + (mark ? 0 : 1), 0);
  return { bad, top, floor, deadInputs: none(columns), deadOutputs: none(rows) };
}

// The vectors along the shorter side as rows, in units of `scale`.
function along(read, m, n, scale) {
  if (m >= n) return (first, last) => read(first * n, last * n).map((v) => v / scale);
  return (first, last) => {
    const turned = new Float64Array((last - first) * m);
    for (let r = 0; r < m; r++) {
      read(r * n + first, r * n + last).forEach((v, i) => { turned[i * m + r] = v / scale; });
    }
    return turned;
  };
}

// The columns and the singular values, in decreasing order, of the m x n matrix whose entries
// read(first, last) gives row by row, stored in floats of that eps.
export function columnsOf(read, m, n, eps, tell) {
  const { bad, top, floor, deadInputs, deadOutputs } = survey(read, m, n, eps);
  const found = { m, n };
  if (bad) {
    const note = `expected finite numbers, got ${grouped(bad)} NaN or infinite of ${grouped(m * n)}`;
    return { columns: { ...found, note }, values: new Float64Array(1) };
  }
  const [small, large] = [Math.min(m, n), Math.max(m, n)], scale = Math.max(power(top), 2 ** -1000);
  const values = top
    ? singularValues(along(read, m, n, scale), large, small, tell).map((v) => v * scale)
    : new Float64Array(small);
  const threshold = Math.max(large * Math.min(eps, SHORT) * values[0], floor);
  const rank = values.reduce((count, v) => count + (v > threshold ? 1 : 0), 0);
  const dead = { "dead inputs": deadInputs, "dead outputs": deadOutputs };
  Object.assign(found, { rank });
  if (!rank) return { columns: { ...found, s1: values[0], above: 0, below: 0, ...dead }, values };
  const counted = values.subarray(0, rank), s1 = counted[0];
  const sum = (list, of) => list.reduce((total, v) => total + of(v / s1), 0);
  const size = s1 * Math.sqrt(sum(values, (v) => v * v) / (m * n)), all = sum(counted, (v) => v);
  const [low, high] = band(m, n).map((end) => end * size);
  const how = (out) => counted.reduce((count, v) => count + (out(v) ? 1 : 0), 0);
  const columns = {
    ...found,
    "condition number": s1 / counted[rank - 1],
    "stable rank": sum(counted, (v) => v * v),
    "effective rank": Math.exp(-sum(counted, (v) => (v / all) * Math.log(v / all))),
    s1,
    "chance s1": high,
    above: how((v) => v > high),
    "chance smallest": low,
    below: how((v) => v < low),
    ...dead,
  };
  return { columns, values };
}
