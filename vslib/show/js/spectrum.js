// Singular values, in float64 and without vectors: Householder reflections to a bidiagonal matrix,
// whose values are the eigenvalues of a symmetric tridiagonal one (Golub and Kahan 1965).
// The functions here run in a worker, which is made from their text: each stands by itself.

// column[first..] becomes v with v[first] = 1, so that (I - tau v v') takes it to (beta, 0, ..., 0).
export function reflector(x, first, last) {
  let rest = 0;
  for (let i = first + 1; i < last; i++) rest += x[i] * x[i];
  const head = x[first];
  if (rest === 0) return { beta: head, tau: 0 };
  const beta = head > 0 ? -Math.sqrt(head * head + rest) : Math.sqrt(head * head + rest);
  const below = head - beta;
  for (let i = first + 1; i < last; i++) x[i] /= below;
  x[first] = 1;
  return { beta, tau: (beta - head) / beta };
}

// The upper triangle R of a tall matrix, given by its columns; tell(share) on the way.
export function triangle(columns, m, tell) {
  const n = columns.length;
  const R = columns.map(() => new Float64Array(n));
  for (let k = 0; k < n; k++) {
    const v = columns[k], { beta, tau } = reflector(v, k, m);
    for (let i = 0; i < k; i++) R[k][i] = v[i];
    R[k][k] = beta;
    for (let j = k + 1; j < n; j++) {
      const a = columns[j];
      let s = 0;
      for (let i = k; i < m; i++) s += v[i] * a[i];
      s *= tau;
      for (let i = k; i < m; i++) a[i] -= s * v[i];
    }
    tell(1 - (1 - k / n) ** 2);
  }
  return R;
}

// Diagonal d and superdiagonal e of a bidiagonal matrix with the same singular values. A column is
// read and written twice a step: the reflection from the right waits for the next from the left.
export function bidiagonal(columns, m, tell) {
  const n = columns.length, d = new Float64Array(n), e = new Float64Array(n);
  const y = new Float64Array(n), u = new Float64Array(n), w = new Float64Array(m);
  for (let k = 0; k < n; k++) {
    const v = columns[k];
    const turned = k > 0;
    if (turned) for (let i = k; i < m; i++) v[i] -= w[i] * u[k];
    const { beta, tau } = reflector(v, k, m);
    d[k] = beta;
    const next = u.slice();
    for (let j = k + 1; j < n; j++) {
      const a = columns[j];
      let s = 0;
      if (turned) {
        const t = u[j];
        for (let i = k; i < m; i++) {
          const value = a[i] - t * w[i];
          a[i] = value;
          s += v[i] * value;
        }
      } else for (let i = k; i < m; i++) s += v[i] * a[i];
      y[j] = tau * s;
      next[j] = a[k] - y[j] * v[k];
    }
    if (k + 1 < n) {
      const right = reflector(next, k + 1, n);
      e[k] = right.beta;
      if (right.tau === 0) next.fill(0, k + 1);
      w.fill(0);
      for (let j = k + 1; j < n; j++) {
        const a = columns[j], s = y[j], t = next[j];
        for (let i = k + 1; i < m; i++) {
          const value = a[i] - s * v[i];
          a[i] = value;
          w[i] += t * value;
        }
      }
      for (let i = k + 1; i < m; i++) w[i] *= right.tau;
      u.set(next);
    }
    tell(1 - (1 - k / n) ** 3);
  }
  return { d, e };
}

// Eigenvalues of a symmetric tridiagonal matrix with diagonal d and e beside it, to an error of
// some `small`: QL steps with implicit shifts (Dubrulle, Martin and Wilkinson 1968).
export function tridiagonal(d, e, small) {
  const last = d.length - 1;
  for (let l = 0; l <= last; l++) {
    for (;;) {
      let m = l;
      while (m < last && Math.abs(e[m]) > small) m++;
      if (m === l) break;
      let g = (d[l + 1] - d[l]) / (2 * e[l]);
      g = d[m] - d[l] + e[l] / (g + (g < 0 ? -1 : 1) * Math.sqrt(g * g + 1));
      let s = 1, c = 1, p = 0, whole = true;
      for (let i = m - 1; i >= l; i--) {
        const f = s * e[i], b = c * e[i], r = Math.sqrt(f * f + g * g);
        e[i + 1] = r;
        if (r === 0) {
          d[i + 1] -= p;
          whole = false;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        const t = (d[i] - g) * s + 2 * c * b;
        p = s * t;
        d[i + 1] = g + p;
        g = c * t - b;
      }
      if (whole) {
        d[l] -= p;
        e[l] = g;
      }
      if (m < last || !whole) e[m] = 0;
    }
  }
  return d;
}

// All singular values, in decreasing order, of a matrix whose columns are given and spoiled, at
// least as many rows as columns; tell(share) says how far it is.
export function singularValues(columns, m, tell) {
  const n = columns.length;
  let top = 0;
  for (const a of columns) for (let i = 0; i < m; i++) top = Math.max(top, Math.abs(a[i]));
  if (top === 0) return new Float64Array(n);
  // By a power of two, exactly: squares of what is left neither overflow nor vanish.
  const unit = 2 ** Math.floor(Math.log2(top));
  for (const a of columns) for (let i = 0; i < m; i++) a[i] /= unit;
  const tall = m > 1.6 * n, share = tall ? (m - n / 3) / (m + n) : 0;
  if (tall) columns = triangle(columns, m, (done) => tell(share * done));
  const { d, e } = bidiagonal(columns, tall ? n : m, (done) => tell(share + (1 - share) * done));
  // Eigenvalues of [0 B'; B 0], its rows and columns shuffled: the singular values and their
  // negatives, with the digits that B'B would lose.
  const beside = new Float64Array(2 * n);
  for (let k = 0; k < n; k++) {
    beside[2 * k] = d[k];
    if (k + 1 < n) beside[2 * k + 1] = e[k];
  }
  const largest = beside.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  const found = tridiagonal(new Float64Array(2 * n), beside, 2 ** -53 * largest);
  return found.sort().reverse().slice(0, n).map((s) => Math.abs(s) * unit);
}
