// Watches a run: asks every two seconds how far it is, and loads the whole report once it is over.
"use strict";

const EVERY = 2000;

const watch = async (box) => {
  try {
    const response = await fetch(box.dataset.address, { headers: { Accept: "application/json" } });
    if (response.ok && !response.redirected) {
      const { final, html } = await response.json();
      if (final) {
        location.reload();
        return;
      }
      box.innerHTML = html;
    }
  } catch {
    // The server may be restarting: ask again.
  }
  setTimeout(watch, EVERY, box);
};

const box = document.getElementById("progress");
if (box) {
  setTimeout(watch, EVERY, box);
}
