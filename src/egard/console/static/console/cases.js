// The page of a case: a moment that is now, taken with one press; a button that opens what stands elsewhere on it.
(() => {
  "use strict";

  document.addEventListener("click", (event) => {
    const presses = event.target.closest("[data-presses]");
    if (presses) { event.stopPropagation(); window.Egard.press(presses.dataset.presses); return; }
    const button = event.target.closest("[data-now]");
    const field = button && document.getElementById(button.dataset.now);
    if (!field) return;
    // What is typed here is read in the house's zone, wherever the browser is; sv-SE writes 2026-03-29 20:50.
    const here = { timeZone: button.dataset.zone || undefined, dateStyle: "short", timeStyle: "short" };
    field.value = new Intl.DateTimeFormat("sv-SE", here).format(new Date()).replace(" ", "T");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  });
})();
