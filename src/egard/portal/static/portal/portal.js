// The portal's own small state; loaded before Alpine.
(() => {
  "use strict";
  document.addEventListener("alpine:init", () => {
    // A client of the demo fills the form; the reader still presses the button.
    window.Alpine.data("address", () => ({
      use(event) {
        document.getElementById("email").value = event.currentTarget.dataset.email;
        document.querySelector("form[action$='/sign-in/'] .me-act").focus();
      },
    }));
  });
  // A switch that was just turned keeps the focus when its block is drawn anew.
  document.addEventListener("htmx:beforeRequest", (event) => {
    const button = event.target.querySelector?.("[role=switch]");
    if (button) event.detail.xhr.egardFocus = button.id;
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    const id = event.detail.xhr?.egardFocus;
    if (id) document.getElementById(id)?.focus();
  });
})();
