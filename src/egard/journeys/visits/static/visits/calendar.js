// The calendar: draws the columns, and moves visits by mouse, touch and keyboard to where they are offered. The server
// says what is free and has the last word; what it refuses goes back to where it was.
(() => {
  "use strict";
  const PX = 1.35; // of a minute
  const WIDE = matchMedia("(min-width: 48rem)");
  const cal = () => document.getElementById("calendar");
  const said = document.getElementById("cal-said");
  const toast = document.getElementById("cal-toast");
  const token = () => document.querySelector("[name=csrfmiddlewaretoken]")?.value || JSON.parse(document.body.getAttribute("hx-headers") || "{}")["X-CSRFToken"];
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_all, name) => values[name]);
  const speak = (words) => { said.textContent = ""; setTimeout(() => { said.textContent = words; }, 30); };

  // --- drawing -----------------------------------------------------------------------------------------------------
  const top = (minute) => `${(minute - Number(cal().dataset.first) * 60) * PX}px`;
  const draw = () => {
    const place = cal();
    if (!place) return;
    place.classList.toggle("is-drawn", WIDE.matches);
    const { first, last } = place.dataset;
    const high = `${(last - first) * 60 * PX}px`;
    for (const body of place.querySelectorAll(".cal-body")) body.style.height = WIDE.matches ? high : "";
    for (const hour of place.querySelectorAll(".cal-axis span")) hour.style.top = top(hour.dataset.minute);
    for (const open of place.querySelectorAll(".cal-open")) {
      open.style.top = top(open.dataset.start);
      open.style.height = `${(open.dataset.end - open.dataset.start) * PX}px`;
    }
    for (const visit of place.querySelectorAll(".cal-visit")) {
      const { start, minutes, lane, lanes } = visit.dataset;
      visit.style.top = top(start);
      visit.style.height = WIDE.matches ? `${Math.max(18, minutes * PX - 1)}px` : "";
      visit.style.insetInlineStart = `${(lane / lanes) * 100}%`;
      visit.style.width = WIDE.matches ? `${100 / lanes}%` : "";
    }
  };

  // --- what is free ------------------------------------------------------------------------------------------------
  let up = null; // the visit that is taken up: {visit, free, aim, moved, x, y}
  let undone = null;
  const ask = async (query) => {
    const { free, day, view } = cal().dataset;
    const answer = await fetch(`${free}?${new URLSearchParams({ day, view, ...query })}`);
    return answer.ok ? (await answer.json()).free : [];
  };
  const clear = () => cal().querySelectorAll(".cal-free").forEach((one) => one.remove());
  const between = (free) => { // minutes from one free place to the next: as high as each is drawn
    const gaps = free.map((one, n) => (free[n + 1]?.column === one.column ? free[n + 1].minute - one.minute : 60));
    return Math.min(30, Math.max(12, ...[Math.min(60, ...gaps.filter((gap) => gap > 0))]));
  };
  const show = (free, kind) => {
    clear();
    const minutes = between([...free].sort((a, b) => a.column.localeCompare(b.column) || a.minute - b.minute));
    for (const one of free) {
      const body = cal().querySelector(`[data-column="${CSS.escape(one.column)}"] .cal-body`);
      if (!body) continue;
      one.sign = document.createElement(kind);
      one.sign.className = "cal-free";
      one.sign.textContent = one.words;
      if (WIDE.matches) {
        one.sign.style.top = top(one.minute);
        one.sign.style.height = `${minutes * PX - 2}px`;
      }
      body.append(one.sign);
    }
    return free.filter((one) => one.sign);
  };
  const aim = (one) => {
    up?.free.forEach((other) => other.sign.classList.toggle("is-aim", other === one));
    if (up) up.aim = one;
  };

  const take = async (visit) => {
    const mine = (up = { visit, free: [], aim: null });
    visit.classList.add("is-up");
    const free = await ask({ visit: visit.dataset.visit });
    if (up !== mine) return;
    up.free = show(free, "span").sort((a, b) => a.minute - b.minute);
    speak(up.free.length ? fill(cal().dataset.takenUp, { name: visit.dataset.name, n: up.free.length }) : cal().dataset.none);
  };
  const leave = (words) => {
    if (!up) return;
    up.visit.classList.remove("is-up");
    up.visit.style.translate = "";
    up = null;
    clear();
    if (words) speak(words);
  };

  const tell = (words, was) => {
    undone = was;
    toast.querySelector("span").textContent = words;
    toast.querySelector("[data-cal-undo]").hidden = !was;
    toast.hidden = false;
    speak(words);
    clearTimeout(tell.timer);
    tell.timer = setTimeout(() => { toast.hidden = true; }, 12_000);
  };
  const again = async () => {
    const focused = document.activeElement?.closest?.(".cal-visit")?.id;
    const text = await (await fetch(location.href, { headers: { "X-Requested-With": "fetch" } })).text();
    const next = new DOMParser().parseFromString(text, "text/html").getElementById("calendar");
    if (next) { cal().replaceWith(next); window.htmx?.process(next); draw(); }
    if (focused) document.getElementById(focused)?.querySelector("a").focus({ preventScroll: true });
  };
  const send = async (visit, at, host, back) => {
    try {
      const answer = await fetch(cal().dataset.move, {
        method: "POST",
        headers: { "X-CSRFToken": token() },
        body: new URLSearchParams({ visit, at, host }),
      });
      const told = await answer.json();
      tell(told.said, answer.ok && !back ? { visit, ...told.was } : null);
    } catch {
      tell(cal().dataset.failed, null);
    }
    await again();
  };
  const drop = () => {
    if (!up) return;
    const { visit, aim: place } = up;
    if (!place) { leave(cal().dataset.notThere); tell(cal().dataset.notThere, null); return; }
    const host = cal().dataset.view === "day" ? place.column : "";
    leave();
    send(visit.dataset.visit, place.at, host, false);
  };
  toast.querySelector("[data-cal-undo]").addEventListener("click", () => {
    if (undone) send(undone.visit, undone.at, cal().dataset.view === "day" ? undone.host : "", true);
  });

  // --- by mouse and by finger --------------------------------------------------------------------------------------
  let press = null;
  const nearest = (x, y) => {
    const column = document.elementsFromPoint(x, y).map((one) => one.closest?.("[data-column]")).find(Boolean);
    if (!column) return null;
    const box = column.querySelector(".cal-body").getBoundingClientRect();
    const minute = (y - box.top) / PX + Number(cal().dataset.first) * 60;
    const able = up.free.filter((one) => one.column === column.dataset.column);
    able.sort((a, b) => Math.abs(a.minute - minute) - Math.abs(b.minute - minute));
    return able[0] && Math.abs(able[0].minute - minute) <= 20 ? able[0] : null;
  };
  document.addEventListener("pointerdown", (event) => {
    const visit = event.target.closest?.("#calendar.is-drawn .cal-visit[data-visit]");
    if (!visit || event.button !== 0) return;
    const box = visit.getBoundingClientRect();
    press = { visit, x: event.clientX, y: event.clientY, top: event.clientY - box.top, touch: event.pointerType === "touch", id: event.pointerId };
    if (press.touch) press.timer = setTimeout(() => { if (press) begin(); }, 350);
  });
  const begin = () => {
    press.dragging = true;
    press.visit.setPointerCapture?.(press.id);
    take(press.visit);
  };
  document.addEventListener("pointermove", (event) => {
    if (!press) return;
    const x = event.clientX - press.x, y = event.clientY - press.y;
    if (!press.dragging) {
      if (Math.hypot(x, y) < 5) return;
      if (press.touch) { clearTimeout(press.timer); press = null; return; } // the page is scrolled
      begin();
    }
    event.preventDefault();
    press.visit.style.translate = `${x}px ${y}px`;
    press.visit.style.pointerEvents = "none";
    if (up?.free.length) aim(nearest(event.clientX, event.clientY - press.top));
  }, { passive: false });
  const release = (event) => {
    if (!press) return;
    clearTimeout(press.timer);
    const { dragging, visit } = press;
    press = null;
    visit.style.pointerEvents = "";
    if (!dragging) return;
    const stop = (click) => { click.preventDefault(); click.stopPropagation(); };
    visit.addEventListener("click", stop, { capture: true, once: true });
    setTimeout(() => visit.removeEventListener("click", stop, { capture: true }), 50);
    if (event.type === "pointercancel") leave(cal().dataset.putBack);
    else drop();
  };
  document.addEventListener("pointerup", release);
  document.addEventListener("pointercancel", release);
  document.addEventListener("touchmove", (event) => { if (press?.dragging) event.preventDefault(); }, { passive: false });
  document.addEventListener("dragstart", (event) => { if (event.target.closest?.(".cal-visit")) event.preventDefault(); });

  // --- by keyboard -------------------------------------------------------------------------------------------------
  const step = (key) => {
    const order = [...cal().querySelectorAll("[data-column]")].map((one) => one.dataset.column);
    const from = up.aim || { column: up.visit.closest("[data-column]").dataset.column, minute: Number(up.visit.dataset.start) };
    if (key === "ArrowDown" || key === "ArrowUp") {
      const way = key === "ArrowDown" ? 1 : -1;
      const able = up.free.filter((one) => one.column === from.column && (one.minute - from.minute) * way > 0);
      return able.sort((a, b) => (a.minute - b.minute) * way)[0];
    }
    const way = key === "ArrowRight" ? 1 : -1;
    for (let at = order.indexOf(from.column) + way; at >= 0 && at < order.length; at += way) {
      const able = up.free.filter((one) => one.column === order[at]);
      if (able.length) return able.sort((a, b) => Math.abs(a.minute - from.minute) - Math.abs(b.minute - from.minute))[0];
    }
    return undefined;
  };
  document.addEventListener("keydown", (event) => {
    const visit = event.target.closest?.("#calendar .cal-visit[data-visit]");
    if (!up && visit && event.key === " ") { event.preventDefault(); take(visit); return; }
    if (!up) { if (event.key === "Escape" && cal()?.querySelector(".cal-free")) { clear(); speak(cal().dataset.putBack); } return; }
    if (event.key === "Escape") { event.preventDefault(); leave(cal().dataset.putBack); } else if (event.key === "Enter" || event.key === " ") { event.preventDefault(); drop(); } else if (event.key.startsWith("Arrow")) {
      event.preventDefault();
      const next = step(event.key);
      if (!next) return;
      aim(next);
      next.sign.scrollIntoView({ block: "nearest" });
      const title = next.sign.closest("[data-column]").querySelector("h2").firstChild.textContent.trim();
      speak(`${title}, ${next.words}`);
    }
  }, true);

  // --- a new visit -------------------------------------------------------------------------------------------------
  document.addEventListener("click", async (event) => {
    if (!event.target.closest?.("[data-cal-new]")) return;
    const reason = document.getElementById("cal-reason").value;
    const free = show(await ask({ reason }), "button");
    const host = (one) => (cal().dataset.view === "day" ? one.column : "");
    for (const one of free) {
      one.sign.type = "button";
      one.sign.addEventListener("click", () => {
        location.assign(`${cal().dataset.new}?${new URLSearchParams({ reason, at: one.at, host: host(one) })}`);
      });
    }
    const words = free.length ? fill(cal().dataset.choose, { n: free.length }) : cal().dataset.none;
    tell(words, null);
    free.sort((a, b) => a.minute - b.minute)[0]?.sign.focus();
  });

  WIDE.addEventListener("change", draw);
  document.addEventListener("htmx:afterSettle", () => { if (!up) draw(); });
  document.addEventListener("htmx:beforeRequest", (event) => { if (up && event.target === cal()) event.preventDefault(); });
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", draw);
  else draw();
})();
