// The map of a small ReLU network on the plane through three images; cells.js finds its regions.

// P. Tol's "light" colours and one more: told apart by colour-blind eyes, and black reads on them.
const COLOURS = ["#77aadd", "#ee8866", "#eedd88", "#ffaabb", "#99ddff", "#44bb99", "#bbcc33",
  "#aaaa00", "#dddddd", "#bb99cc"];
const NAMES = "ABC";

// The map: polygons in the colour of the answer, thick where it changes, its name where there is room.
function drawn(regions, labels, place, wide, taken) {
  const path = (points) => `M${points.map((p) => place(p).map((v) => v.toFixed(2))).join("L")}`;
  const fills = labels.map((_, k) => regions.filter(({ answer }) => answer === k)
    .map(({ polygon }) => `${path(polygon)}Z`).join(""));
  const border = regions.flatMap(({ polygon, functions, answer }) => polygon.flatMap((p, i) => {
    const q = polygon[(i + 1) % polygon.length], middle = times(0.5, add(p, q));
    const values = functions.map((f) => at(f, middle)), top = values[answer];
    const near = 1e-9 * magnitude(values);
    const tie = values.some((v, k) => k !== answer && top - v <= near);
    return tie ? [path([p, q])] : [];
  })).join("");
  const whole = regions.reduce((sum, { size }) => sum + size, 0), named = [];
  [...regions].sort((a, b) => b.size - a.size).forEach(({ polygon, answer, size }) => {
    const [x, y] = place(times(1 / polygon.length, polygon.reduce(add)));
    const far = (n) => n.answer !== answer || Math.hypot(n.x - x, n.y - y) > 0.4 * wide;
    const free = (n) => Math.hypot(n.x - x, n.y - y) > 24;
    const seen = [x, y].every((v) => v > 12 && v < wide - 12) &&
      taken.every(([left, top]) => Math.hypot(left - x, top - y) > 40);
    if (seen && size > 0.0015 * whole && named.every((n) => far(n) && free(n)))
      named.push({ answer, x, y });
  });
  return [
    fills.map((d, k) => (d ? svg("path", { class: "vslib-part", style: `--part: ${COLOURS[k]}`, d }) : "")),
    svg("path", { class: "vslib-border", d: border }),
    named.map(({ answer, x, y }) => svg("text", { class: "vslib-answer", x, y: y + 6 }, labels[answer])),
  ].flat();
}

// An image of h x w values in [0, 1] as the address of a picture.
function thumbnail(values, [height, width]) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const pixels = new ImageData(width, height);
  values.forEach((v, i) => pixels.data.set([...grey(v), 255], 4 * i));
  canvas.getContext("2d").putImageData(pixels, 0, 0);
  return canvas.toDataURL();
}

// Two rows of squares for each hidden layer: filled where the unit is active.
function units(stage) {
  const picture = svg("svg", { class: "vslib-units" }), { show } = panel(stage, picture);
  return (pattern) => {
    let y = 1;
    const squares = pattern.flatMap((on) => {
      const top = y;
      y += 13 * Math.ceil(on.length / 8) + 8;
      return on.map((active, i) => svg("rect", {
        class: active ? "vslib-on" : "vslib-off",
        x: 1 + 13 * (i % 8), y: top + 13 * Math.floor(i / 8), width: 10, height: 10,
      }));
    });
    picture.setAttribute("viewBox", `0 0 104 ${y - 8}`);
    picture.replaceChildren(...squares);
    const all = pattern.map((on, l) => `layer ${l + 1}: ${on.filter(Boolean).length} of ${on.length}`);
    const numbers = pattern.map((on, l) =>
      `layer ${l + 1}, ${on.flatMap((active, i) => (active ? [i + 1] : [])).join(" ") || "none"}`);
    show("active units", `active units, ${all.join("; ")}; by number: ${numbers.join("; ")}`);
  };
}

const listed = (words) =>
  words.length > 1 ? `${words.slice(0, -1).join(", ")} and ${words.at(-1)}` : words[0];

