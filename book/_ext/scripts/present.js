// A chapter as slides, in its own page: ?present, or its button, lays what slides.py has marked into
// a deck. The parts are moved, not copied, so that controls stay alive and keep their state; Escape
// puts every part back where it was. A classic script: browsers refuse modules from a disk.
(() => {
const begins = [...document.querySelectorAll("article .slide-begin")];
if (!begins.length) return;
const MORE = "+"; // the title of a cell that goes on with the slide before
const article = document.querySelector("article.bd-article");
const root = document.documentElement;
const node = (tag, attributes, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
};
const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));

let deck = null; // while presenting: {stage, slides, moved, at}

function parts(begin) { // what stands between the marks of one cell
  const found = [];
  for (let next = begin.nextSibling; next && !next.matches?.(".slide-end"); next = next.nextSibling) found.push(next);
  return found;
}

function lay() { // moves the parts into slides, and remembers where they were
  const slides = [], moved = [];
  for (const begin of begins) {
    if (begin.dataset.title !== MORE) {
      slides.push(node("section", { class: "slide" }, node("h1", { tabindex: "-1" }, begin.dataset.title)));
    }
    for (const part of parts(begin)) {
      const place = document.createComment("");
      part.replaceWith(place);
      moved.push([part, place]);
      slides.at(-1).append(part);
    }
  }
  return { slides, moved, at: 0 };
}

function bar() { // where one is, and buttons for who has no keyboard
  const button = (words, act) => {
    const made = node("button", { type: "button" }, words);
    made.addEventListener("click", act);
    return made;
  };
  return node("nav", { class: "deck-bar", "aria-label": "Slides" },
    button("Previous", () => go(deck.at - 1)), node("span", { class: "deck-number" }),
    button("Next", () => go(deck.at + 1)), button("Leave", () => leave()),
    node("div", { class: "deck-progress", "aria-hidden": "true" }));
}

// Shows a slide. The heading gets the focus, unless a button of the bar has it, which one may press again.
function go(to) {
  deck.at = Math.max(0, Math.min(deck.slides.length - 1, to));
  deck.slides.forEach((slide, index) => slide.classList.toggle("slide-now", index === deck.at));
  const { stage, slides, at } = deck, title = slides[at].querySelector("h1");
  stage.querySelector(".deck-number").textContent = `${at + 1} / ${slides.length}`;
  stage.style.setProperty("--shown", (at + 1) / slides.length);
  stage.querySelector(".deck-said").textContent = `Slide ${at + 1} of ${slides.length}: ${title.textContent}`;
  if (!document.activeElement.closest(".deck-bar")) title.focus({ preventScroll: true });
  scrollTo(0, 0);
  history.replaceState(null, "", `?present#slide-${at + 1}`);
}

const wide = matchMedia("(min-width: 1000px)"); // narrower windows scroll
const fits = (slide) => slide.scrollHeight <= innerHeight - deck.stage.querySelector(".deck-bar").offsetHeight;
const size = (slide) => Number(slide.style.getPropertyValue("--fit") || 1);
let fitting = false;

// Words and pictures of a slide that is higher than the window become smaller, down to a half.
async function fit() {
  if (fitting) return;
  fitting = true;
  while (deck && wide.matches) {
    const high = deck.slides.filter((slide) => !fits(slide) && size(slide) > 0.5);
    if (!high.length) break;
    for (const slide of high) slide.style.setProperty("--fit", (size(slide) - 0.05).toFixed(2));
    await frame();
    await frame(); // views draw themselves anew in between
  }
  fitting = false;
}
// What is drawn late is fitted then.
const drawn = new ResizeObserver(() => deck && fit());

function enter() {
  if (deck) return;
  deck = lay();
  deck.stage = node("div", { class: "deck" }, ...deck.slides, bar(),
    node("p", { role: "status", class: "deck-said visually-hidden" }));
  article.prepend(deck.stage);
  for (let inner = deck.stage; inner !== document.body; inner = inner.parentElement) {
    for (const other of inner.parentElement.children) {
      if (other !== inner && !other.matches(".term-tip")) other.classList.add("deck-hidden");
    }
    inner.parentElement.classList.add("deck-around");
  }
  root.classList.add("presenting");
  deck.stage.querySelectorAll(".cell_output, img").forEach((part) => drawn.observe(part));
  go(Number(location.hash.match(/^#slide-(\d+)$/)?.[1] ?? 1) - 1);
  fit();
}

function leave() {
  const begin = begins.filter(({ dataset }) => dataset.title !== MORE)[deck.at];
  drawn.disconnect();
  deck.stage.remove();
  for (const [part, place] of deck.moved.reverse()) place.replaceWith(part);
  for (const name of ["deck-hidden", "deck-around"]) {
    document.querySelectorAll(`.${name}`).forEach((one) => one.classList.remove(name));
  }
  root.classList.remove("presenting");
  deck = null;
  history.replaceState(null, "", location.pathname);
  link?.focus({ preventScroll: true });
  begin.parentElement.scrollIntoView();
}

const KEYS = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1, Home: -Infinity, End: Infinity };
// A control, a question or a field keeps its keys.
const KEEPS = ".widget-subarea, form, input, select, textarea, [role=slider], [contenteditable]";

addEventListener("keydown", (event) => {
  if (!deck || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === "Escape") {
    if (!document.querySelector(".term-tip:popover-open")) leave();
  } else if (event.key in KEYS && !event.target.closest?.(KEEPS)) {
    event.preventDefault();
    go(deck.at + KEYS[event.key]);
  }
});
addEventListener("resize", () => {
  deck?.slides.forEach((slide) => slide.style.removeProperty("--fit"));
  if (deck) fit();
});

const link = document.querySelector('a[href="?present"]');
link?.addEventListener("click", (event) => {
  event.preventDefault();
  enter();
});

// Formulas and controls first: what is hidden when it is drawn has no size.
const places = document.querySelectorAll('script[type="application/vnd.jupyter.widget-view+json"]').length;
const alive = () => document.querySelectorAll(".widget-subarea > *").length >= places;
addEventListener("load", async () => {
  if (!new URLSearchParams(location.search).has("present")) return;
  await window.MathJax?.startup?.promise;
  while (!alive() && performance.now() < 20_000) await frame();
  enter();
});
})();
