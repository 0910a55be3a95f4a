// Shows what a term means beside it: on hover, on focus, on touch. The words stay while the pointer
// is on them, and Escape takes them away. The link itself still leads to the glossary.
(() => {
if (!("popover" in HTMLElement.prototype)) return; // an older browser has the link

let open = null; // the tip that is shown, and its link

function hide() {
  open?.tip.hidePopover();
  open = null;
}

function place() { // below the word, or above it where there is no room
  const at = open.link.getClientRects()[0], size = open.tip.getBoundingClientRect();
  if (!at || at.bottom < 0 || at.top > innerHeight) return hide();
  const below = at.bottom + size.height + 8 < innerHeight;
  open.tip.style.left = `${Math.max(8, Math.min(at.left, innerWidth - size.width - 8))}px`;
  open.tip.style.top = `${below ? at.bottom + 4 : Math.max(8, at.top - size.height - 4)}px`;
}

for (const link of document.querySelectorAll("article a:has(> .std-term)")) {
  const tip = document.getElementById(`tip-${link.hash.slice(1)}`);
  if (!tip) continue;
  tip.popover = "manual";
  link.setAttribute("aria-describedby", tip.id);
  let leaving, touched = false;
  const show = () => {
    clearTimeout(leaving);
    if (open?.link === link) return;
    hide();
    open = { tip, link };
    tip.showPopover();
    place();
  };
  const leave = () => (leaving = setTimeout(() => open?.link === link && hide(), 250));
  for (const node of [link, tip]) {
    node.addEventListener("pointerenter", (event) => event.pointerType !== "touch" && show());
    node.addEventListener("pointerleave", (event) => event.pointerType !== "touch" && leave());
  }
  link.addEventListener("focus", show);
  link.addEventListener("blur", leave);
  // The first touch shows, the second follows the link.
  link.addEventListener("pointerdown", (event) => (touched = event.pointerType === "touch" && open?.link !== link));
  link.addEventListener("click", (event) => {
    if (touched) event.preventDefault(), show();
    touched = false;
  });
}
addEventListener("keydown", (event) => event.key === "Escape" && hide());
addEventListener("pointerdown", (event) => event.target.closest?.(".term-tip, a:has(> .std-term)") || hide());
for (const what of ["scroll", "resize"]) addEventListener(what, () => open && place(), { passive: true });
})();
