// What a reader has worked through: a box at the end of each chapter, a tick beside it among the
// chapters. It is kept in this browser alone, under one key, and nothing is sent.
(() => {
const KEY = "what-a-network-keeps:done";
const read = () => { try { return JSON.parse(localStorage.getItem(KEY)) ?? {}; } catch { return {}; } };
const node = (tag, attributes, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
};
// A page's name below the top of the site, wherever that lies, also on a disk: book/four-subspaces.
const top = new URL(document.documentElement.dataset.content_root, location.href).pathname;
const name = (url) => new URL(url, location.href).pathname.slice(top.length).replace(/\.html$/, "");
// Chapters are what has a number among the links to pages.
const chapters = [...document.querySelectorAll("nav.bd-links a.reference.internal")]
  .filter((link) => /^\d+\./.test(link.textContent.trim()));

function mark() { // in words, too, for who does not see the ticks
  const done = read();
  for (const link of chapters) {
    link.querySelector(".done")?.remove();
    if (!done[name(link.href)]) continue;
    link.append(node("span", { class: "done" }, node("span", { "aria-hidden": "true" }, " ✓"),
      node("span", { class: "visually-hidden" }, " (worked through)")));
  }
  return chapters.filter((link) => done[name(link.href)]).length;
}

if (chapters.some((link) => name(link.href) === name(location.href))) {
  const box = node("input", { type: "checkbox", id: "chapter-done" });
  const said = node("span", { role: "status" });
  const show = () => (box.checked = Boolean(read()[name(location.href)]));
  box.addEventListener("change", () => {
    const done = read();
    if (box.checked) done[name(location.href)] = new Date().toISOString().slice(0, 10);
    else delete done[name(location.href)];
    try { localStorage.setItem(KEY, JSON.stringify(done)); } catch { /* the next line says so */ }
    const kept = Boolean(read()[name(location.href)]) === box.checked;
    said.textContent = kept ? `${mark()} of ${chapters.length} chapters.` : "This browser keeps nothing.";
  });
  document.querySelector("article.bd-article").append(node("p", { class: "chapter-done not-printed" },
    node("label", { for: box.id }, box, " I have worked through this chapter"), " ", said));
  show();
  addEventListener("storage", (event) => event.key === KEY && show()); // ticked in another tab
}
addEventListener("storage", (event) => event.key === KEY && mark());
mark();
})();
