// The solution of an exercise, a step at a time: [title, ...], where what follows is sentences and
// matrices, these as [name, rows].

const vectors = (basis) => (basis.length ? basis.map(listed).join(" and ") : "only the zero vector");
const inside = (v) => (v[0] < 0 ? `(${written(v)})` : written(v));
const terms = (u, v) => u.map((a, i) => `${inside(a)} · ${inside(v[i])}`).join(" + ");

function elimination(W, name = "W") {
  const { R, moves } = reduced(W);
  if (!moves.length) return [`Reduce ${name}`, "It is reduced as it stands.", [name, W]];
  return [`Reduce ${name}`, [name, W], ...moves.flatMap(([words, matrix], i) =>
    [words, [i === moves.length - 1 ? "R" : "", matrix]])];
}

// How each vector that W sends to zero is found: one for each column without a pivot.
function free(W, letter) {
  const { pivots } = reduced(W), count = W[0].length;
  const left = Array.from({ length: count }, (_, j) => j).filter((j) => !pivots.includes(j));
  if (!left.length) return "Every column has a pivot: only zero is sent to zero.";
  return left.map((j) => `Set ${letter}${lowered(j + 1)} = 1${left.length > 1 ? " and the other free one 0" : ""}`)
    .join("; then ") + ", and read the others off R; multiply to be rid of fractions.";
}

function subspaceSteps({ W, answers }) {
  const { pivots } = reduced(W), { signal, rejected, signal_out, rejected_out } = answers;
  const [m, n, r] = [W.length, W[0].length, answers.rank], across = turned(W);
  const columns = pivots.map((j) => j + 1).join(" and ");
  return [
    elimination(W),
    ["Rank and dimensions",
      `R has ${r === 1 ? "one pivot, in column" : `${r} pivots, in columns`} ${columns}. So the rank is r = ${r}.`,
      `Signal has dimension ${r}, RejSignal n − r = ${n - r}, SignalOut ${r}, RejSignalOut m − r = ${m - r}.`],
    ["Signal(W), the row space",
      "Elimination does not change it: the rows of R other than zero are a basis.",
      `In whole numbers: ${vectors(signal)}.`],
    ["RejSignal(W), the null space", `R x = 0. ${free(W, "x")}`, `This gives ${vectors(rejected)}.`],
    ["SignalOut(W), the column space",
      `The columns of W itself where R has its pivots: ${columns}.`, `In lowest terms: ${vectors(signal_out)}.`],
    ["RejSignalOut(W), the left null space", "Wᵀ y = 0: the same for the transpose.",
      ...elimination(across, "Wᵀ").slice(1), free(across, "y"), `This gives ${vectors(rejected_out)}.`],
    ["Check", "Every vector of Signal is orthogonal to every one of RejSignal, and so among the outputs:",
      pairs(signal, rejected) || "among the inputs there is nothing to check.",
      pairs(signal_out, rejected_out) || "RejSignalOut has no vector but zero."],
  ];
}
const pairs = (some, others) => some.flatMap((u) => others.map((v) =>
  `${listed(u)} · ${listed(v)} = ${written(inner(u, v))}`)).join("; ");

