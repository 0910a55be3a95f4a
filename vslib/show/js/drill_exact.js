// Fractions, and small matrices of them: what vslib/show/exact.py does, exact here too.
// A fraction is [n, d] of whole numbers without a common divisor, d > 0.

function safe(v) {
  if (!Number.isSafeInteger(v)) throw new RangeError(`expected a whole number below 2^53, got ${v}`);
  return v;
}
function divisor(a, b) {
  while (b) [a, b] = [b, a % b];
  return Math.abs(a);
}
export function ratio(n, d = 1) {
  if (!safe(d)) throw new RangeError("expected a denominator other than zero");
  const by = divisor(safe(n), d) * Math.sign(d);
  return [n / by + 0, d / by];
}
const plus = ([a, b], [c, d]) => ratio(safe(a * d) + safe(c * b), safe(b * d));
export const by = ([a, b], [c, d]) => ratio(safe(a * c), safe(b * d));
const over = ([a, b], [c, d]) => ratio(safe(a * d), safe(b * c));
const opposite = ([a, b]) => [-a + 0, b];
const less = (a, b) => plus(a, opposite(b));
export const same = ([a, b], [c, d]) => a === c && b === d;
const [ZEROTH, FIRST] = [[0, 1], [1, 1]];
export const isZero = ([n]) => n === 0;

export const ratios = (W) => W.map((row) => row.map((v) => ratio(v)));
export const inner = (u, v) => u.reduce((sum, a, i) => plus(sum, by(a, v[i])), ZEROTH);
export const scaled = (t, v) => v.map((a) => by(t, a));
export const joined = (u, v) => u.map((a, i) => plus(a, v[i]));
export const without = (u, v) => u.map((a, i) => less(a, v[i]));
export const alike = (u, v) => u.length === v.length && u.every((a, i) => same(a, v[i]));
export const nought = (v) => v.every(isZero);
// t with t v = u, or null.
export function factor(u, v) {
  const at = v.findIndex((a) => !isZero(a)), t = at < 0 ? ZEROTH : over(u[at], v[at]);
  return alike(scaled(t, v), u) ? t : null;
}

export const turned = (A) => A[0].map((_, j) => A.map((row) => row[j]));
export const product = (A, B) => A.map((row) => turned(B).map((column) => inner(row, column)));
export const sent = (A, x) => A.map((row) => inner(row, x));

// The reduced row echelon form, the columns of its pivots from 0, and each move with its matrix.
export function reduced(W) {
  let R = W.map((row) => [...row]);
  const pivots = [], moves = [];
  const move = (words) => moves.push([words, R.map((row) => [...row])]);
  W[0].forEach((_, column) => {
    const top = pivots.length, found = R.findIndex((row, i) => i >= top && !isZero(row[column]));
    if (found < 0) return;
    if (found !== top) {
      [R[top], R[found]] = [R[found], R[top]];
      move(`Exchange rows ${top + 1} and ${found + 1}.`);
    }
    const pivot = R[top][column];
    if (!same(pivot, FIRST)) {
      R[top] = R[top].map((a) => over(a, pivot));
      move(`Divide row ${top + 1} by ${written(pivot)}.`);
    }
    const taken = [];
    R = R.map((row, i) => {
      if (i === top || isZero(row[column])) return row;
      taken.push(`${same(row[column], FIRST) ? "" : `${written(row[column])} times `}row ${top + 1} from row ${i + 1}`);
      return without(row, scaled(row[column], R[top]));
    });
    if (taken.length) move(`Take ${taken.join(", and ")}.`);
    pivots.push(column);
  });
  return { R, pivots, moves };
}

export function inverse(A) {
  const one = (i, j) => ratio(i === j ? 1 : 0);
  const { R } = reduced(A.map((row, i) => [...row, ...A.map((_, j) => one(i, j))]));
  return R.map((row) => row.slice(A.length));
}

// The multiple with coprime whole numbers, the first of them positive.
export function whole(v) {
  const common = v.reduce((all, [, d]) => safe((all / divisor(all, d)) * d), 1);
  const numbers = v.map(([n, d]) => safe(n * (common / d)));
  const first = numbers.find((n) => n), top = numbers.reduce(divisor, 0) * Math.sign(first);
  return numbers.map((n) => ratio(n / top));
}

function sentToZero(W) {
  const { R, pivots } = reduced(W), places = W[0].map((_, j) => j);
  return places.filter((j) => !pivots.includes(j)).map((free) => whole(places.map((j) => {
    const i = pivots.indexOf(j);
    return i < 0 ? ratio(j === free ? 1 : 0) : opposite(R[i][free]);
  })));
}

export function spaces(W) {
  const { R, pivots } = reduced(W);
  return {
    signal: pivots.map((_, i) => whole(R[i])),
    rejected: sentToZero(W),
    signal_out: pivots.map((j) => whole(turned(W)[j])),
    rejected_out: sentToZero(turned(W)),
  };
}

// W = C F: the columns of W with pivots, and the rows of its reduced form other than zero.
export function factors(W) {
  const { R, pivots } = reduced(W);
  return { C: W.map((row) => pivots.map((j) => row[j])), F: R.slice(0, pivots.length) };
}

export function pseudoinverse(W) {
  const { C, F } = factors(W), [Ct, Ft] = [turned(C), turned(F)];
  return product(product(Ft, inverse(product(F, Ft))), product(inverse(product(Ct, C)), Ct));
}

// ---- Words

export const written = ([n, d]) => `${n}`.replace("-", "−") + (d === 1 ? "" : `/${d}`);
export const listed = (v) => `(${v.map(written).join(", ")})`;

// What a reader types: 2, −2/3, 0.5; null if it is none of these.
export function read(text) {
  const words = text.replace(/[−–]/g, "-").replace(/[\s+]/g, ""), [top, bottom] = words.split("/");
  const whole = /^-?\d{1,6}$/, places = /^(-?)(\d{0,6})[.,](\d{1,6})$/.exec(words);
  if (places) {
    const [, sign, before, after] = places;
    return ratio(Number(`${sign}${before}${after}`), 10 ** after.length);
  }
  if (!whole.test(top) || (bottom !== undefined && !whole.test(bottom))) return null;
  return Number(bottom ?? 1) && words.split("/").length < 3 ? ratio(Number(top), Number(bottom ?? 1)) : null;
}
