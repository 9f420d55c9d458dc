// The inbox: ready texts are found by typing a part of their name or words.
(() => {
  "use strict";

  const fold = (words) => words.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const linesOf = (field) => [...field.closest("[data-texts]").querySelectorAll("li")];

  document.addEventListener("toggle", (event) => {
    const menu = event.target;
    if (!menu.matches?.("[data-texts]") || !menu.open) return;
    // Above the button where the window ends below it; whole in sight in any case.
    menu.classList.remove("is-above");
    const sheet = menu.querySelector(".menu-sheet"), button = menu.querySelector("summary").getBoundingClientRect();
    const high = sheet.getBoundingClientRect().height;
    menu.classList.toggle("is-above", innerHeight - button.bottom < high && button.top > high);
    menu.querySelector("input[type=search]")?.focus({ preventScroll: true });
    sheet.scrollIntoView({ block: "nearest" });
  }, true);
  document.addEventListener("input", (event) => {
    if (!event.target.matches?.("[data-texts] input[type=search]")) return;
    const words = fold(event.target.value).split(/\s+/).filter(Boolean);
    for (const line of linesOf(event.target)) line.hidden = !words.every((one) => fold(line.textContent).includes(one));
    event.target.closest("[data-texts]").querySelector("[data-none]").hidden = linesOf(event.target).some((line) => !line.hidden);
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
