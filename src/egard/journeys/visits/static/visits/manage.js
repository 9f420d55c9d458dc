// The editor of hours: one tap gives Monday's to the days until Friday.
(() => {
  "use strict";
  const DAYS = ["tue", "wed", "thu", "fri"];
  for (const button of document.querySelectorAll("[data-copy-down]")) button.hidden = false;
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-copy-down]");
    if (!button) return;
    const week = button.closest("[data-hours]");
    for (const side of ["from", "to"]) {
      const first = [...week.querySelectorAll(`[name="mon-${side}"]`)];
      for (const day of DAYS) {
        week.querySelectorAll(`[name="${day}-${side}"]`).forEach((field, n) => { field.value = first[n].value; });
      }
    }
  });
})();
