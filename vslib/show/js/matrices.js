// A file of weights that the reader drops or chooses, read in the page; no byte of it goes anywhere.

// A table with a row for each matrix, sorted by the heading that is pressed.
function table(say) {
  const body = html("tbody", {}), heads = [], names = Object.keys(MEANINGS), rows = [];
  const shown = () => names.filter((name) => rows.some(({ row }) => row[name] !== undefined));
  let key = null, up = false;
  const sorted = () => (key === null ? rows : [...rows].sort((a, b) => {
    const [x, y] = [a.row[key], b.row[key]];
    if (x === undefined || y === undefined) return (x === undefined) - (y === undefined);
    const order = WORDS.includes(key) ? x.localeCompare(y, "en", { numeric: true }) : x - y;
    return up ? order : -order;
  }));
  const sortBy = (name) => {
    [key, up] = [name, key === name && !up];
    fill();
    const way = WORDS.includes(name) ? ["from Z to A", "from A to Z"] : ["largest first", "smallest first"];
    say(`Sorted by ${name}, ${way[Number(up)]}.`);
  };
  const head = html("tr", {});
  for (const name of [...names.slice(0, 1), "spectrum", ...names.slice(1)]) {
    const cell = html("th", { scope: "col" });
    if (name === "spectrum") cell.append(name);
    else {
      const button = html("button", { type: "button" }, name);
      button.addEventListener("click", () => sortBy(name));
      cell.append(button);
    }
    heads.push([name, cell]);
    head.append(cell);
  }
  const cell = ({ row, picture }, name) => {
    if (name === "name") return html("th", { scope: "row" }, row.name || "the module itself");
    if (name === "spectrum") return html("td", {}, picture);
    const value = row[name], word = WORDS.includes(name), look = word ? { class: "vslib-left" } : {};
    const kept = { "data-column": name, "data-value": String(value ?? "") };
    return html("td", { ...look, ...kept }, word ? value ?? "–" : number(value));
  };
  const fill = () => {
    const there = ["spectrum", ...shown()];
    for (const [name, cell] of heads) {
      cell.hidden = !there.includes(name);
      if (name === key) cell.setAttribute("aria-sort", up ? "ascending" : "descending");
      else cell.removeAttribute("aria-sort");
    }
    const columns = heads.map(([name]) => name).filter((name) => there.includes(name));
    body.replaceChildren(...sorted().map((entry) =>
      html("tr", {}, ...columns.map((name) => cell(entry, name)))));
  };
  const clear = () => { [rows.length, key] = [0, null]; fill(); };
  const add = (row, values) => { rows.push({ row, picture: spectrum(row, values) }); fill(); };
  const whole = html("div", { class: "vslib-rows", tabindex: 0, role: "group",
    "aria-label": "The matrices, one a row" }, html("table", {}, html("thead", {}, head), body));
  return { whole, clear, add, rows: () => rows.map(({ row }) => row) };
}

// A list of terms and what is said of each, behind a line that opens it.
function terms(title) {
  const inside = html("dl", {}), whole = html("details", {}, html("summary", {}, title), inside);
  const fill = (pairs) => {
    whole.hidden = !pairs.length;
    inside.replaceChildren(...pairs.flatMap(([name, words]) => [
      html("dt", {}, name || "the module itself"), html("dd", {}, words)]));
  };
  return { whole, fill };
}

async function render({ model, el }) {
  const { begin, worker: source } = model.get("spec"), id = `vslib-file-${Math.random().toString(36).slice(2)}`;
  const input = html("input", { type: "file", accept: ".safetensors", id });
  const stop = html("button", { type: "button" }, "Stop");
  const bar = html("progress", { max: 1, value: 0, "aria-label": "share of the work that is done" });
  const now = html("span", {}), working = html("div", { class: "vslib-working" }, bar, now, stop);
  const zone = html("div", { class: "vslib-place" },
    html("label", { for: id }, "A .safetensors file: choose it, or drop it here"), input,
    html("small", {}, "It is read in this page and sent nowhere."));
  const said = html("div", { class: "vslib-words", "data-live": "", "aria-live": "polite" });
  const explained = html("p", { class: "vslib-small" }, "A row is a matrix as it is stored: the " +
    "first axis against all others. Spectra: singular values from the largest on, over zero, with " +
    "what chance shows in grey.");
  const order = html("p", { class: "vslib-small", "data-live": "", "aria-live": "polite" });
  const shown = table((words) => { order.textContent = words; });
  const meant = terms("What the columns mean"), left = terms("What was left out, and why");
  meant.fill(Object.entries(MEANINGS));
  el.classList.add("vslib-view", "vslib-matrices");
  el.append(zone, working, said, explained, order, shown.whole, meant.whole, left.whole);

  let task = null, address = "", skipped = {}, kind = "";
  const say = (...lines) => said.replaceChildren(...lines.map((line) => html("p", {}, line)));
  const clear = (name, reasons = {}) => {
    [kind, skipped] = [name, reasons];
    shown.clear();
    left.fill(Object.entries(reasons));
    order.textContent = "Press a heading to sort the rows by it.";
  };
  const tell = (...before) => {
    const found = sentences(shown.rows(), Object.keys(skipped).length, kind);
    said.replaceChildren(...before.map((line) => html("p", {}, line)),
      html("ul", {}, ...found.map((sentence) => html("li", {}, sentence))));
  };
  const end = () => {
    task?.terminate();
    URL.revokeObjectURL(address);
    task = null;
    working.hidden = true;
  };

  let count = 0;
  const HEARD = {
    start: ({ start, skipped: reasons }) => { count = start; clear(kind, reasons); },
    now: ({ now: name, m, n, share }) => {
      bar.value = share;
      now.textContent = `${name || "the module itself"}, ${m} × ${n}: ${shown.rows().length + 1} of ${count}`;
    },
    row: ({ row, values }) => shown.add(row, values),
    failed: ({ failed }) => { end(); say(`${kind}: ${failed}.`); },
    end: () => { end(); tell(); },
  };
  const read = (file) => {
    end();
    clear(file.name);
    address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    task = new Worker(address);
    task.onmessage = ({ data }) => HEARD[Object.keys(HEARD).find((key) => key in data)](data);
    task.onerror = (event) => {
      event.preventDefault();
      HEARD.failed({ failed: `expected to read it here, got "${event.message ?? "no worker"}"` });
    };
    [working.hidden, bar.value, now.textContent] = [false, 0, ""];
    say(`Reading ${file.name}.`);
    task.postMessage(file);
  };
  input.addEventListener("change", () => input.files.length && read(input.files[0]));
  stop.addEventListener("click", () => {
    const have = shown.rows().length;
    end();
    input.focus();
    if (have) tell(`Stopped after ${have} of ${count} matrices.`);
    else say("Stopped before the first matrix was done.");
  });
  for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
    el.addEventListener(kind, (event) => {
      event.preventDefault();
      event.stopPropagation();
      zone.classList.toggle("vslib-held", kind === "dragenter" || kind === "dragover");
      if (kind !== "drop" || !event.dataTransfer.files.length) return;
      input.files = event.dataTransfer.files;
      read(input.files[0]);
    });
  }

  end();
  clear(begin.kind, begin.skipped);
  const spectra = await unpack(begin.spectra);
  begin.rows.reduce((first, row) => {
    const last = first + (row.note === undefined ? Math.min(row.m, row.n) : 1);
    shown.add(row, spectra.frame(0).slice(first, last));
    return last;
  }, 0);
  tell(`To begin with, ${begin.kind}:`);
  return end;
}

export default { render };
