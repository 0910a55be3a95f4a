// A table of the matrices in a .safetensors file that the reader chooses or drops. A worker
// computes; nothing of the file leaves the machine.

const HEADS = ["name", "spectrum", "dtype", "m", "n", "rank", "condition number", "stable rank",
  "effective rank", "s1", "above", "below", "dead inputs", "dead outputs"];
const WORDS = new Set(["name", "dtype"]);
const MOST = 6;

// Answers { file, largest, gates, chance } with { total }, { share, name }, { row }, { skipped },
// and { damaged } or { done }.
export async function answer({ file, largest, gates, chance }, say) {
  try {
    const { found, skipped } = matricesOf(await headers(file), gates, largest);
    say({ total: found.length, skipped });
    const work = found.map(({ m, n }) => Math.min(m, n) ** 2 * Math.max(m, n));
    const all = work.reduce((sum, part) => sum + part, 0);
    let before = 0;
    for (const [i, { name, tensor, first, m, n }] of found.entries()) {
      const [dtype, wide, eps] = KINDS[tensor.kind];
      const start = tensor.start + first * n * wide;
      const held = await numbers(file, tensor.kind, start, start + m * n * wide);
      let last = 0;
      const columns = matrixRow(held, m, n, eps, chance, (share) => {
        if (performance.now() < last + 100) return;
        last = performance.now();
        say({ share: (before + share * work[i]) / all, name });
      });
      before += work[i];
      say({ row: { name, dtype, m, n, ...columns } });
    }
    say({ done: true });
  } catch (error) {
    if (!(error instanceof Damaged) && !(error instanceof DOMException)) throw error;
    say({ damaged: error.message });
  }
}

// The worker's text: what it needs of this file and the others, by their names.
export function workerText() {
  const parts = [Damaged, headers, numbers, matricesOf, reflector, triangle, bidiagonal];
  parts.push(tridiagonal, singularValues, chiQuantile, band, matrixRow, answer);
  return [
    ...parts.map(String),
    `const KINDS = ${JSON.stringify(KINDS)};`,
    "onmessage = ({ data }) => answer(data, (words) => postMessage(words));",
  ].join("\n");
}

// ---- Words: what was found, as vslib.report says it.

const list = (names) => {
  const all = names.map((name) => name || "the module itself");
  const few = all.length > MOST ? [...all.slice(0, MOST - 1), `${all.length - MOST + 1} more`] : all;
  return [few.slice(0, -1).join(", "), few.at(-1)].filter((words) => words).join(" and ");
};
const withEach = (rows, say) =>
  list(rows.map((row) => `${row.name || "the module itself"} (${say(row)})`));
const byLargest = (rows, value) => [...rows].sort((a, b) => value(b) - value(a));

export function findings(rows, skipped, kind) {
  const own = rows.filter((row) => !row.note);
  const weights = own.reduce((sum, { m, n }) => sum + m * n, 0);
  const digits = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
  const size = weights >= 1e6
    ? `${(weights / 1e6).toLocaleString("en", digits)} million` : weights.toLocaleString("en");
  const count = own.length === 1 ? "One matrix" : `${own.length} matrices`;
  const left = Object.keys(skipped).length;
  const found = [`${count} with ${size} weights in ${kind}${left ? `; left out, see below: ${left}` : ""}.`];
  if (own.length) {
    const full = ({ m, n }) => Math.min(m, n);
    const low = byLargest(own.filter((row) => row.rank < full(row)), (row) => -row.rank / full(row));
    found.push(low.length
      ? `Not of full rank: ${withEach(low, (row) => `${row.rank} of ${full(row)}`)}.`
      : "Each has the full rank of its shape.");
    for (const side of ["above", "below"]) {
      const out = byLargest(own.filter((row) => row[side] > 0), (row) => row[side]);
      const rest = own.length - out.length;
      const others = rest ? `; of the other ${rest}, none` : "";
      found.push(out.length
        ? `Singular values ${side} what chance shows: ${withEach(out, (row) => row[side])}${others}.`
        : `No singular value lies ${side} what a random matrix of that shape and scale shows.`);
    }
    for (const [side, of] of [["inputs", "n"], ["outputs", "m"]]) {
      const out = own.filter((row) => row[`dead ${side}`]);
      const named = withEach(out, (row) => `${row[`dead ${side}`]} of ${row[of]}`);
      if (out.length) found.push(`Dead ${side}, with weights that are all zero: ${named}.`);
    }
  }
  for (const note of new Set(rows.flatMap((row) => row.note ?? [])))
    found.push(`${list(rows.filter((row) => row.note === note).map((row) => row.name))}: ${note}.`);
  return found;
}

// ---- The table.

function read(value, head) {
  if (value === undefined) return "–";
  if (WORDS.has(head)) return value || "the module itself";
  if (Number.isInteger(value)) return value.toLocaleString("en");
  const size = Math.abs(value);
  return size >= 1e-4 && size < 1e6
    ? Number(value.toPrecision(3)).toLocaleString("en", { maximumSignificantDigits: 3 })
    : power(value, 3);
}