function projectionSteps({ W, x, answers }) {
  const { signal, rejected, rank: r } = answers, bases = spaces(W), line = r === 1 ? "signal" : "rejected";
  const d = bases[line][0], [top, bottom] = [inner(d, x), inner(d, d)], t = by(top, ratio(1, bottom[0]));
  const part = scaled(t, d), [name, rest] = r === 1 ? ["Signal(W)", "RejSignal(W)"] : ["RejSignal(W)", "Signal(W)"];
  const found = W.length === 1 ? [] : [elimination(W)];
  const why = r === 1 ? "Signal(W) is a line: project x onto it, and the rejected part is the rest."
    : "Signal(W) is a plane, RejSignal(W) the line across it: project x onto the line, and the signal part is the rest.";
  return [
    ...found,
    ["The line", `The rank is ${r}. ${why}`, `Its direction is d = ${listed(d)}.`],
    ["Project x onto the line",
      `d · x = ${terms(d, x)} = ${written(top)}.`, `d · d = ${terms(d, d)} = ${written(bottom)}.`,
      `The part in ${name} is (d · x) / (d · d) times d: ${written(t)} times ${listed(d)} = ${listed(part)}.`],
    ["Subtract", `The part in ${rest} is x less that: ${listed(x)} − ${listed(part)} = ${listed(without(x, part))}.`,
      `So the signal part is ${listed(signal)}, and the rejected part ${listed(rejected)}.`],
    ["Check", `W times the rejected part is ${listed(sent(W, rejected))}.`,
      `Their product is ${written(inner(signal, rejected))}: they are orthogonal.`],
  ];
}

function inverseSteps({ W, answers: { rank: r, pseudoinverse: X } }) {
  const [m, n] = [W.length, W[0].length], across = turned(W);
  const check = ["Check", "W W⁺ W is W again:", ["W W⁺ W", product(product(W, X), W)]];
  if (r === 1) {
    const sum = inner(W.flat(), W.flat());
    return [
      ["One singular value", "The rank is 1, so W = σ u vᵀ and W⁺ = v uᵀ / σ = Wᵀ / σ².",
        `σ² is the sum of all squares of entries: ${written(sum)}.`],
      ["Transpose and divide", ["Wᵀ", across], `Divide each entry by ${written(sum)}.`, ["W⁺", X]],
      check,
    ];
  }
  if (r === m || r === n) {
    const wide = r === m, words = wide ? "W Wᵀ" : "Wᵀ W", G = wide ? product(W, across) : product(across, W);
    return [
      [`${wide ? "Rows" : "Columns"} that are independent`, wide
        ? "The rank is 2, as many as rows. Among the x with W x = y the shortest is Wᵀ v with W Wᵀ v = y: so W⁺ = Wᵀ (W Wᵀ)⁻¹."
        : "The rank is 2, as many as columns. The x with W x nearest to y solves Wᵀ W x = Wᵀ y: so W⁺ = (Wᵀ W)⁻¹ Wᵀ.",
      [words, G]],
      ["Invert", ...swapped(G, words)],
      ["Multiply", ["Wᵀ", across], ["W⁺", X]],
      check,
    ];
  }
  const { C, F } = factors(W), [Ct, Ft] = [turned(C), turned(F)];
  const [one, two] = [product(Ct, C), product(F, Ft)];
  return [
    elimination(W),
    ["W = C F", "C has the columns of W where R has pivots, F the rows of R other than zero.", ["C", C], ["F", F],
      "C has independent columns and F independent rows: W⁺ = F⁺ C⁺, with C⁺ = (Cᵀ C)⁻¹ Cᵀ and F⁺ = Fᵀ (F Fᵀ)⁻¹."],
    ["C⁺", ["Cᵀ C", one], ...swapped(one, "Cᵀ C"), ["C⁺", product(inverse(one), Ct)]],
    ["F⁺", ["F Fᵀ", two], ...swapped(two, "F Fᵀ"), ["F⁺", product(Ft, inverse(two))]],
    ["Multiply", ["W⁺ = F⁺ C⁺", X]],
    check,
  ];
}

// The inverse of a 2 x 2 matrix.
function swapped(G, name) {
  const [[a, b], [c, d]] = G, bottom = inner([a, scaled([-1, 1], [b])[0]], [d, c]);
  return [`The determinant of ${name} is ${terms([a], [d])} − ${terms([b], [c])} = ${written(bottom)}.`,
    "Exchange the diagonal, change the signs of the others, divide by the determinant:", [`(${name})⁻¹`, inverse(G)]];
}

const STEPS = { subspaces: subspaceSteps, projection: projectionSteps, pseudoinverse: inverseSteps };
export const steps = (asked) => STEPS[asked.kind](asked);
