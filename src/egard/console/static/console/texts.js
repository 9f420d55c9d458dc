// Writing a text of the house: a merge field is put where one writes; an older version is taken up again.
(() => {
  "use strict";

  const text = document.getElementById("t-text"), subject = document.getElementById("t-subject");
  let last = text;
  for (const field of [text, subject]) field?.addEventListener("focus", () => { last = field; });
  const changed = (field) => field.dispatchEvent(new Event("input", { bubbles: true }));

  document.addEventListener("click", (event) => {
    const put = event.target.closest("[data-put]"), again = event.target.closest("[data-again]");
    if (put) {
      last.setRangeText(put.dataset.put, last.selectionStart, last.selectionEnd, "end");
      last.focus();
      // What is said where nothing is known waits for the writer's own words.
      const open = last.value.lastIndexOf("…", last.selectionStart);
      if (put.dataset.put.includes("…") && open >= 0) last.setSelectionRange(open, open + 1);
      changed(last);
    } else if (again) {
      text.value = document.getElementById(again.dataset.again).content.textContent;
      text.focus();
      changed(text);
    }
  });
})();
