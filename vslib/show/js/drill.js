// Exercises without end: a matrix from a seed, cells for the answers, marks, the solution in steps.

const MATH = "http://www.w3.org/1998/Math/MathML";
const mathNode = (tag, attributes, ...children) =>
  filled(document.createElementNS(MATH, tag), attributes, children);

function mathNumber([n, d]) {
  const size = mathNode("mn", {}, String(Math.abs(n)));
  const value = d === 1 ? size : mathNode("mfrac", {}, size, mathNode("mn", {}, String(d)));
  return n < 0 ? mathNode("mrow", {}, mathNode("mo", { form: "prefix" }, "−"), value) : value;
}

// name = matrix, as every browser draws it, and in words for those who hear it.
function matrixNode(name, rows) {
  const cells = rows.map((row) => mathNode("mtr", {}, ...row.map((v) => mathNode("mtd", {}, mathNumber(v)))));
  const words = rows.map((row, i) => `row ${i + 1}: ${row.map(written).join(", ")}`).join("; ");
  // Not every machine has a font whose parentheses grow: borders do.
  return html("div", { class: "vslib-formula", role: "img", "aria-label": `${name || "matrix"}: ${words}` },
    ...(name ? [`${name} = `] : []),
    html("span", { "aria-hidden": "true" }, mathNode("math", {}, mathNode("mtable", {}, ...cells))));
}

const TASKS = {
  subspaces: "Find the rank of W, and a basis of each of its four subspaces. Any basis will do.",
  projection: "Find the two parts of x: its projection onto Signal(W), and what W rejects of it.",
  pseudoinverse: "Find the pseudoinverse of W.",
};
const TITLES = {
  rank: "Rank of W", ...NAMES, "signal part": "Signal part of x", "rejected part": "Rejected part of x",
  pseudoinverse: "W⁺, the pseudoinverse",
};

// Cells of h rows of w, and what the reader has written there. name(i, j) is what a cell is called;
// the look says what stands between parentheses: "fenced", each row ("across") or nothing ("single").
function grid(h, w, name, look) {
  const cells = Array.from({ length: h }, (_, i) => Array.from({ length: w }, (_, j) =>
    html("input", { type: "text", autocomplete: "off", spellcheck: "false", "aria-label": name(i, j) })));
  const rows = cells.map((row) => html("div", {}, ...row));
  const node = html("div", { class: `vslib-cells vslib-${look}`, style: `--wide: ${w}` }, ...rows);
  return { node, cells, texts: () => cells.map((row) => row.map((cell) => cell.value)) };
}

// A part of the answer: its cells, and under them what is said of them.
function part(key, content, cells) {
  const reply = html("p", { class: "vslib-reply" });
  const node = html("fieldset", {}, html("legend", {}, TITLES[key]), ...content, reply);
  const say = ({ right, words, wrong }) => {
    reply.className = `vslib-reply vslib-${right ? "right" : "wrong"}`;
    reply.textContent = `${right ? "✓" : "✗"} ${words}`;
    cells().forEach((row, i) => row.forEach((cell, j) =>
      cell.setAttribute("aria-invalid", String(wrong.some(([k, l]) => k === i && l === j)))));
  };
  return { key, node, say };
}

function rankPart(asked) {
  const { node, cells, texts } = grid(1, 1, () => "rank of W", "single");
  const made = part("rank", [node], () => cells);
  return { ...made, mark: () => markRank(asked, texts()[0][0]) };
}

function basisPart(asked, key) {
  const size = key.endsWith("out") ? asked.W.length : asked.W[0].length, space = SHORT[key];
  const options = ["–", ...Array.from({ length: size + 1 }, (_, k) => String(k))];
  const choose = html("select", { "aria-label": `dimension of ${space}` }, ...options.map((words) => html("option", {}, words)));
  const place = html("div", {});
  let vectors = null;
  choose.addEventListener("change", () => {
    const before = vectors?.texts() ?? [], count = choose.selectedIndex - 1;
    vectors = count < 0 ? null : grid(count, size, (i, j) => `vector ${i + 1}, entry ${j + 1}, of ${space}`, "across");
    vectors?.cells.forEach((row, i) => row.forEach((cell, j) => { cell.value = before[i]?.[j] ?? ""; }));
    place.replaceChildren(...(count > 0 ? [vectors.node] : []));
  });
  const dimension = html("label", {}, "dimension ", choose);
  const made = part(key, [dimension, place], () => vectors?.cells ?? []);
  return { ...made, mark: () => markBasis(asked, key, vectors?.texts() ?? null) };
}

function partsOf(asked) {
  const { kind, W } = asked, n = W[0].length;
  if (kind === "subspaces") return [rankPart(asked), ...Object.keys(NAMES).map((key) => basisPart(asked, key))];
  if (kind === "pseudoinverse") {
    const { node, cells, texts } = grid(n, W.length, (i, j) => `row ${i + 1}, column ${j + 1} of W⁺`, "fenced");
    return [{ ...part(kind, [node], () => cells), mark: () => markInverse(asked, texts()) }];
  }
  const grids = ["signal", "rejected"].map((key) => [key, grid(1, n, (_, j) => `entry ${j + 1} of the ${key} part`, "across")]);
  const texts = () => Object.fromEntries(grids.map(([key, made]) => [key, made.texts()[0]]));
  return grids.map(([key, { node, cells }]) =>
    ({ ...part(`${key} part`, [node], () => cells), mark: () => markParts(asked, texts())[key] }));
}

