// Fills in the browser's time zone where none was chosen.
"use strict";

addEventListener("DOMContentLoaded", () => {
  const field = document.querySelector("[data-zone]");
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (field && zone && field.value === "UTC") {
    field.value = zone;
  }
});
