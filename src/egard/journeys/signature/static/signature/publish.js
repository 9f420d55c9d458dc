// The file of the style: from a remark to its line; an older file is taken up again.
(() => {
  "use strict";

  const source = document.getElementById("sig-source");
  document.addEventListener("click", (event) => {
    const line = event.target.closest("[data-line]"), again = event.target.closest("[data-again]");
    if (line) {
      const lines = source.value.split("\n"), at = Number(line.dataset.line) - 1;
      const start = lines.slice(0, at).reduce((sum, one) => sum + one.length + 1, 0);
      source.focus();
      source.setSelectionRange(start, start + (lines[at] || "").length);
      source.scrollTop = (source.scrollHeight / lines.length) * Math.max(0, at - 4);
    } else if (again) {
      source.value = document.getElementById(again.dataset.again).content.textContent;
      source.focus();
      source.dispatchEvent(new Event("input", { bubbles: true }));
    }
  });
})();
