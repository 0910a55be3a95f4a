// What one matrix says by itself: the columns of vslib.report that come from weights. The functions
// here run in a worker, which is made from their text.

// Value below which a chi variable with n degrees of freedom lies with the probability `level`.
export function chiQuantile(n, level) {
  const half = n / 2;
  // ln of the gamma function: Stirling's series, far enough out.
  const lgamma = (x) => {
    let shift = 0;
    for (; x < 20; x++) shift -= Math.log(x);
    const y = 1 / (x * x);
    const series = (1 / 12 - y * (1 / 360 - y * (1 / 1260 - y * (1 / 1680 - y / 1188)))) / x;
    return shift + (x - 0.5) * Math.log(x) - x + Math.log(2 * Math.PI) / 2 + series;
  };
  const whole = lgamma(half);
  const below = (chi) => {
    const x = (chi * chi) / 2;
    if (x <= 0) return 0;
    const front = Math.exp(half * Math.log(x) - x - whole);
    if (x < half + 1) {
      let term = 1 / half, sum = term;
      for (let k = half + 1; term > 1e-17 * sum; k++) sum += term *= x / k;
      return front * sum;
    }
    // Lentz's way through the continued fraction of the other tail.
    let b = x + 1 - half, c = 1e300, d = 1 / b, h = d;
    for (let i = 1; i < 1e6; i++) {
      const a = -i * (i - half);
      b += 2;
      d = 1 / (a * d + b);
      c = b + a / c;
      h *= c * d;
      if (Math.abs(c * d - 1) < 1e-16) break;
    }
    return 1 - front * h;
  };
  let low = 0, high = Math.sqrt(n) + 10;
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (below(middle) < level) low = middle;
    else high = middle;
  }
  return high;
}

// Between which values all those of a random m x n matrix lie, in 99 of 100 draws at each end;
// `law` is the quantile of the law of Tracy and Widom. As vslib.report.bands has it.
export function band(m, n, { level, law }) {
  const p = Math.min(m, n), q = Math.max(m, n);
  if (p === 1) return [chiQuantile(q, level), chiQuantile(q, 1 - level)];
  const a = Math.sqrt(q - 0.5), b = Math.sqrt(p - 0.5);
  const top = Math.sqrt((a + b) ** 2 + (a + b) * (1 / a + 1 / b) ** (1 / 3) * law);
  if (p === q) return [(Math.sqrt(1 - 2 * Math.log1p(-level)) - 1) / Math.sqrt(p), top];
  const width = (1 / b - 1 / a) ** (1 / 3) / (a - b);
  return [(a - b) * Math.exp((width ** 2 / 8 - width * law) / 2), top];
}

// Columns and singular values of the m x n matrix with these numbers, row by row.
export function matrixRow(numbers, m, n, eps, chance, tell) {
  const bad = numbers.reduce((count, v) => count + !Number.isFinite(v), 0);
  const said = (k) => k.toLocaleString("en");
  if (bad)
    return { note: `expected finite numbers, got ${said(bad)} NaN or infinite of ${said(m * n)}` };
  const deadRows = new Uint8Array(m).fill(1), deadColumns = new Uint8Array(n).fill(1);
  const rows = new Float64Array(m), columns = new Float64Array(n), short = eps > 2 ** -23;
  for (let i = 0, at = 0; i < m; i++)
    for (let j = 0; j < n; j++, at++) {
      const size = Math.abs(numbers[at]);
      if (!size) continue;
      deadRows[i] = deadColumns[j] = 0;
      if (!short) continue;
      // The unit in the last place of this number, squared.
      let unit = 2 ** Math.floor(Math.log2(size));
      if (unit > size) unit /= 2;
      if (2 * unit <= size) unit *= 2;
      rows[i] += (eps * unit) ** 2;
      columns[j] += (eps * unit) ** 2;
    }
  const turned = m < n, count = turned ? m : n, length = turned ? n : m;
  const kept = Array.from({ length: count }, (_, k) => {
    if (turned) return numbers.slice(k * n, (k + 1) * n);
    const column = new Float64Array(length);
    for (let i = 0; i < length; i++) column[i] = numbers[i * n + k];
    return column;
  });
  const values = singularValues(kept, length, tell), [s1] = values;
  const most = (list) => list.reduce((top, v) => Math.max(top, v), 0);
  const floor = (Math.sqrt(most(rows)) + Math.sqrt(most(columns))) / Math.sqrt(12);
  const coarse = length * Math.min(eps, 2 ** -23) * s1;
  const counted = values.filter((s) => s > Math.max(coarse, floor));
  const sum = (list) => list.reduce((total, v) => total + v, 0);
  const found = { rank: counted.length, s1, above: 0, below: 0, values };
  found["dead inputs"] = sum(deadColumns);
  found["dead outputs"] = sum(deadRows);
  if (!counted.length) return found;
  const relative = counted.map((s) => s / s1), total = sum(relative);
  const scale = s1 * Math.sqrt(sum(values.map((s) => (s / s1) ** 2)) / (m * n));
  const [low, high] = band(m, n, chance).map((end) => scale * end);
  return {
    ...found,
    "condition number": 1 / relative.at(-1),
    "stable rank": sum(relative.map((s) => s * s)),
    "effective rank": Math.exp(-sum(relative.map((s) => (s / total) * Math.log(s / total)))),
    "chance s1": high,
    above: counted.filter((s) => s > high).length,
    "chance smallest": low,
    below: counted.filter((s) => s < low).length,
  };
}
