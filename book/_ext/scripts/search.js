// The theme searches as one types (search_as_you_type). What it leaves open: on a disk no page may
// be fetched, so results come without an excerpt there; and who does not see them is told how many.
(() => {
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
const dialog = document.getElementById("pst-search-dialog");
if (!dialog) return;
const said = document.createElement("p");
Object.assign(said, { className: "visually-hidden", role: "status" });
dialog.append(said);
new MutationObserver(() => {
  const found = dialog.querySelector(".search-summary")?.textContent ?? "";
  if (found !== said.textContent) said.textContent = found;
}).observe(dialog, { childList: true, characterData: true, subtree: true });
})();
