// Writing with the style beside: what is found is underlined in the text, moves with it as one types, and a proposal is
// written by one click, with the browser's own undo.
(() => {
  "use strict";

  const text = document.getElementById("sig-text"), mirror = document.getElementById("sig-mirror");
  if (!text || !mirror) return;
  let spans = [], before = text.value, asked = text.value;

  const draw = () => {
    const value = text.value, shown = [];
    let end = 0;
    // Those on words first, the shortest first: what is about a sentence is drawn where nothing else stands, when looked at.
    const wanted = [...spans].sort((a, b) => (b.shown || 0) - (a.shown || 0) || (a.end - a.start) - (b.end - b.start));
    for (const one of wanted) {
      if ((one.is_whole && !one.shown) || one.start >= one.end) continue;
      if (shown.every((other) => one.end <= other.start || one.start >= other.end)) shown.push(one);
    }
    shown.sort((a, b) => a.start - b.start);
    const parts = [];
    for (const one of shown) {
      parts.push(value.slice(end, one.start));
      const mark = document.createElement("mark");
      mark.className = `tone-${one.tone}${one.is_whole ? " is-whole" : ""}${one.shown ? " is-shown" : ""}`;
      mark.textContent = value.slice(one.start, one.end);
      parts.push(mark);
      end = one.end;
    }
    parts.push(`${value.slice(end)}\n`);
    mirror.replaceChildren(...parts);
  };

  // What changed between two texts moves or takes away what was underlined behind or inside it.
  const move = () => {
    const now = text.value;
    let head = 0, tail = 0;
    const most = Math.min(before.length, now.length);
    while (head < most && before[head] === now[head]) head += 1;
    while (tail < most - head && before[before.length - 1 - tail] === now[now.length - 1 - tail]) tail += 1;
    const from = head, to = before.length - tail, by = now.length - before.length;
    spans = spans.filter((one) => one.end <= from || one.start >= to || one.is_whole)
      .map((one) => (one.start >= to ? { ...one, start: one.start + by, end: one.end + by } : one.end > from ? { ...one, end: Math.max(one.start, one.end + by) } : one));
    before = now;
  };

  const heard = () => {
    spans = JSON.parse(document.getElementById("sig-judged")?.dataset.spans || "[]");
    before = asked;
    move();
    draw();
  };

  const show = (row, is) => {
    document.querySelectorAll(".sig-row.is-shown").forEach((other) => other.classList.remove("is-shown"));
    spans = spans.map((one) => ({ ...one, shown: is && row && `${one.number}` === row.dataset.span }));
    if (row && is) row.classList.add("is-shown");
    draw();
  };

  text.addEventListener("input", () => { move(); draw(); });
  // What comes back was said of the text as it was asked about; what was typed since has moved it.
  document.body.addEventListener("htmx:beforeRequest", () => { asked = text.value; });
  document.body.addEventListener("htmx:afterSettle", heard);
  for (const [name, is] of [["mouseover", true], ["focusin", true], ["mouseout", false], ["focusout", false]]) {
    document.addEventListener(name, (event) => { const row = event.target.closest?.(".sig-row"); if (row) show(row, is); });
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-apply]");
    if (!button) return;
    event.preventDefault();
    const row = button.closest(".sig-row"), held = spans.find((one) => `${one.number}` === row.dataset.span);
    if (!held) return;
    const instead = row.dataset.instead;
    text.focus();
    text.setSelectionRange(held.start, held.end);
    // The old command keeps the browser's undo; where it is gone the text is set, and the change heard all the same.
    if (!document.execCommand(instead ? "insertText" : "delete", false, instead)) {
      text.setRangeText(instead, held.start, held.end, "end");
      text.dispatchEvent(new Event("input", { bubbles: true }));
    }
    // What waits for a writer's own words is chosen, so that one types over it.
    const open = /\[[^\]]+\]/.exec(instead);
    if (open) text.setSelectionRange(held.start + open.index, held.start + open.index + open[0].length);
  });

  heard();
})();
