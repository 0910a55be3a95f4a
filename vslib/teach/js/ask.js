// Questions as plain forms (form.ask): judges an answer and says why, in a line that screen readers
// follow. Native controls, so that keyboard and speech need nothing special. A classic script that
// may be loaded any number of times: a notebook brings it with every question.

(() => {
  // A number as readers type it: 3/4, 1e-3, 0,5, 40 %, with the minus sign of any keyboard.
  const number = (text) => {
    const plain = text.trim().replace(/[−–]/g, "-").replace(/\s/g, "").replace(/^([^.,]*),([^.,]*)$/, "$1.$2");
    const share = plain.endsWith("%") ? 100 : 1;
    const parts = plain.replace(/%$/, "").split("/");
    const is = (part) => /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(part);
    if (parts.length > 2 || !parts.every(is)) return NaN;
    const value = Number(parts[0]) / Number(parts[1] ?? 1) / share;
    return Number.isFinite(value) ? value : NaN;
  };

  // Whether a number is right, or which slip it is. A share may have been typed as a percentage.
  const judgeNumber = (q, given) => {
    const value = number(given), thousands = number(given.replace(/,/g, ""));
    const grouped = /^\s*[-+−–]?\d{1,3}(,\d{3})+\s*$/.test(given); // 1,024 may be either
    if (Number.isNaN(grouped ? thousands : value)) return { right: null, why: "Type a number, such as 12, 0.5, 3/4, 40 % or 1e-3." };
    if (q.kind === "guess") return { right: true, word: "Noted.", why: q.why };
    const near = (wanted) => [value, ...(grouped ? [thousands] : [])]
      .some((v) => Math.abs(v - wanted) <= q.tolerance + 1e-9 * Math.abs(wanted));
    if (near(q.answer)) return { right: true, why: q.why };
    const slip = q.slips.find((s) => near(s.value));
    if (slip) return { right: false, why: slip.why };
    const percent = q.answer > 0 && q.answer <= 1 && Math.abs(value / 100 - q.answer) <= q.tolerance;
    return { right: false, why: percent ? `Do you mean ${given.trim()} %? Then type the sign too.` : q.hint };
  };

  // What to say of the options that are marked: why each wrong one is wrong, or what is missing.
  const judgeChoice = (q, given) => {
    if (given.length === 0) return { right: null, why: "Choose first, then check." };
    const marked = given.map((i) => q.options[i]), wrong = marked.filter((o) => !o.right);
    const missing = q.options.some((o, i) => o.right && !given.includes(i));
    if (wrong.length) return { right: false, why: wrong.map((o) => o.why).join(" ") };
    if (missing) return { right: false, why: "So far all right, but not all that is." };
    return { right: true, why: marked.map((o) => o.why).join(" ") };
  };

  // The reader's answers stay in this browser, where it lets them; nothing is sent.
  const name = (key) => `ask:${key}`;
  const recall = (key) => {
    try { return JSON.parse(localStorage.getItem(name(key))); } catch { return null; }
  };
  const keep = (key, value) => {
    try { localStorage.setItem(name(key), JSON.stringify(value)); } catch { /* a private window */ }
  };

  const wake = (form) => {
    form.dataset.awake = "";
    const q = JSON.parse(form.dataset.question), said = form.querySelector("[role=status]");
    const boxes = [...form.querySelectorAll("[type=radio], [type=checkbox]")];
    const field = form.querySelector("[type=text]"), skip = form.querySelector(".ask-skip");
    const given = () => (field ? field.value : boxes.flatMap((box, i) => (box.checked ? [i] : [])));
    const open = () => {
      if (!skip) return;
      form.dataset.gate = "open";
      if (document.activeElement === skip) form.querySelector("[type=submit]").focus();
      skip.hidden = true;
    };
    const check = () => {
      const { right, word, why } = (field ? judgeNumber : judgeChoice)(q, given());
      form.dataset.result = right === null ? "" : right ? "right" : "wrong";
      const first = word ?? (right === null ? "" : right ? "Right." : "Not yet.");
      said.innerHTML = `<strong>${first}</strong> ${why}`;
      globalThis.MathJax?.typesetPromise?.([said]);
      if (right === null) return;
      open();
      keep(q.key, { given: given(), right });
      document.dispatchEvent(new CustomEvent("vslib-ask", { detail: { key: q.key, right } }));
    };
    // Keys pressed here are no commands of JupyterLab, where x cuts the cell: it asks the element itself.
    form.addEventListener("focusin", ({ target }) => target.setAttribute("data-lm-suppress-shortcuts", "true"));
    form.addEventListener("submit", (event) => { event.preventDefault(); check(); });
    skip?.addEventListener("click", () => { open(); said.textContent = "Shown below."; });

    const before = recall(q.key); // what was answered on an earlier visit
    if (!before) return;
    if (field) field.value = String(before.given);
    else boxes.forEach((box, i) => (box.checked = before.given.includes(i)));
    check();
  };

  const wakeAll = () => document.querySelectorAll("form.ask:not([data-awake])").forEach(wake);
  wakeAll();
  // A notebook may run the script before its question is in the page.
  requestAnimationFrame(wakeAll);
})();
