// Says at once when a file is too large to be taken, and that the upload is under way.
"use strict";

for (const form of document.querySelectorAll("form[data-upload]")) {
  const input = form.querySelector("input[type=file]");
  const error = form.querySelector("[data-error]");
  const button = form.querySelector("button");
  const label = button.querySelector("span");
  const rest = label.textContent;

  input.addEventListener("change", () => {
    const isTooLarge = input.files.length > 0 && input.files[0].size > Number(input.dataset.most);
    error.textContent = isTooLarge ? input.dataset.tooLarge : "";
    error.hidden = !isTooLarge;
    button.disabled = isTooLarge;
  });
  form.addEventListener("submit", () => {
    button.disabled = true;
    label.textContent = button.dataset.busy;
  });
  // A page that the browser kept is shown as it was left.
  addEventListener("pageshow", () => {
    button.disabled = false;
    label.textContent = rest;
  });
}