function sketch({ name, values, "chance smallest": low, "chance s1": high }) {
  if (!values?.[0]) return "";
  const WIDE = 130, HIGH = 34, top = Math.max(values[0], high ?? 0);
  const y = (v) => 2 + (HIGH - 4) * (1 - v / top), last = Math.max(1, values.length - 1);
  const places = [...new Set(Array.from({ length: 64 }, (_, i) => Math.round((i * last) / 63)))]
    .filter((i) => i < values.length);
  const points = places.map((i) => `${2 + (i * (WIDE - 4)) / last},${y(values[i])}`).join(" ");
  const band = high === undefined ? "" : `; chance shows ${short(low)} to ${short(high)}`;
  const label = `${name}: ${values.length} singular values, from ${short(values[0])} to ` +
    `${short(values.at(-1))}${band}`;
  return svg("svg", { role: "img", "aria-label": label, width: WIDE, height: HIGH },
    ...(band ? [svg("rect", { class: "vslib-band", x: 0, y: y(high), width: WIDE, height: Math.max(1, y(low) - y(high)) })] : []),
    places.length > 1
      ? svg("polyline", { class: "vslib-line", points })
      : svg("circle", { class: "vslib-bar", cx: 4, cy: y(values[0]), r: 2.5 }));
}

function tableOf() {
  const body = html("tbody", {});
  const heads = HEADS.map((head) => html("th", { scope: "col" },
    head === "spectrum" ? head : html("button", { type: "button" }, head)));
  heads.forEach((cell, at) => cell.querySelector("button")?.addEventListener("click", () => {
    const up = cell.getAttribute("aria-sort") === "descending";
    const key = (row) => row.cells[at].dataset.value, words = WORDS.has(HEADS[at]);
    const order = (a, b) => {
      if (key(a) === "" || key(b) === "") return (key(a) === "") - (key(b) === "");
      const less = words ? key(a).localeCompare(key(b), "en", { numeric: true }) : key(a) - key(b);
      return up ? less : -less;
    };
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    cell.setAttribute("aria-sort", up ? "ascending" : "descending");
    body.append(...[...body.rows].sort(order));
  }));
  const add = (row) => body.append(html("tr", {}, ...HEADS.map((head) => {
    if (head === "spectrum") return html("td", {}, sketch(row));
    const cell = head === "name" ? html("th", { scope: "row" }) : html("td", {});
    cell.textContent = read(row[head], head);
    cell.dataset.value = row[head] ?? "";
    return cell;
  })));
  const caption = "Press a heading to sort by it. Spectra: singular values from the largest on, over " +
    "zero, with what chance shows in grey.";
  const table = html("table", { class: "vslib-table" }, html("caption", {}, caption),
    html("thead", {}, html("tr", {}, ...heads)), body);
  const whole = html("div", { class: "vslib-scrolls", tabindex: 0, role: "group",
    "aria-label": "The matrices, one a row" }, table);
  return { whole, add, clear: () => body.replaceChildren() };
}

// ---- The control.

export function render({ model, el }) {
  const { example, named, gates, chance, largest } = model.get("spec");
  const input = html("input", { type: "file", accept: ".safetensors", class: "vslib-choose" });
  const show = html("button", { type: "button" }, `Show ${named}`);
  const stop = html("button", { type: "button", hidden: "" }, "Stop");
  const bar = html("progress", { max: 1, "aria-label": "matrices computed", hidden: "" });
  const drop = html("div", { class: "vslib-drop" },
    html("label", {}, "A .safetensors file, chosen or dropped here: ", input), show, stop, bar);
  const state = html("p", { class: "vslib-words", "data-live": "", "aria-live": "polite" });
  const words = html("ul", {}), table = tableOf();
  const left = html("dl", {}), rest = html("details", { hidden: "" },
    html("summary", {}, "What was left out"), left);
  table.whole.hidden = true;
  el.classList.add("vslib-view");
  el.append(drop, state, words, table.whole, rest);
  let worker = null, address = null, rows = [], skipped = {}, total = 0, kind = "";

  const end = (sentence) => {
    worker?.terminate();
    if (address) URL.revokeObjectURL(address);
    worker = address = null;
    stop.hidden = bar.hidden = true;
    state.textContent = sentence;
    if (rows.length) words.replaceChildren(...findings(rows, skipped, kind).map((s) => html("li", {}, s)));
  };
  const begin = (file, name) => {
    end("");
    rows = [];
    skipped = {};
    kind = name;
    words.replaceChildren();
    table.clear();
    table.whole.hidden = rest.hidden = true;
    stop.hidden = bar.hidden = false;
    bar.value = 0;
    state.textContent = `Reading ${name}.`;
    address = URL.createObjectURL(new Blob([workerText()], { type: "text/javascript" }));
    worker = new Worker(address);
    worker.onerror = (event) => {
      event.preventDefault();
      end(`${name} could not be computed: ${event.message}`);
    };
    worker.onmessage = ({ data }) => {
      if (data.total !== undefined) {
        ({ total, skipped } = data);
        left.replaceChildren(...Object.entries(skipped)
          .flatMap(([each, why]) => [html("dt", {}, each), html("dd", {}, why)]));
        rest.hidden = !Object.keys(skipped).length;
        if (!total) end(`${name}: no tensor that is a matrix of floats.`);
      }
      if (data.share !== undefined) bar.value = data.share;
      if (data.row) {
        rows.push(data.row);
        table.add(data.row);
        table.whole.hidden = false;
      }
      if (data.damaged) end(`${name}: ${data.damaged}.`);
      if (data.done && total) end(`${name}: all ${total} matrices computed, on this machine.`);
    };
    worker.postMessage({ file, gates, chance, largest });
  };
  input.addEventListener("change", () => input.files[0] && begin(input.files[0], input.files[0].name));
  show.addEventListener("click", () => begin(new Blob([example]), named));
  stop.addEventListener("click", () => {
    end(`Stopped after ${rows.length} of ${total} matrices.`);
    show.focus();
  });
  drop.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("vslib-over");
  });
  drop.addEventListener("dragleave", () => drop.classList.remove("vslib-over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("vslib-over");
    const [file] = event.dataTransfer.files;
    if (file) begin(file, file.name);
  });
  return () => end("");
}

export default { render };