async function render({ model, el }) {
  const { images, firsts, size, layers, controls, labels } = model.get("spec");
  const [pictures, values] = await Promise.all([images, firsts].map(unpack));
  const loaded = await Promise.all(layers.map(async ({ W, b }) => {
    const [all, bias] = await Promise.all([W, b].map(unpack)), width = all.shape[1];
    const flat = all.frame(0), rows = bias.frame(0).map((_, i) => flat.slice(i * width, (i + 1) * width));
    return { W: rows, b: bias.frame(0) };
  }));
  const sliders = await held(model);
  return live(model, el, [4, 2], (stage, again) => {
    const picture = svg("svg", { class: "vslib-map", viewBox: "0 0 1 1" });
    const { show } = panel(stage, picture, true), body = picture.parentElement;
    picture.closest("figure").classList.add("vslib-large");
    const keys = "the probe: arrow keys move it, with Shift farther";
    for (const [name, value] of [["tabindex", "0"], ["role", "application"], ["aria-label", keys]])
      body.setAttribute(name, value);
    const showImage = image(stage), showUnits = units(stage), showOutputs = chart(stage, "bars");
    const map = svg("g", {}), here = svg("path", { class: "vslib-here" });
    const frame = svg("path", { class: "vslib-triangle" });
    const mark = svg("path", { class: "vslib-mark", d: "M-11 0H-4M4 0H11M0-11V-4M0 4V11" });
    const corners = [...NAMES].map((name, i) => corner(name, sliders[i], controls[i]));
    picture.append(map, frame, here, ...corners.map(({ node }) => node), mark);
    let probe = [1 / 3, 1 / 3, 1 / 3], drawnFor = "", state = null;

    const build = (chosen, wide) => {
      const inputs = chosen.map((i) => pictures.frame(i)), plane = coordinates(inputs);
      if (!plane) return null;
      const regions = subdivide(plane, chosen.map((i) => values.frame(i)), size, loaded)
        .map((region) => ({ ...region, size: area(region.polygon) }));
      const [low] = plane.window, side = plane.window[1][0] - low[0];
      const place = ([x, y]) => [((x - low[0]) * wide) / side, wide - ((y - low[1]) * wide) / side];
      const outputs = regions.flatMap(({ polygon, functions }) =>
        polygon.flatMap((p) => functions.map((f) => at(f, p))));
      const ends = outputs.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [0, 0]);
      const cells = new Set(regions.map(({ pattern }) => pattern.flat().map(Number).join(""))).size;
      picture.setAttribute("viewBox", `0 0 ${wide} ${wide}`);
      frame.setAttribute("d", `M${plane.points.map(place).join("L")}Z`);
      const middle = [wide / 2, wide / 2], thumb = Math.min(46, wide / 9);
      const beside = plane.points.map(place).map((p) => {
        const out = add(p, times(-1, middle));
        return add(p, times((0.75 * thumb) / Math.hypot(...out), out));
      });
      map.replaceChildren(...drawn(regions, labels, place, wide, beside));
      corners.forEach(({ put }, i) => put(beside[i], thumb, thumbnail(inputs[i], pictures.shape)));
      return { inputs, regions, place, plane, side, ends, cells };
    };

    // Where a point of the plane lies between the corners, and back.
    const shares = ([x, y]) => {
      const [, [length], [u, height]] = state.plane.points, c = y / height;
      const b = (x - u * c) / length;
      return [1 - b - c, b, c];
    };
    const point = () => probe.map((t, i) => times(t, state.plane.points[i])).reduce(add);
    const move = ([x, y]) => {
      const [low, , high] = state.plane.window;
      const within = (v, k) => Math.max(low[k], Math.min(high[k], v));
      probe = shares([within(x, 0), within(y, 1)]);
      again();
    };
    body.addEventListener("keydown", (event) => {
      const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
      if (!way || !state) return;
      event.preventDefault();
      move(add(point(), times((event.shiftKey ? 0.05 : 0.01) * state.side, way)));
    });
    const follow = (event) => {
      if (!state || event.buttons > 1 || corners.some(({ busy }) => busy())) return;
      const { left, top, width } = picture.getBoundingClientRect(), [low] = state.plane.window;
      const unit = state.side / width;
      move([low[0] + (event.clientX - left) * unit, low[1] + (width - event.clientY + top) * unit]);
    };
    picture.addEventListener("pointermove", follow);
    picture.addEventListener("pointerdown", follow);

    return (chosen) => {
      const wide = picture.clientWidth || 540, wanted = [...chosen, wide].join();
      if (wanted !== drawnFor) {
        state = build(chosen, wide);
        drawnFor = wanted;
      }
      const names = chosen.map((i, k) => controls[k].options[i]);
      if (!state) {
        [map, here, frame, mark].forEach((node) => node.replaceChildren());
        [here, frame].forEach((node) => node.removeAttribute("d"));
        show("no plane", `no plane passes through ${listed(names)} alone`);
        return "Three corners that are equal, or on a line, span no plane: choose another one.";
      }
      const { inputs, regions, place, plane, ends, cells } = state;
      const p = point(), [x, y] = place(p);
      const region = regions.find(({ polygon }) => holds(polygon, p)) ??
        regions[largest(regions.map(({ polygon }) => -Math.hypot(...add(p, times(-1, polygon[0])))))];
      const { functions, pattern, answer, polygon } = region;
      here.setAttribute("d", `M${polygon.map(place).join("L")}Z`);
      mark.setAttribute("transform", `translate(${x} ${y})`);
      const mixture = probe.map((t, i) => times(t, inputs[i])).reduce(add);
      const signs = probe.map((t, i) => (t <= -0.005 ? "− " : i ? "+ " : ""));
      const mixed = probe.map((t, i) => `${signs[i]}${Math.abs(t).toFixed(2)} ${NAMES[i]}`).join(" ");
      showImage("image at the probe", `the image at the probe, cut to [0, 1], ${mixed}`, mixture, pictures.shape);
      showUnits(pattern);
      showOutputs("outputs", `the outputs at the probe, ${mixed}`, functions.map((f) => at(f, p)),
        ends, { labels, mark: answer });
      const whole = regions.reduce((sum, { size }) => sum + size, 0);
      const parts = labels.map((label, k) => [label,
        regions.reduce((sum, r) => sum + (r.answer === k ? r.size : 0), 0) / whole])
        .filter(([, share]) => share).sort((a, b) => b[1] - a[1]);
      const answers = parts.map(([label, share]) =>
        `${label} on ${share < 0.0005 ? "less than " : ""}${percent(Math.max(share, 0.001))}`);
      const title = `plane through A, ${names[0]}, B, ${names[1]}, and C, ${names[2]}`;
      show("the plane through A, B and C, coloured by the answer", `map of the ${title}, in ` +
        `${regions.length} polygons; by area the answer is ${listed(answers)}`);
      const active = pattern.map((on) => `${on.filter(Boolean).length} of ${on.length}`);
      return `At the probe, ${mixed}, the answer is ${labels[answer]}; active are ` +
        `${listed(active)} units. The square has ${cells} cells, in ${regions.length} polygons ` +
        `where the answer cuts them. By area the answer is ${listed(answers)}.`;
    };
  });
}

