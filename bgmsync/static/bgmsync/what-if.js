// Shows what the settings would write without leaving the page; without it, the button leads to a page of its own.
"use strict";

const whatIf = document.querySelector("[data-what-if]");

const showWhatIf = async (event) => {
  event.preventDefault();
  const answer = document.querySelector("[data-answer]");
  answer.textContent = answer.dataset.waiting;
  answer.setAttribute("aria-busy", "true");
  whatIf.disabled = true;
  try {
    const response = await fetch(`${whatIf.formAction}?fragment`, { method: "POST", body: new FormData(whatIf.form) });
    if (!response.ok || response.redirected) {
      throw new Error(String(response.status));
    }
    answer.innerHTML = await response.text();
  } catch {
    answer.textContent = answer.dataset.failed;
  } finally {
    answer.setAttribute("aria-busy", "false");
    whatIf.disabled = false;
  }
};

if (whatIf) {
  whatIf.addEventListener("click", showWhatIf);
}
