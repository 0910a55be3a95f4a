// Singular values of a matrix, in float64 and without squaring it: two-sided Householder reflections
// to two diagonals (Golub and Kahan 1965), by panels as LAPACK does (Dongarra, Hammarling and
// Sorensen 1989), then bisection on those (Demmel and Kahan 1990). Values alone: no vectors.

const PANEL = 32; // reflections from either side between two updates of the whole
const TALL = 1.6; // from here on rows are first gathered into a triangle
const TINY = 2 ** -100; // values are found to this part of the largest

// The reflection that takes x to (-sign(x_0) |x|, 0, ...): I - tau v v^T with v_0 = 1, v in place of x.
function reflection(x, first, last) {
  let tail = 0;
  for (let i = first + 1; i < last; i++) tail += x[i] * x[i];
  const head = x[first];
  if (tail === 0) {
    x[first] = 1;
    return [head, 0];
  }
  const end = head > 0 ? -Math.sqrt(head * head + tail) : Math.sqrt(head * head + tail);
  for (let i = first + 1; i < last; i++) x[i] /= head - end;
  x[first] = 1;
  return [end, (end - head) / end];
}

// y += A^T v and y = A u over rows from `top` and columns from `left`, four rows at a time.
function rowsInto(y, A, wide, v, top, bottom, left) {
  let r = top;
  for (; r + 3 < bottom; r += 4) {
    const [v0, v1, v2, v3] = [v[r], v[r + 1], v[r + 2], v[r + 3]];
    const [a, b, c, d] = [r * wide, (r + 1) * wide, (r + 2) * wide, (r + 3) * wide];
    for (let j = left; j < wide; j++) {
      y[j] += v0 * A[a + j] + v1 * A[b + j] + (v2 * A[c + j] + v3 * A[d + j]);
    }
  }
  for (; r < bottom; r++) for (let j = left; j < wide; j++) y[j] += v[r] * A[r * wide + j];
}

function rowsOn(x, A, wide, u, top, bottom, left) {
  let r = top;
  for (; r + 3 < bottom; r += 4) {
    const [a, b, c, d] = [r * wide, (r + 1) * wide, (r + 2) * wide, (r + 3) * wide];
    let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (let j = left; j < wide; j++) {
      const w = u[j];
      s0 += A[a + j] * w;
      s1 += A[b + j] * w;
      s2 += A[c + j] * w;
      s3 += A[d + j] * w;
    }
    [x[r], x[r + 1], x[r + 2], x[r + 3]] = [s0, s1, s2, s3];
  }
  for (; r < bottom; r++) {
    x[r] = 0;
    for (let j = left; j < wide; j++) x[r] += A[r * wide + j] * u[j];
  }
}

// A -= P Q^T below `top` and right of `left`, P and Q having `inner` columns: 2 x 4 entries at a time.
function update(A, wide, P, Q, inner, count, top, bottom, left) {
  const gathered = new Float64Array(4 * count);
  let j = left;
  for (; j + 3 < wide; j += 4) {
    for (let k = 0; k < count; k++) for (let c = 0; c < 4; c++) gathered[4 * k + c] = Q[(j + c) * inner + k];
    let r = top;
    for (; r + 1 < bottom; r += 2) {
      let a0 = 0, a1 = 0, a2 = 0, a3 = 0, b0 = 0, b1 = 0, b2 = 0, b3 = 0;
      for (let k = 0, p = r * inner, q = p + inner, g = 0; k < count; k++, p++, q++, g += 4) {
        const s = P[p], t = P[q], q0 = gathered[g], q1 = gathered[g + 1], q2 = gathered[g + 2], q3 = gathered[g + 3];
        a0 += s * q0; a1 += s * q1; a2 += s * q2; a3 += s * q3;
        b0 += t * q0; b1 += t * q1; b2 += t * q2; b3 += t * q3;
      }
      const at = r * wide + j, on = at + wide;
      A[at] -= a0; A[at + 1] -= a1; A[at + 2] -= a2; A[at + 3] -= a3;
      A[on] -= b0; A[on + 1] -= b1; A[on + 2] -= b2; A[on + 3] -= b3;
    }
    for (; r < bottom; r++) for (let c = j; c < j + 4; c++) A[r * wide + c] -= inside(P, r * inner, Q, c * inner, count);
  }
  for (; j < wide; j++) for (let r = top; r < bottom; r++) A[r * wide + j] -= inside(P, r * inner, Q, j * inner, count);
}

function inside(P, p, Q, q, count) {
  let sum = 0;
  for (let k = 0; k < count; k++) sum += P[p + k] * Q[q + k];
  return sum;
}

// y -= Q (P^T v), with the first `count` columns of both, v over [top, bottom), y over [left, wide).
function less(y, Q, P, v, inner, count, top, bottom, left, wide) {
  const t = new Float64Array(count);
  for (let r = top; r < bottom; r++) for (let k = 0; k < count; k++) t[k] += P[r * inner + k] * v[r];
  for (let j = left; j < wide; j++) {
    let sum = 0;
    for (let k = 0; k < count; k++) sum += Q[j * inner + k] * t[k];
    y[j] -= sum;
  }
}

