// Says, while one edits, what the schedule means and when it comes next, or what is wrong with which part of it.
"use strict";

{
  const PAUSE = 250;
  const NAMES = ["cron", "interval_minutes", "timezone", "quiet_from", "quiet_to"];
  const field = (name) => document.getElementById(`id_${name}`);

  let asked = 0;
  const ask = async (box) => {
    const address = new URL(box.dataset.address, location.href);
    for (const name of NAMES) {
      address.searchParams.set(name, field(name).value);
    }
    const mine = ++asked;
    const response = await fetch(address, { headers: { Accept: "application/json" } });
    if (mine !== asked || !response.ok) {
      return;
    }
    const { html, wrong } = await response.json();
    box.innerHTML = html;
    for (const name of NAMES) {
      field(name).setAttribute("aria-invalid", wrong.includes(name));
    }
  };

  const takePreset = (box) => {
    const preset = field("preset").value;
    if (preset) {
      field("cron").value = preset === "interval" ? "" : preset;
    }
    ask(box);
  };

  const offerZone = (box) => {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (!zone || zone === field("timezone").value || field("timezone").value !== "UTC") {
      return;
    }
    const button = document.createElement("button");
    button.type = "button";
    button.className = "act small plain";
    button.textContent = box.dataset.use.replace("%s", zone);
    button.addEventListener("click", () => {
      field("timezone").value = zone;
      button.remove();
      ask(box);
    });
    field("timezone").after(button);
  };

  const start = (box) => {
    let waiting = 0;
    for (const name of NAMES) {
      field(name).addEventListener("input", () => {
        field("preset").value = name === "cron" || name === "interval_minutes" ? "" : field("preset").value;
        clearTimeout(waiting);
        waiting = setTimeout(ask, PAUSE, box);
      });
    }
    field("preset").addEventListener("change", () => takePreset(box));
    offerZone(box);
  };

  addEventListener("DOMContentLoaded", () => {
    const box = document.getElementById("next-times");
    if (box && field("cron")) {
      start(box);
    }
  });
}