const button = (words, act, attributes = {}) => {
  const node = html("button", { type: "button", ...attributes }, words);
  if (act) node.addEventListener("click", act);
  return node;
};

// The paper of one exercise: question, cells, marks, solution. tell(words) speaks to the reader.
function paper(asked, tell) {
  const parts = partsOf(asked), solution = html("ol", { class: "vslib-steps" }), all = steps(asked);
  const given = html("div", { class: "vslib-given" }, matrixNode("W", asked.W),
    ...(asked.x ? [matrixNode("x", asked.x.map((v) => [v]))] : []));
  const check = () => {
    const marks = parts.map(({ key, mark, say }) => {
      const found = mark();
      say(found);
      return [TITLES[key].split(",")[0], found];
    });
    const [slip] = marks.filter(([, found]) => !found.right), count = marks.filter(([, found]) => found.right).length;
    tell(`${count} of ${marks.length} right. ${slip ? `${slip[0]}: ${slip[1].words}` : "That is all of it."}`);
  };
  const more = button("Show a step of the solution", () => {
    const count = solution.children.length;
    if (count === all.length) return tell(`That was the last of ${count} steps.`);
    const [title, ...blocks] = all[count];
    solution.append(html("li", {}, html("strong", {}, title),
      ...blocks.map((block) => (Array.isArray(block) ? matrixNode(...block) : html("p", {}, block)))));
    const said = blocks.filter((block) => !Array.isArray(block)).join(" ");
    tell(`Step ${count + 1} of ${all.length}, ${title}: ${said}`);
  });
  const form = html("form", { novalidate: "" }, html("p", {}, TASKS[asked.kind]), given, ...parts.map(({ node }) => node),
    html("div", { class: "vslib-buttons" }, html("button", { type: "submit" }, "Check"), more));
  form.addEventListener("submit", (event) => { event.preventDefault(); check(); });
  return [form, solution];
}

// The number of the exercise, and what leads to another one or brings others to this.
function heading(label, go, tell) {
  const number = html("input", { type: "number", min: "1", max: String(LAST), step: "1", "aria-label": "number of the exercise" });
  number.addEventListener("change", () => {
    const wanted = Number(number.value);
    if (Number.isInteger(wanted) && wanted >= 1 && wanted <= LAST) return go(wanted);
    tell(`Number of the exercise: expected a whole number from 1 to ${LAST}.`);
  });
  const next = button("Next exercise", () => go((Number(label().split("-")[2]) % LAST) + 1));
  const copy = button("Copy link", async () => {
    history.replaceState(history.state, "", address(label()));
    try {
      await navigator.clipboard.writeText(location.href);
      tell(`The link to exercise ${label()} is copied.`);
    } catch {
      tell("The address of this page leads to this exercise now: copy it there.");
    }
  });
  const node = html("div", { class: "vslib-buttons vslib-number" }, html("label", {}, "exercise ", number), next,
    ...(published() ? [copy] : []));
  return { node, number };
}

// Only a page of the book has an address of its own to write to; a notebook's belongs to its host.
const published = () => document.documentElement.dataset.content_root !== undefined;
const address = (label) => `${location.href.split("#")[0]}#drill=${label}`;

async function render({ model, el }) {
  const { kinds, seed } = model.get("spec"), sliders = await held(model), stop = [];
  stop.push(await live(model, el, [1, 1], (stage, again) => {
    let [now, at, said] = ["", seed, ""];
    const tell = (words) => { said = words; again(); };
    const go = (wanted) => { at = wanted; again(); };
    const { node, number } = heading(() => now, go, tell), place = html("div", {});
    stage.classList.add("vslib-drill");
    stage.append(node, place);
    const arrive = () => {
      const wanted = fromAddress(published() ? location.hash : "");
      if (!wanted || !kinds.includes(wanted.kind)) return;
      at = wanted.seed;
      const values = kinds.length > 1 ? [kinds.indexOf(wanted.kind), wanted.level] : [wanted.level];
      model.get("spec").controls.forEach(({ key }, i) => sliders[i].set(key, values[i]));
      again();
      requestAnimationFrame(() => (el.closest(".vslib") ?? el).scrollIntoView());
    };
    addEventListener("hashchange", arrive);
    stop.push(() => removeEventListener("hashchange", arrive));
    queueMicrotask(arrive);
    return (positions) => {
      const [level, kind] = [positions.at(-1) + 1, kinds.length > 1 ? kinds[positions[0]] : kinds[0]];
      const label = `${kind}-${level}-${at}`;
      if (label !== now) {
        if (now && published()) history.replaceState(history.state, "", address(label));
        now = label;
        said = `Exercise ${label}.`;
        number.value = String(at);
        place.replaceChildren(...paper(exercise(kind, level, at), tell));
      }
      return said;
    };
  }));
  return () => stop.forEach((each) => each());
}

export default { render };
