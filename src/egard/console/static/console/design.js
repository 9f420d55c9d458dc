// Specimens show, they do not act: nothing on the component page is sent, and no link of an invented person is followed.
(() => {
  "use strict";
  const acts = "a[href], button:not([data-text]), input[type=submit]";
  document.addEventListener("click", (event) => {
    if (!event.target.closest(".specimen") || !event.target.closest(acts)) return;
    event.preventDefault();
    event.stopPropagation();
  }, true);
  document.addEventListener("submit", (event) => {
    if (event.target.closest(".specimen")) event.preventDefault();
  }, true);
})();
