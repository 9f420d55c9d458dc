// Who writes to whom, as it happens: a field with data-tells-typing says so every few seconds, and the sign with
// data-typing of the other side shows it for as long, or until what was written is there. Nothing is kept anywhere.
(() => {
  "use strict";

  const SHOWN_MS = 5_000;
  const EVERY_MS = 3_000;
  let said = 0;
  const ends = new WeakMap();

  document.addEventListener("egard:told", ({ detail }) => {
    for (const sign of document.querySelectorAll("[data-typing]")) {
      if (detail === sign.dataset.live.replace("typing:", "thread:")) sign.hidden = true;
      if (detail !== `${sign.dataset.live}/${sign.dataset.typing}`) continue;
      sign.hidden = false;
      clearTimeout(ends.get(sign));
      ends.set(sign, setTimeout(() => { sign.hidden = true; }, SHOWN_MS));
    }
  });
  document.addEventListener("input", ({ target }) => {
    const url = target.dataset?.tellsTyping;
    if (!url || Date.now() - said < EVERY_MS) return;
    said = Date.now();
    const headers = JSON.parse(document.body.getAttribute("hx-headers") || "{}");
    fetch(url, { method: "POST", headers, keepalive: true }).catch(() => {});
  });
})();
