// What is said of an answer: right, or the slip behind it.

export const NAMES = {
  signal: "Signal(W), the row space",
  rejected: "RejSignal(W), the null space",
  signal_out: "SignalOut(W), the column space",
  rejected_out: "RejSignalOut(W), the left null space",
};
const ACROSS = { signal: "rejected", rejected: "signal", signal_out: "rejected_out", rejected_out: "signal_out" };
const SHORT = Object.fromEntries(Object.entries(NAMES).map(([key, words]) => [key, words.split(",")[0]]));

const right = (words = "Right.") => ({ right: true, words, wrong: [] });
const wrong = (words, cells = []) => ({ right: false, words, wrong: cells });

// Rows of texts as fractions, or what is no number among them. name(i, j) says which cell it is.
function numbersOf(rows, name) {
  const read_ = rows.map((row) => row.map(read)), flat = rows.flatMap((row, i) => row.map((t, j) => [i, j, t]));
  const empty = flat.find(([, , text]) => !text.trim()), odd = flat.find(([i, j]) => !read_[i][j]);
  if (empty) return { no: wrong(`${name(empty[0], empty[1])} is empty.`, [[empty[0], empty[1]]]) };
  if (!odd) return { rows: read_ };
  const [i, j, text] = odd;
  return { no: wrong(`${name(i, j)}: expected a number such as −2, 2/3 or 0.5, got “${text}”.`, [[i, j]]) };
}

// ---- Subspaces

// Whether v lies in the space that a basis spans.
const rank = (rows) => (rows.length ? reduced(rows).pivots.length : 0);
const lies = (v, basis) => (basis.length ? rank([...basis, v]) === basis.length : nought(v));

export function markRank({ W, answers }, text) {
  const k = /^\s*\d\s*$/.test(text) ? Number(text) : null, most = Math.min(W.length, W[0].length);
  if (k === null) return wrong(text.trim() ? `Expected a whole number, got “${text}”.` : "Nothing is written yet.");
  if (k === answers.rank) return right();
  if (k === 0) return wrong("Only the zero matrix has rank 0.");
  if (k > most) return wrong(`A matrix of ${W.length} rows and ${W[0].length} columns has rank ${most} at most.`);
  if (k < answers.rank) return wrong("Too small: there are two rows of which none is a multiple of the other.");
  return wrong(answers.rank === 1 ? "Too large: all rows are multiples of one of them."
    : "Too large: one row is a combination of the others. Eliminate, and count the pivots.");
}

// What a vector that does not lie in the space is instead.
function stray({ W, answers }, key, v, name) {
  const other = ACROSS[key];
  if (answers[key].length && lies(v, answers[other])) {
    return `${name} lies in ${NAMES[other]}, not in ${NAMES[key]}: it is orthogonal to all of ${SHORT[key]}.`;
  }
  const size = (space) => (space.endsWith("out") ? W.length : W[0].length);
  const far = Object.keys(NAMES).find((space) => ![key, other].includes(space)
    && size(space) === size(key) && answers[space].length < size(space) && lies(v, answers[space]));
  if (far) {
    const [inputs, outputs] = ["inputs", "outputs"];
    const [its, ours] = far.endsWith("out") ? [outputs, inputs] : [inputs, outputs];
    return `${name} lies in ${NAMES[far]}, not in ${NAMES[key]}: that is a space of the ${its}, this one of the ${ours}.`;
  }
  const { R, pivots } = reduced(W);
  if (key === "signal_out" && pivots.some((j) => alike(v, turned(R)[j]))) {
    return `${name} is a column of the reduced matrix. Elimination changes the column space: take the same column of W itself.`;
  }
  const slip = v.findIndex((a, i) => lies(v.map((c, k) => (k === i ? by([-1, 1], c) : c)), answers[key]));
  if (slip >= 0) return `${name} is not in ${NAMES[key]}, but would be with the sign of entry ${slip + 1} changed.`;
  if (key === "rejected") return `${name} is not in ${NAMES[key]}: W times it is ${listed(sent(W, v))}, not zero.`;
  if (key === "rejected_out") return `${name} is not in ${NAMES[key]}: Wᵀ times it is ${listed(sent(turned(W), v))}, not zero.`;
  const lines = key === "signal" ? "rows" : "columns";
  return `${name} is not in ${NAMES[key]}: it is no combination of the ${lines} of W.`;
}

// `texts` are the vectors of a basis, or null as long as no dimension is chosen.
export function markBasis(asked, key, texts) {
  if (!texts) return wrong("Choose the dimension first.");
  const basis = asked.answers[key], k = texts.length;
  const sum = `The dimension is not ${k}: those of ${SHORT[key]} and ${SHORT[ACROSS[key]]} add up to ` +
    `${key.endsWith("out") ? asked.W.length : asked.W[0].length}, and one of them is the rank.`;
  if (!k) return basis.length ? wrong(sum) : right("Right: only zero is in it.");
  const { no, rows } = numbersOf(texts, (i, j) => `Entry ${j + 1} of vector ${i + 1}`);
  if (no) return no;
  const cells = (i) => rows[i].map((_, j) => [i, j]), also = k === basis.length ? "" : ` ${sum}`;
  const zero = rows.findIndex(nought);
  if (zero >= 0) return wrong(`Vector ${zero + 1} is zero. A basis has no zero vector.${also}`, cells(zero));
  const outside = rows.findIndex((v) => !lies(v, basis));
  if (outside >= 0) {
    const name = `Vector ${outside + 1}, ${listed(rows[outside])},`;
    return wrong(stray(asked, key, rows[outside], name) + also, cells(outside));
  }
  if (rank(rows) < k) {
    const at = rows.findIndex((_, i) => rank(rows.slice(0, i + 1)) < i + 1);
    return wrong(`All lie in ${SHORT[key]}, but vector ${at + 1} is a combination of those before it.${also}`, cells(at));
  }
  return k < basis.length ? wrong(`What is there lies in ${SHORT[key]}, but more is needed. ${sum}`) : right();
}

