// Advice while one types. A box `[data-advised=id]` holds a textarea on its mirror; the element of that id holds what was
// found: `data-spans` (places in the text), rows `[data-span]` with `data-instead`, and buttons `[data-apply]`. What is
// found is underlined in the text and moves with it as one types; a proposal is written by one click, with the browser's
// own undo.
(() => {
  "use strict";

  const held = new WeakMap(); // box → { spans, before, asked }
  const boxes = () => document.querySelectorAll("[data-advised]");
  const text = (box) => box.querySelector("textarea");
  const found = (box) => document.getElementById(box.dataset.advised);

  const draw = (box) => {
    const value = text(box).value, shown = [];
    let end = 0;
    // Those on words first, the shortest first: what is about a sentence is drawn where nothing else stands, when looked at.
    const wanted = [...held.get(box).spans].sort((a, b) => (b.shown || 0) - (a.shown || 0) || (a.end - a.start) - (b.end - b.start));
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
    box.querySelector("[data-mirror]").replaceChildren(...parts);
  };

  // What changed between two texts moves or takes away what was underlined behind or inside it.
  const move = (box) => {
    const state = held.get(box), { before } = state, now = text(box).value;
    let head = 0, tail = 0;
    const most = Math.min(before.length, now.length);
    while (head < most && before[head] === now[head]) head += 1;
    while (tail < most - head && before[before.length - 1 - tail] === now[now.length - 1 - tail]) tail += 1;
    const from = head, to = before.length - tail, by = now.length - before.length;
    state.spans = state.spans.filter((one) => one.end <= from || one.start >= to || one.is_whole)
      .map((one) => (one.start >= to ? { ...one, start: one.start + by, end: one.end + by } : one.end > from ? { ...one, end: Math.max(one.start, one.end + by) } : one));
    state.before = now;
  };

  const heard = (box) => {
    const state = held.get(box);
    state.spans = JSON.parse(found(box)?.dataset.spans || "[]");
    state.before = state.asked;
    move(box);
    draw(box);
  };

  const hold = (box) => {
    if (held.has(box)) return;
    held.set(box, { spans: [], before: text(box).value, asked: text(box).value });
    text(box).addEventListener("input", () => { move(box); draw(box); });
    heard(box);
  };

  const boxOf = (row) => [...boxes()].find((box) => found(box)?.contains(row));

  const show = (row, is) => {
    const box = boxOf(row);
    if (!box) return;
    const state = held.get(box);
    found(box).querySelectorAll("[data-span].is-shown").forEach((other) => other.classList.remove("is-shown"));
    state.spans = state.spans.map((one) => ({ ...one, shown: is && `${one.number}` === row.dataset.span }));
    if (is) row.classList.add("is-shown");
    draw(box);
  };

  document.addEventListener("DOMContentLoaded", () => boxes().forEach(hold));
  document.addEventListener("htmx:load", () => boxes().forEach(hold));
  document.addEventListener("egard:draft", () => boxes().forEach((box) => { if (held.has(box)) { move(box); draw(box); } }));
  // What comes back was said of the text as it was asked about; what was typed since has moved it.
  const about = (event) => [...boxes()].filter((box) => held.has(box) && event.detail.target === found(box));
  document.addEventListener("htmx:beforeRequest", (event) => about(event).forEach((box) => { held.get(box).asked = text(box).value; }));
  document.addEventListener("htmx:afterSettle", () => boxes().forEach((box) => {
    const place = found(box);
    if (!held.has(box) || !place || place.dataset.heard) return;
    place.dataset.heard = "yes"; // each answer is read once
    heard(box);
  }));
  for (const [name, is] of [["mouseover", true], ["focusin", true], ["mouseout", false], ["focusout", false]]) {
    document.addEventListener(name, (event) => { const row = event.target.closest?.("[data-span]"); if (row) show(row, is); });
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-apply]"), row = button?.closest("[data-span]"), box = row && boxOf(row);
    if (!box) return;
    event.preventDefault();
    const place = held.get(box).spans.find((one) => `${one.number}` === row.dataset.span), field = text(box);
    if (!place) return;
    const instead = row.dataset.instead;
    field.focus();
    field.setSelectionRange(place.start, place.end);
    // The old command keeps the browser's undo; where it is gone the text is set, and the change heard all the same.
    if (!document.execCommand(instead ? "insertText" : "delete", false, instead)) {
      field.setRangeText(instead, place.start, place.end, "end");
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    // What waits for a writer's own words is chosen, so that one types over it.
    const open = /\[[^\]]+\]/.exec(instead);
    if (open) field.setSelectionRange(place.start + open.index, place.start + open.index + open[0].length);
  });
})();
