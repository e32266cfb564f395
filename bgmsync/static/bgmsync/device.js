// Asks, as often as Trakt allows, whether the code was entered there, and goes on when it was.
"use strict";

const box = document.getElementById("device");
const text = box.querySelector("[data-text]");
const token = box.querySelector("[name=csrfmiddlewaretoken]").value;

const poll = async (seconds) => {
  let next = seconds;
  try {
    const response = await fetch(box.dataset.address, { method: "POST", headers: { "X-CSRFToken": token } });
    const answer = await response.json();
    text.textContent = answer.text || text.textContent;
    if (answer.next) {
      location.assign(answer.next);
      return;
    }
    if (answer.state !== "pending") {
      return;
    }
    next = answer.seconds || seconds;
  } catch {
    // No answer of ours this time: ask again.
  }
  setTimeout(poll, next * 1000, next);
};

const interval = Number(box.dataset.interval) || 5;
setTimeout(poll, interval * 1000, interval);