// ---- Projection

// A decimal that is a rounded answer: said so.
function rounded(given, answer, texts) {
  const value = ([n, d]) => n / d, at = given.findIndex((a, i) => !same(a, answer[i])
    && /[.,]/.test(texts[i]) && Math.abs(value(a) - value(answer[i])) < 0.01);
  return at >= 0 && given.every((a, i) => Math.abs(value(a) - value(answer[i])) < 0.01)
    ? `${texts[at].trim()} is rounded. Write the exact fraction.` : null;
}

// The marks of both parts of x, given as texts.
export function markParts({ W, x, answers }, texts) {
  const found = {};
  for (const key of ["signal", "rejected"]) {
    const { no, rows } = numbersOf([texts[key]], (_, j) => `Entry ${j + 1}`);
    found[key] = no ?? { given: rows[0] };
  }
  const say = (key, judge) => {
    const { given } = found[key], answer = answers[key];
    if (!given) return found[key];
    if (alike(given, answer)) return right();
    const off = given.flatMap((a, j) => (same(a, answer[j]) ? [] : [[0, j]]));
    return wrong(rounded(given, answer, texts[key]) ?? judge(given), off);
  };
  const opposite = (given, answer) => (alike(given, scaled([-1, 1], answer)) ? "The sign is wrong." : null);
  const residual = (p) => W.map((row, i) => [i, inner(row, without(x, p))]).find(([, v]) => !isZero(v));
  const alone = W.map((row) => scaled(inner(row, x), row));
  const shadows = W.map((row) => scaled(inner(row, x), scaled(ratio(1, inner(row, row)[0]), row)));
  const basis = spaces(W).signal;
  const signal = say("signal", (p) => {
    const one = shadows.findIndex((s) => alike(p, s)), bare = alone.findIndex((s) => alike(p, s));
    if (alike(p, answers.rejected)) return "This is the rejected part: W sends it to zero.";
    if (W.length > 1 && alike(p, shadows.reduce(joined))) {
      return "These are the projections onto the single rows, added up. The rows are not orthogonal, so what they share is counted twice.";
    }
    if (one >= 0) return `This is the projection onto row ${one + 1} alone.`;
    if (bare >= 0) return `This is (w · x) w for row ${bare + 1}: it is not divided by w · w.`;
    if (opposite(p, answers.signal)) return "The sign is wrong.";
    if (!lies(p, basis)) {
      const [, seen] = residual(p) ?? [];
      const same_ = seen ? "" : " W gives it the answer of x, but part of it is rejected.";
      return `This is not in Signal(W): it is no combination of the rows of W.${same_}`;
    }
    const [row, value] = residual(p);
    return `This lies in Signal(W), but x minus it is not orthogonal to row ${row + 1}: their product is ${written(value)}.`;
  });
  const rejected = say("rejected", (s) => {
    const { given } = found.signal;
    if (alike(s, answers.signal)) return "This is the signal part.";
    if (given && !signal.right && alike(joined(given, s), x)) return "This is x minus your signal part: the slip lies there.";
    if (opposite(s, answers.rejected)) return "The sign is wrong: x minus the signal part, not the other way round.";
    if (!nought(sent(W, s))) return `W times it is ${listed(sent(W, s))}, not zero: this is not in RejSignal(W).`;
    return "W sends it to zero, but x minus it is not in Signal(W).";
  });
  return { signal, rejected };
}

// ---- Pseudoinverse

export function markInverse({ W, answers: { pseudoinverse: answer } }, texts) {
  const { no, rows } = numbersOf(texts, (i, j) => `Row ${i + 1}, column ${j + 1}`);
  if (no) return no;
  const flat = (A) => A.flat(), off = rows.flatMap((row, i) => row.flatMap((a, j) => (same(a, answer[i][j]) ? [] : [[i, j]])));
  if (!off.length) return right();
  const all = flat(answer).length, count = `${all - off.length} of ${all} cells are right.`;
  const near = rounded(flat(rows), flat(answer), flat(texts)), t = factor(flat(rows), flat(answer));
  const judge = () => {
    if (near) return near;
    if (alike(flat(rows), flat(turned(W)))) return "This is Wᵀ. It has the right two spaces, but not yet the right lengths.";
    if (t && !isZero(t)) return `This is ${written(t)} times the pseudoinverse.`;
    if (rows.length === rows[0].length && alike(flat(turned(rows)), flat(answer))) return "This is its transpose.";
    const WX = product(W, rows), XW = product(rows, W);
    if (!alike(flat(product(WX, W)), flat(W))) return "W X W is not W, with your X.";
    if (!alike(flat(WX), flat(turned(WX)))) return "W X W is W, but W X is not symmetric: it is no orthogonal projection.";
    if (!alike(flat(XW), flat(turned(XW)))) return "W X W is W, but X W is not symmetric: some X y are not in Signal(W), and not the shortest.";
    return "X W X is not X, with your X.";
  };
  return wrong(`${judge()} ${count}`, off);
}
