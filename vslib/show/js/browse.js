// Frames that were computed beforehand: the controls choose which one each panel shows.

async function render({ model, el }) {
  const { panels, controls, words } = model.get("spec");
  const lengths = controls.map(({ options }) => options.length);
  const loaded = await Promise.all(panels.map(async (panel) => {
    const frames = await unpack(panel.frames), band = panel.band && (await unpack(panel.band));
    const [h, w] = frames.shape, picture = w !== undefined;
    return { ...panel, frames, band, picture, wide: !picture || w > 2 * h };
  }));
  const wide = loaded.filter((panel) => panel.wide).length, narrow = loaded.length - wide;
  const columns = 2 * wide + narrow < 6 ? 2 * wide + narrow : 4;
  return live(model, el, [columns, narrow === 3 ? 3 : 2], (stage) => {
    const draws = loaded.map((panel) => {
      const show = panel.picture ? image(stage, panel.wide) : chart(stage, panel.kind);
      return (chosen) => {
        const pick = (all) => panel.axes.map((axis) => all[axis]);
        const at = position(pick(chosen), pick(lengths));
        const label = [panel.alt, choice(pick(controls), pick(chosen))].filter(Boolean).join("; ");
        const values = panel.frames.frame(at);
        if (panel.picture) {
          const scale = panel.scales ? panel.scales[at % panel.scales.length] : null;
          const shown = panel.scales ? times(scale, values) : values;
          return show(panel.title, label, shown, panel.frames.shape, scale);
        }
        // NaN at the end is no gap, but fills up what is shorter than other frames.
        const end = values.findLastIndex((v) => !Number.isNaN(v)) + 1;
        show(panel.title, label, values.slice(0, end), panel.range, {
          labels: panel.labels,
          band: panel.band && panel.band.frame(at),
          mark: panel.mark === null ? null : chosen[panel.mark],
        });
      };
    });
    return (chosen) => {
      for (const draw of draws) draw(chosen);
      return words[position(chosen, lengths)];
    };
  });
}

export default { render };