// A corner's digit, which is dragged to the left or the right through the stored ones.
function corner(name, slider, { key, first, options }) {
  const picture = svg("image", { preserveAspectRatio: "none" }), rim = svg("rect", {});
  const node = svg("g", { class: "vslib-corner" }, picture, rim, svg("text", { x: 3, y: 15 }, name),
    svg("title", {}, `${name}: drag left or right`));
  let from = null;
  const go = (index) => {
    slider.set(key, first + Math.max(0, Math.min(options.length - 1, index)));
    slider.save_changes();
  };
  node.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    node.setPointerCapture(event.pointerId);
    from = { x: event.clientX, index: slider.get(key) - first };
  });
  node.addEventListener("pointermove", (event) => {
    if (!from) return;
    const index = from.index + Math.round((event.clientX - from.x) / 12);
    if (index !== slider.get(key) - first) go(index);
  });
  for (const end of ["pointerup", "pointercancel"]) node.addEventListener(end, () => { from = null; });
  const put = ([x, y], size, address) => {
    picture.setAttribute("href", address);
    for (const side of ["width", "height"])
      for (const part of [picture, rim]) part.setAttribute(side, size);
    node.setAttribute("transform", `translate(${x - size / 2} ${y - size / 2})`);
  };
  return { node, put, busy: () => from !== null };
}

export default { render };
