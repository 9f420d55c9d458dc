// The inbox: ready texts are found by typing a part of their name or words.
(() => {
  "use strict";

  const fold = (words) => words.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const linesOf = (field) => [...field.closest("[data-texts]").querySelectorAll("li")];

  document.addEventListener("toggle", (event) => {
    if (event.target.matches?.("[data-texts]") && event.target.open) event.target.querySelector("input[type=search]")?.focus();
  }, true);
  document.addEventListener("input", (event) => {
    if (!event.target.matches?.("[data-texts] input[type=search]")) return;
    const words = fold(event.target.value).split(/\s+/).filter(Boolean);
    for (const line of linesOf(event.target)) line.hidden = !words.every((one) => fold(line.textContent).includes(one));
  });
  document.addEventListener("keydown", (event) => {
    const field = event.target.closest?.("[data-texts] input[type=search]");
    if (!field || !["Enter", "ArrowDown"].includes(event.key)) return;
    event.preventDefault(); // Enter would send the answer
    const first = linesOf(field).find((line) => !line.hidden)?.querySelector("button");
    if (event.key === "Enter") first?.click();
    else first?.focus();
  });
})();
