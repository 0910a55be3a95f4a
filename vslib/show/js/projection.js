// An image x against the weight vector w of one neuron: equation (3) of the paper.

// The part of x along w, what is left of x, its share of the energy, the angle in degrees.
export function project(x, w) {
  const [u, direction] = [w, x].map((v) => v.map((entry) => entry / magnitude(v)));
  const p = times(dot(u, x) / dot(u, u), u), residual = add(x, times(-1, p));
  const cosine = dot(u, direction) / (norm(u) * norm(direction));
  return {
    p,
    residual,
    removed: (norm(residual) / norm(x)) ** 2,
    angle: (Math.acos(Math.max(-1, Math.min(1, cosine))) * 180) / Math.PI,
  };
}

async function render({ model, el }) {
  const { controls, images, weights } = model.get("spec");
  const [xs, ws] = await Promise.all([unpack(images), unpack(weights)]);
  return live(model, el, [4, 2], (stage) => {
    const [showX, showW, showP, showResidual] = Array.from({ length: 4 }, () => image(stage));
    return ([i, j]) => {
      const x = xs.frame(i), w = ws.frame(j), { p, residual, removed, angle } = project(x, w);
      const [one, other] = [controls[0].options[i], controls[1].options[j]];
      const scale = Math.max(...[x, p, residual].map(magnitude));
      showX("image x", `image ${one}`, x, xs.shape);
      showW("weights w", `the weights of neuron ${other}`, w, xs.shape, magnitude(w));
      const [along, left] = [`image ${one} along w`, `what neuron ${other} rejects of image ${one}`];
      showP("projection p", along, p, xs.shape, scale);
      showResidual("residual x − p", left, residual, xs.shape, scale);
      return (
        `Neuron ${other} removes ${percent(removed)} of the energy of image ${one}: ` +
        `it stays in the residual. The angle between x and w is ${angle.toFixed(1)}°.`
      );
    };
  });
}

export default { render };
