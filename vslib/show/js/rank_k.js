// W as a sum of rank-one layers, the largest first: how good is the network with k of them?

// The rows of W_k = sum over j <= k of s_j u_j v_jᵀ. U: m rows of r; s: r values; V: r rows of n.
export const rowsOfRank = (k, U, s, V) => U.map((u) =>
  s.slice(0, k).reduce((row, sj, j) => add(row, times(sj * u[j], V[j])), V[0].map(() => 0)));

// ||W - W_k|| / ||W|| in the Frobenius norm: the singular values left out, against all of them.
export const relativeError = (k, s) => norm(s.slice(k)) / norm(s);

// Pictures of h x w values as one sheet, so many in a row, with a gap of NaN between them.
export function sheet(pictures, [h, w], columns) {
  const wide = columns * (w + 1) - 1, high = Math.ceil(pictures.length / columns) * (h + 1) - 1;
  const values = Array(high * wide).fill(NaN);
  pictures.forEach((picture, i) => picture.forEach((v, p) => {
    const down = Math.floor(i / columns) * (h + 1) + Math.floor(p / w);
    values[down * wide + (i % columns) * (w + 1) + (p % w)] = v;
  }));
  return { values, shape: [high, wide] };
}

async function render({ model, el }) {
  const { controls, left, right, singular_values: s, accuracy, range, shape } = model.get("spec");
  const [U, V] = (await Promise.all([left, right].map(unpack)))
    .map(({ count, frame }) => Array.from({ length: count }, (_, i) => frame(i)));
  const W = rowsOfRank(s.length, U, s, V);
  const scale = Math.max(magnitude(W.flat()), s[0] * magnitude(V[0]));
  return live(model, el, [4, 2], (stage) => {
    const showAll = image(stage, true), showRow = image(stage), showVector = image(stage);
    const showAccuracy = chart(stage, "line"), showWhole = image(stage), showMissing = image(stage);
    return ([last, neuron]) => {
      const k = last + 1, Wk = rowsOfRank(k, U, s, V), row = Wk[neuron];
      const all = sheet(Wk, shape, 5), name = `neuron ${controls[1].options[neuron]}`;
      const vector = times(s[last], V[last]), missing = add(W[neuron], times(-1, row));
      const rows = `the rows of W at rank ${k}, side by side`;
      showAll(`all neurons, rank ${k}`, rows, all.values, all.shape, scale);
      showRow(`${name}, rank ${k}`, `the weights of ${name} at rank ${k}`, row, shape, scale);
      showVector(`σ${lowered(k)} v${lowered(k)} came last`, `signal vector number ${k}`, vector, shape, scale);
      showAccuracy("accuracy by rank k", "accuracy by rank", accuracy, range, { mark: last });
      showWhole(`${name}, all of it`, `the weights of ${name}`, W[neuron], shape, scale);
      showMissing("still missing", `what ${name} lacks at rank ${k}`, missing, shape, scale);
      return (
        `With ${k} of ${s.length} signal vectors the network is right on ` +
        `${percent(accuracy[last])} of the images. Its weights are off by ` +
        `${percent(relativeError(k, s))} of their norm.`
      );
    };
  });
}

export default { render };