// Reflects A, of high x wide entries with high >= wide, to two diagonals; `one` sided, to a triangle,
// which it leaves in the first rows of A. A itself is changed.
export function reflect(A, high, wide, one = false, tell = () => {}) {
  const inner = 2 * PANEL, P = new Float64Array(high * inner), Q = new Float64Array(wide * inner);
  const diagonal = new Float64Array(wide), beside = new Float64Array(wide);
  const down = new Float64Array(high), along = new Float64Array(wide);
  for (let first = 0; first < wide; first += PANEL) {
    const last = Math.min(first + PANEL, wide);
    let count = 0;
    for (let i = first; i < last; i++) {
      for (let r = i; r < high; r++) down[r] = A[r * wide + i] - inside(P, r * inner, Q, i * inner, count);
      const [d, tau] = reflection(down, i, high);
      diagonal[i] = d;
      along.fill(0);
      rowsInto(along, A, wide, down, i, high, i + 1);
      less(along, Q, P, down, inner, count, i, high, i + 1, wide);
      for (let r = i; r < high; r++) P[r * inner + count] = down[r];
      for (let j = i + 1; j < wide; j++) Q[j * inner + count] = tau * along[j];
      count++;
      if (i + 1 === wide) break;
      for (let j = i + 1; j < wide; j++) along[j] = A[i * wide + j] - inside(P, i * inner, Q, j * inner, count);
      if (one) {
        A.set(along.subarray(i + 1), i * wide + i + 1);
        continue;
      }
      const [e, other] = reflection(along, i + 1, wide);
      beside[i] = e;
      rowsOn(down, A, wide, along, i + 1, high, i + 1);
      less(down, P, Q, along, inner, count, i + 1, wide, i + 1, high);
      for (let r = i + 1; r < high; r++) P[r * inner + count] = other * down[r];
      for (let j = i + 1; j < wide; j++) Q[j * inner + count] = along[j];
      count++;
    }
    update(A, wide, P, Q, inner, count, last, high, last);
    tell(1 - (1 - last / wide) ** 2);
  }
  return [diagonal, beside];
}

// How many singular values of two diagonals, given squared and in turns, lie below each of four
// positive numbers: Sturm's count for the symmetric matrix that has them beside a diagonal of zeros.
function below(squares, [x0, x1, x2, x3]) {
  let q0 = -x0, q1 = -x1, q2 = -x2, q3 = -x3, n0 = 1, n1 = 1, n2 = 1, n3 = 1;
  for (let i = 0; i < squares.length; i++) {
    const b = squares[i];
    q0 = -x0 - b / q0 || -TINY;
    q1 = -x1 - b / q1 || -TINY;
    q2 = -x2 - b / q2 || -TINY;
    q3 = -x3 - b / q3 || -TINY;
    if (q0 < 0) n0++;
    if (q1 < 0) n1++;
    if (q2 < 0) n2++;
    if (q3 < 0) n3++;
  }
  const half = (squares.length + 1) / 2;
  return [n0 - half, n1 - half, n2 - half, n3 - half];
}

// The singular values of a matrix with these on its diagonal and over it, in decreasing order.
export function bisect(diagonal, beside) {
  const n = diagonal.length, squares = new Float64Array(2 * n - 1), found = new Float64Array(n);
  let top = 0;
  for (let i = 0; i < n; i++) {
    const [d, e, before] = [diagonal[i], beside[i], i ? beside[i - 1] : 0].map(Math.abs);
    squares[2 * i] = d * d;
    if (i + 1 < n) squares[2 * i + 1] = e * e;
    top = Math.max(top, d + before, d + (i + 1 < n ? e : 0));
  }
  if (!top) return found;
  let upper = top * (1 + 1e-12);
  for (let first = 0; first < n; first += 4) {
    const low = [0, 0, 0, 0], high = [upper, upper, upper, upper];
    const open = (i) => high[i] - low[i] > 2 ** -52 * high[i] + TINY * top;
    while ([0, 1, 2, 3].some(open)) {
      const middle = low.map((v, i) => v + (high[i] - v) / 2), counts = below(squares, middle);
      for (let i = 0; i < 4; i++) {
        if (counts[i] >= Math.max(1, n - first - i)) high[i] = middle[i];
        else low[i] = middle[i];
      }
    }
    for (let i = 0; i < 4 && first + i < n; i++) found[first + i] = low[i] + (high[i] - low[i]) / 2;
    upper = high[Math.min(3, n - first - 1)];
  }
  return found;
}

// The singular values of high >= wide rows, which rows(first, last) gives from one to the one before
// another, each of `wide` numbers up to two. Of many rows only a part is held at a time.
export function singularValues(rows, high, wide, tell = () => {}) {
  if (high <= TALL * wide) return bisect(...reflect(rows(0, high), high, wide, false, tell));
  const room = Math.max(4 * wide, 256), held = new Float64Array(Math.min(room, high) * wide);
  const gathering = high / (high + (4 / 3) * wide);
  let size = 0, diagonal;
  for (let next = 0; next < high;) {
    const last = Math.min(high, next + room - size);
    held.set(rows(next, last), size * wide);
    size += last - next;
    [diagonal] = reflect(held, size, wide, true, (part) =>
      tell(gathering * (next + part * (last - next)) / high));
    // What is left of all rows so far is a triangle; they have its singular values.
    for (let i = 0; i < wide; i++) {
      held.fill(0, i * wide, i * wide + i);
      held[i * wide + i] = diagonal[i];
    }
    [next, size] = [last, wide];
  }
  return bisect(...reflect(held, wide, wide, false, (part) => tell(gathering + part * (1 - gathering))));
}
