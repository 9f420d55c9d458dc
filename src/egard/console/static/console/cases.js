// The page of a case: a moment that is now, taken with one press; a button that opens what stands elsewhere on it.
(() => {
  "use strict";

  document.addEventListener("click", (event) => {
    const presses = event.target.closest("[data-presses]");
    if (presses) { event.stopPropagation(); window.Egard.press(presses.dataset.presses); return; }
    const button = event.target.closest("[data-now]");
    const field = button && document.getElementById(button.dataset.now);
    if (!field) return;
    const now = new Date(Date.now() - new Date().getTimezoneOffset() * 60_000);
    field.value = now.toISOString().slice(0, 16);
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  });
})();
