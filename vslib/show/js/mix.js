// x + t r, where W r = 0: the picture changes, the output does not.

// What adding t r does to an input x, and to its output y = W x with wr = W r.
export function mix(x, r, y, wr, t) {
  const input = add(x, times(t, r)), output = add(y, times(t, wr));
  return {
    input,
    output,
    inputChange: (Math.abs(t) * norm(r)) / norm(x),
    outputChange: (Math.abs(t) * norm(wr)) / norm(y),
    winner: largest(output),
  };
}

const ARRAYS = ["images", "rejected", "outputs", "rejected_outputs"];

async function render({ model, el }) {
  const { blocks, controls, title: outputs } = model.get("spec");
  const lengths = controls.slice(1, -1).map(({ options }) => options.length);
  const loaded = await Promise.all(blocks.map(async (block) => {
    const arrays = await Promise.all(ARRAYS.map((name) => unpack(block[name])));
    return { ...block, arrays, shape: arrays[0].shape };
  }));
  return live(model, el, [5, 3], (stage) => {
    const [showX, showR, showInput] = [image(stage), image(stage), image(stage)];
    const showOutput = chart(stage, "bars");
    return (chosen) => {
      const t = chosen.at(-1), choices = chosen.slice(0, -1);
      const { arrays, shape, signed, scale, rejected_scale, range, labels } = loaded[choices[0]];
      const at = position(choices.slice(1), lengths);
      const [x, r, y, wr] = arrays.map(({ frame }) => frame(at));
      const { input, output, inputChange, outputChange, winner } = mix(x, r, y, wr, t);
      const of = choice(controls.slice(0, -1), choices), own = signed ? scale : null;
      showX("x", `the input x of ${of}`, x, shape, own);
      showR("r, rejected", `the rejected part r of ${of}`, r, shape, own ?? rejected_scale);
      const title = signed ? "x + t r" : "x + t r, in [0, 1]";
      showInput(title, `x plus ${short(t)} r, ${of}`, input, shape, own);
      showOutput(outputs, `the outputs, ${of}`, output, range, { labels, mark: winner });
      const name = labels ? labels[winner] : `number ${winner + 1} of ${output.length}`;
      const change = t
        ? `Adding ${short(t)} r changes the input by ${percent(inputChange)} of its length, ` +
          `the output by ${scientific(outputChange)} of its own.`
        : "Nothing is added yet: t = 0.";
      return `${change} Largest output: ${name}.`;
    };
  });
}

export default { render };
