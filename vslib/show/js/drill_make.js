// The exercise of a kind, level and seed: the same that vslib/show/exercises.py makes.

export const LAST = 999999;
const [ENTRY, BASIS] = [6, 9];
const RULES = {
  subspaces: [[[[2, 3]], [1, 2], 1], [[[3, 2]], [1, 2], 1], [[[3, 3]], [1, 2], 1]],
  projection: [[[[1, 3]], [1], 1], [[[2, 3]], [1, 2], 3], [[[3, 3]], [1, 2], 9]],
  pseudoinverse: [[[[2, 3]], [1], 30], [[[2, 3], [3, 2]], [2], 12], [[[3, 3]], [2], 36]],
};

// Random whole numbers: FNV-1a makes the state of a text, Mulberry32 goes on from it.
function drawing(text) {
  let state = 0x811c9dc5;
  for (const letter of text) state = Math.imul(state ^ letter.charCodeAt(0), 0x01000193);
  const between = (low, high) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return low + (((t ^ (t >>> 14)) >>> 0) % (high - low + 1));
  };
  const row = (n, size) => Array.from({ length: n }, () => between(-size, size));
  const matrix = (m, n, size) => Array.from({ length: m }, () => row(n, size));
  return { matrix, oneOf: (options) => options[between(0, options.length - 1)] };
}

function matrixOf(draw, m, n, rank) {
  const W = rank === Math.min(m, n) ? ratios(draw.matrix(m, n, 3))
    : product(ratios(draw.matrix(m, rank, 2)), ratios(draw.matrix(rank, n, 3)));
  const small = W.flat().every(([v]) => Math.abs(v) <= ENTRY);
  return small && ![...W, ...turned(W)].some(nought) && reduced(W).pivots.length === rank ? W : null;
}

function answersOf(kind, W, x, most) {
  if (kind === "subspaces") {
    const found = spaces(W);
    const clean = Object.values(found).flat(2).every(([n]) => Math.abs(n) <= BASIS);
    return clean ? found : null;
  }
  const back = pseudoinverse(W), clean = (parts) => parts.flat().every(([, d]) => d <= most);
  if (kind === "pseudoinverse") return clean(back) ? { pseudoinverse: back } : null;
  const signal = sent(back, sent(W, x)), rejected = without(x, signal);
  const parts = [signal, rejected];
  return clean(parts) && !parts.some(nought) ? { signal, rejected } : null;
}

// Entries of W, of x and of the answers are fractions.
export function exercise(kind, level, seed) {
  const draw = drawing(`${kind}-${level}-${seed}`), [shapes, ranks, most] = RULES[kind][level - 1];
  const [m, n] = draw.oneOf(shapes), rank = draw.oneOf(ranks);
  for (;;) {
    const W = matrixOf(draw, m, n, rank);
    const x = kind === "projection" ? ratios(draw.matrix(1, n, ENTRY))[0] : null;
    const answers = W && answersOf(kind, W, x, most);
    if (answers) return { kind, level, seed, W, x, answers: { rank, ...answers } };
  }
}

// What stands in an address: #drill=subspaces-1-7.
export function fromAddress(hash) {
  const [, kind, level, seed] = /^#drill=([a-z]+)-(\d)-(\d{1,6})$/.exec(hash) ?? [];
  const there = Object.hasOwn(RULES, kind ?? "") && RULES[kind][level - 1] && Number(seed) > 0;
  return there ? { kind, level: Number(level), seed: Number(seed) } : null;
}
