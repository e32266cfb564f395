// A check box that ticks or clears all others of a name on the page. Without this script each is ticked by hand.
"use strict";

for (const all of document.querySelectorAll("[data-chooses]")) {
  const others = [...document.getElementsByName(all.dataset.chooses)];
  all.addEventListener("change", () => {
    for (const other of others) {
      other.checked = all.checked;
    }
  });
  for (const other of others) {
    other.addEventListener("change", () => {
      all.checked = others.every((box) => box.checked);
    });
  }
}
