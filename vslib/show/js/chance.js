// Between which values all singular values of a random matrix lie, most of the time: as
// vslib/report/bands.py has it, where the laws and their sources are named.

const LEVEL = 0.01; // of each end: one random matrix in a hundred has a value beyond it

// log Gamma(a), by Stirling's series far enough out.
function logGamma(a) {
  let shift = 0;
  for (; a < 12; a++) shift += Math.log(a);
  const series = 1 / (12 * a) - 1 / (360 * a ** 3) + 1 / (1260 * a ** 5) - 1 / (1680 * a ** 7);
  return (a - 0.5) * Math.log(a) - a + 0.5 * Math.log(2 * Math.PI) + series - shift;
}

// How often a gamma law of shape a stays below x: by its series, or by a continued fraction beyond
// its mean (Abramowitz and Stegun 6.5.29 and 6.5.31).
export function gammaBelow(a, x) {
  const front = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a, sum = term;
    for (let n = 1; term > sum * 1e-17; n++) sum += term *= x / (a + n);
    return front * sum;
  }
  let b = x + 1 - a, c = 1e300, d = 1 / b, h = d;
  for (let n = 1, change = 0; Math.abs(change - 1) > 1e-15; n++) {
    const an = n * (a - n);
    b += 2;
    d = 1 / (an * d + b);
    c = b + an / c;
    h *= change = c * d;
  }
  return 1 - front * h;
}

// Where it stays below with probability p.
export function gammaQuantile(a, p) {
  let low = 0, high = a + 12 * Math.sqrt(a) + 20;
  while (high - low > 1e-14 * high) {
    const middle = (low + high) / 2;
    if (gammaBelow(a, middle) < p) low = middle;
    else high = middle;
  }
  return high;
}

// The two ends for an m x n matrix of independent normal entries of variance 1.
export function band(m, n) {
  const [p, q] = [Math.min(m, n), Math.max(m, n)];
  if (p === 1) return [LEVEL, 1 - LEVEL].map((at) => Math.sqrt(2 * gammaQuantile(q / 2, at)));
  // The law of Tracy and Widom of order 1, as the gamma law that is nearest to it.
  const tracyWidom = 0.186054 * gammaQuantile(46.446, 1 - LEVEL) - 9.84801;
  const [a, b] = [Math.sqrt(q - 0.5), Math.sqrt(p - 0.5)];
  const top = Math.sqrt((a + b) ** 2 + (a + b) * Math.cbrt(1 / a + 1 / b) * tracyWidom);
  if (p === q) return [(Math.sqrt(1 - 2 * Math.log1p(-LEVEL)) - 1) / Math.sqrt(p), top];
  const width = Math.cbrt(1 / b - 1 / a) / (a - b);
  const low = 2 * Math.log(a - b) + width ** 2 / 8 - width * tracyWidom;
  return [Math.exp(low / 2), top];
}
