// Rings move on their own clock: the server drew them and gave the moments; nothing is asked again. Words come from the
// page (meta egard-ring), so they are the reader's. The server's clock counts, not this machine's.
(() => {
  "use strict";

  const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content;
  const words = JSON.parse(meta("egard-ring") || "null");
  if (!words) return;
  const ahead = Number(meta("egard-now")) * 1000 - Date.now();
  const plural = new Intl.PluralRules(document.documentElement.lang || "en");
  const still = matchMedia("(prefers-reduced-motion: reduce)");

  const now = () => (Date.now() + ahead) / 1000;

  const secondsLeft = (ring, at) => {
    const spans = ring.open.length ? ring.open : [[at, ring.due]];
    return spans.reduce((sum, [start, end]) => sum + Math.max(0, Math.min(end, ring.due) - Math.max(start, at)), 0);
  };

  const count = (unit, n) => words[unit][plural.select(n) === "one" ? 0 : 1].replace("{count}", n);

  // The same units and the same rounding down as the server's `amount`; days stand until the page is drawn again.
  const say = (ring, left) => {
    const minutes = Math.floor(left / 60);
    const prefix = ring.working ? "w" : "";
    if (minutes < 1) return words.soon;
    return minutes < 120 ? count(`${prefix}m`, minutes) : count(`${prefix}h`, Math.floor(minutes / 60));
  };

  const write = (node, text) => { if (node && node.textContent !== text) node.textContent = text; };

  const turn = (svg, look, tone, share) => {
    svg.setAttribute("class", `ring is-${look}${tone ? ` tone-${tone}` : ""}`);
    const circle = svg.querySelector(".ring-left");
    circle.setAttribute("stroke-dasharray", look === "broken" ? "78 100" : `${(100 * share).toFixed(1)} 100`);
    circle.setAttribute("stroke-dashoffset", look === "broken" ? "0" : (100 * share - 100).toFixed(1));
  };

  const draw = (node, at) => {
    const ring = JSON.parse(node.dataset.ring);
    const left = secondsLeft(ring, at);
    const svg = node.querySelector(".ring");
    const told = node.querySelector("[data-left]");
    if (at >= ring.due) {
      turn(svg, "broken", "broken", 0);
      mark(svg, "M9.2 9.2l5.6 5.6m0 -5.6l-5.6 5.6");
      write(told, words.over);
      delete node.dataset.ring;
      return Infinity;
    }
    const risky = left <= ring.risk;
    turn(svg, risky ? "risk" : "running", risky ? "risk" : "", ring.whole ? Math.min(1, left / ring.whole) : 0);
    mark(svg, risky ? "M12 8v4.6M12 15.8v.01" : "");
    // Of many hours and of days the server knows more (days of opening): its words stand.
    if (left < 36 * 3600 && !(ring.working && left > 8 * 3600)) {
      write(told, risky && !("brief" in node.dataset) ? words.risk.replace("{left}", say(ring, left)) : say(ring, left));
    }
    return ring.due - at;
  };

  const mark = (svg, d) => {
    const group = svg.querySelector(".ring-mark");
    if ((group.dataset.d || "") === d) return;
    group.dataset.d = d;
    group.innerHTML = d ? `<path d="${d}"></path>` : "";
  };

  // Every second in the last two minutes, else four times a minute; whoever wants less motion sees one step a minute.
  const tick = () => {
    const at = now();
    const nearest = [...document.querySelectorAll("[data-ring]")].reduce((least, node) => Math.min(least, draw(node, at)), Infinity);
    const pause = still.matches ? 60 : nearest < 120 ? 1 : 15;
    setTimeout(tick, 1000 * Math.max(0.2, Math.min(pause, nearest)));
  };

  tick();
  document.addEventListener("visibilitychange", () => { if (!document.hidden) document.querySelectorAll("[data-ring]").forEach((node) => draw(node, now())); });
})();
