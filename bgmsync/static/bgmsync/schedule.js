// Shows, while one edits, when the schedule would come due next, or what is wrong with which field.
"use strict";

const PAUSE = 250;
let box = null;
const field = (name) => document.getElementById(`id_${name}`);

const show = ({ times = [], zone = null, errors = {} }) => {
  const list = box.querySelector("[data-times]");
  list.replaceChildren(
    ...times.map(({ iso, day, text }) => {
      const row = document.createElement("li");
      const time = document.createElement("time");
      const bold = document.createElement("b");
      bold.textContent = day;
      time.dateTime = iso;
      time.append(bold, ` ${text}`);
      row.append(time);
      return row;
    }),
  );
  if (zone) {
    box.querySelector("[data-zone]").textContent = zone;
  }
  const said = Object.values(errors).flat();
  const words = box.querySelector("[data-errors]");
  words.textContent = said.join(" ");
  words.hidden = said.length === 0;
  for (const name of ["cron", "interval_minutes", "timezone"]) {
    field(name).toggleAttribute("aria-invalid", name in errors);
  }
};

let asked = 0;
const ask = async () => {
  const query = new URLSearchParams({
    cron: field("cron").value,
    interval_minutes: field("interval_minutes").value,
    timezone: field("timezone").value,
  });
  const mine = ++asked;
  const response = await fetch(`${box.dataset.address}?${query}`, { headers: { Accept: "application/json" } });
  if (mine === asked && response.ok) {
    show(await response.json());
  }
};

const takePreset = () => {
  const preset = field("preset").value;
  if (preset === "interval") {
    field("cron").value = "";
  } else if (preset) {
    field("cron").value = preset;
  }
  ask();
};

const offerZone = () => {
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
    ask();
  });
  field("timezone").after(button);
};

const start = () => {
  let waiting = 0;
  for (const name of ["cron", "interval_minutes", "timezone"]) {
    field(name).addEventListener("input", () => {
      field("preset").value = "";
      clearTimeout(waiting);
      waiting = setTimeout(ask, PAUSE);
    });
  }
  field("preset").addEventListener("change", takePreset);
  offerZone();
};

addEventListener("DOMContentLoaded", () => {
  box = document.getElementById("next-times");
  if (box && field("cron")) {
    start();
  }
});
