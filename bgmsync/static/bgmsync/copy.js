// Buttons that copy the text of the element named in data-copy, and say so.
"use strict";

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.textContent);
    } catch {
      // Browsers keep the clipboard from pages without https: select the text, so that Ctrl-C takes it.
      getSelection().selectAllChildren(source);
      return;
    }
    button.querySelector("span").textContent = button.dataset.done;
  });
}
