// The workbench: rows and what is selected, the pane beside them, and doing things to them. Journeys declare lists and
// actions; nothing here knows one. Whoever changes rows elsewhere dispatches `egard:changed` (rows and the person's
// head are asked for again) or `egard:facts` (the timeline is) on the body; scroll, focus and selection stay. What was
// done or undone here dispatches `egard:acted` too, for pages that show more than rows.
(() => {
  "use strict";

  const told = document.getElementById("desk-data");
  if (!told) return;
  const data = JSON.parse(told.textContent);
  const desk = document.querySelector("[data-desk]");
  const pane = document.getElementById("pane");
  const palette = document.getElementById("palette");
  const toasts = document.getElementById("toasts");
  const narrow = window.matchMedia("(max-width: 56rem)");
  const { htmx } = window;

  const picked = new Map(); // row → person
  let all = "";             // words of "all that match", when they are
  let current = null;       // the row that is open or has the focus
  let anchor = null;        // where a range begins
  let order = [];           // the rows before they are asked for again: to go on from one that is gone
  let waiting = 0;

  const rows = () => (desk ? [...desk.querySelectorAll("[data-row]")] : []);
  const row = (id) => rows().find((one) => one.dataset.row === id);
  const opener = (one) => one.querySelector("[data-open], .list-name a");

  // --- going through the list

  const mark = () => {
    for (const one of rows()) {
      const on = picked.has(one.dataset.row) || Boolean(all);
      one.classList.toggle("is-picked", on);
      one.querySelector("[data-pick]").checked = on;
      if (one.dataset.row === current) opener(one).setAttribute("aria-current", "true");
      else opener(one).removeAttribute("aria-current");
    }
    const bulk = document.getElementById("bulk");
    if (!bulk) return;
    bulk.hidden = !picked.size && !all;
    const count = document.getElementById("bulk-count");
    const words = all || (picked.size === 1 ? bulk.dataset.one : bulk.dataset.some.replace("N", picked.size));
    if (count.textContent !== words) count.textContent = words;
    bulk.querySelector("[data-all]").hidden = Boolean(all);
  };

  const go = (one) => {
    if (!one) return;
    current = one.dataset.row;
    opener(one).focus({ preventScroll: true });
    one.scrollIntoView({ block: "nearest" });
    mark();
    clearTimeout(waiting);
    // Who runs through ten rows sees the tenth alone, and only that sight is written down.
    if (!narrow.matches) waiting = setTimeout(() => open(one), 160);
  };

  const move = (step) => {
    const list = rows();
    const at = list.findIndex((one) => one.dataset.row === current);
    if (at < 0 && order.includes(current)) { go(after(current)); return; }
    go(list[at < 0 ? (step > 0 ? 0 : list.length - 1) : Math.max(0, Math.min(at + step, list.length - 1))]);
  };

  const pick = (one, on = !picked.has(one.dataset.row)) => {
    all = "";
    if (on) picked.set(one.dataset.row, one.dataset.person || "");
    else picked.delete(one.dataset.row);
    anchor = one.dataset.row;
    mark();
  };

  const range = () => {
    const list = rows();
    const to = list.findIndex((one) => one.dataset.row === current);
    const from = list.findIndex((one) => one.dataset.row === anchor);
    if (to < 0) return;
    for (const one of list.slice(Math.min(from < 0 ? to : from, to), Math.max(from, to) + 1)) {
      picked.set(one.dataset.row, one.dataset.person || "");
    }
    all = "";
    mark();
  };

  const none = () => { picked.clear(); all = ""; mark(); };

  // --- the pane

  const address = (id) => {
    const url = new URL(window.location.href);
    if (id) url.searchParams.set("open", id);
    else url.searchParams.delete("open");
    return url;
  };

  const open = async (one, { quiet = false } = {}) => {
    clearTimeout(waiting);
    current = one.dataset.row;
    mark();
    const id = current;
    await htmx.ajax("GET", `${desk.dataset.item}?id=${encodeURIComponent(id)}`, { target: pane, swap: "innerHTML" });
    if (id !== current || quiet) return;
    const was = desk.classList.contains("has-pane");
    desk.classList.add("has-pane");
    pane.scrollTop = 0;
    if (narrow.matches) {
      if (!was) history.pushState({ pane: id }, "", address(id));
      window.scrollTo(0, 0);
      pane.focus({ preventScroll: true });
    } else history.replaceState(history.state, "", address(id));
  };

  const close = () => {
    if (!desk || !desk.classList.contains("has-pane")) return false;
    desk.classList.remove("has-pane");
    history.replaceState(history.state, "", address(null));
    const one = row(current);
    if (one) { opener(one).focus(); one.scrollIntoView({ block: "nearest" }); }
    return true;
  };

  window.addEventListener("popstate", (event) => {
    if (!desk || !narrow.matches || !desk.classList.contains("has-pane")) return;
    event.stopImmediatePropagation(); // htmx would load the list anew, and lose its place
    close();
  });

  const shown = (name) => [...document.querySelectorAll(`[data-composer="${name}"]`)].find((one) => one.closest("#pane, .person"));

  const compose = async (name) => {
    if (desk && current && !desk.classList.contains("has-pane")) await open(row(current));
    const section = shown(name);
    if (!section) return;
    section.hidden = false;
    const field = section.querySelector("textarea, input:not([type=hidden])");
    field?.focus();
    section.scrollIntoView({ block: "nearest" });
  };

  // --- doing

  const filters = () => {
    const form = document.getElementById("filters");
    const given = form ? Object.fromEntries(new FormData(form)) : {};
    const search = document.getElementById("search");
    if (desk?.dataset.list === "people" && search) given.q = search.value;
    return given;
  };

  const targets = (name, id) => {
    const onPerson = data.actions[name]?.on === "person";
    if (id) return { id: [id] };
    if (all) return { all: "1", list: desk.dataset.list, ...filters() };
    if (picked.size) return { id: [...picked].map(([key, person]) => (onPerson ? person : key)).filter(Boolean) };
    const one = row(current);
    if (one) return { id: [onPerson ? one.dataset.person : one.dataset.row].filter(Boolean) };
    return { id: [onPerson ? data.person : data.row].filter(Boolean) };
  };

  const post = (url, values) => htmx.ajax("POST", url, { source: document.body, target: toasts, swap: "innerHTML", values });

  const act = (name, id) => {
    const values = targets(name, id);
    const url = palette.dataset.do.replace("NAME", name);
    const action = data.actions[name];
    if (!action?.asks || !(values.all || values.id.length)) return post(url, values);
    return window.Egard.ask(name, action, (choice) => post(url, { ...values, choice }));
  };

  const undo = () => post(palette.dataset.undo, {});

  // --- what pages click

  document.addEventListener("click", (event) => {
    const at = (selector) => event.target.closest(selector);
    const button = at("[data-act]");
    if (button) return void act(button.dataset.act, button.dataset.id);
    if (at("[data-compose]")) return void compose(at("[data-compose]").dataset.compose);
    if (at("[data-dismiss]")) return void toasts.replaceChildren();
    if (at("[data-sheet]")) return void document.getElementById("keys-sheet").showModal();
    if (at("[data-close]")) return void at("dialog").close();
    if (at("[data-back]")) return void (narrow.matches && history.state?.pane ? history.back() : close());
    if (at("[data-none]")) return void none();
    if (at("[data-all]")) return void everything(document.getElementById("bulk"));
    const one = at("[data-row]");
    if (!one || !desk?.contains(one)) return undefined;
    if (at(".pick")) {
      if (event.target.matches("[data-pick]")) {
        current = one.dataset.row;
        if (event.shiftKey && anchor) range();
        else pick(one, event.target.checked);
      }
      return undefined;
    }
    // A click opens beside the list; Enter (a click without a pointer) and a click with a modifier follow the link.
    const link = at("a");
    if (link && (event.detail === 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.button)) {
      const here = new URL(link.href).searchParams.get("open");
      if (event.detail === 0 && here && link.matches("[data-open]")) { event.preventDefault(); open(one); }
      return undefined;
    }
    event.preventDefault();
    if (link) link.focus();
    return void open(one);
  });

  const everything = async (bulk) => {
    const answer = await fetch(`${bulk.dataset.matching}?${new URLSearchParams(filters())}`, { headers: { "HX-Request": "true" } });
    if (answer.headers.get("X-Egard-Refusal")) { toasts.innerHTML = await answer.text(); return; }
    picked.clear();
    all = (await answer.json()).said;
    mark();
  };

  // --- what comes back

  const changes = (path) => path.startsWith("/do/") || path.startsWith("/undo/");

  // What is done from a menu closes it at once: one's own change is no news to somebody who still chooses.
  document.addEventListener("htmx:beforeRequest", (event) => {
    const { elt, pathInfo } = event.detail;
    const menu = elt.closest("details.menu");
    if (!menu || !elt.matches("form") || !changes(pathInfo.requestPath)) return;
    elt.reset();
    menu.open = false;
    menu.querySelector("summary").focus({ preventScroll: true });
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    const { xhr, pathInfo, elt } = event.detail;
    if (!xhr || xhr.status >= 400) return;
    const composer = elt?.closest?.("[data-composer]");
    if (composer && pathInfo.requestPath && event.detail.requestConfig.verb === "post") {
      composer.hidden = true;
      (row(current) ? opener(row(current)) : document.querySelector(`[data-compose="${composer.dataset.composer}"]`))?.focus();
    }
    if (elt?.matches?.("[data-reloads]")) { window.location.reload(); return; }
    if (!changes(pathInfo.requestPath)) return;
    none();
    const { leaves, opens } = elt?.dataset || {};
    if (opens && current) current = event.detail.requestConfig.parameters[opens]; // it stands for this row from now on
    if (leaves) {
      // The view is gone, and with it this address; the toast and its undo stay.
      history.replaceState(history.state, "", leaves);
      const search = document.getElementById("search");
      if (search) search.value = "";
      htmx.ajax("GET", leaves, { target: document.getElementById("rows") || document.getElementById("people") });
      return;
    }
    htmx.trigger(document.body, "egard:changed");
    htmx.trigger(document.body, "egard:facts");
    htmx.trigger(document.body, "egard:acted");
  });

  document.body.addEventListener("egard:facts", () => {
    const lately = pane?.querySelector(".card-lately");
    if (lately && current) htmx.ajax("GET", `${desk.dataset.item}?id=${encodeURIComponent(current)}`, { target: lately, select: ".card-lately", swap: "outerHTML" });
  });

  document.addEventListener("htmx:configRequest", (event) => {
    const { elt, parameters } = event.detail;
    if (event.detail.verb !== "get") return;
    // What comes back reaches as far down as what stands there.
    if (elt.id === "people") parameters.down_to = elt.querySelector("[data-down-to]")?.dataset.downTo || "end";
    if (elt.id !== "rows") return;
    parameters.limit = Math.min(200, rows().length);
    const view = new URL(window.location.href).searchParams.get("view");
    if (view) parameters.view = view;
  });

  // The row that stood next to one that is gone: below it, else above.
  const after = (id) => {
    const at = order.indexOf(id);
    const near = [...order.slice(at + 1), ...order.slice(0, Math.max(at, 0)).reverse()].find((one) => row(one));
    return near ? row(near) : rows()[0];
  };

  let focused = null;
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (["rows", "people"].includes(event.detail.target.id)) {
      const held = document.activeElement;
      if (current === null || row(current)) order = rows().map((one) => one.dataset.row);
      focused = desk?.contains(held) && !pane.contains(held) ? { row: held.closest("[data-row]")?.dataset.row, id: held.id, at: held.selectionStart } : null;
    }
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (!["rows", "people", "more"].includes(event.detail.target.id)) return;
    if (event.detail.target.id === "rows") {
      for (const id of [...picked.keys()]) if (!row(id)) picked.delete(id);
    }
    mark();
    if (event.detail.target.id === "more") return;
    const had = focused;
    focused = null;
    if (had?.id && document.getElementById(had.id)) {
      const field = document.getElementById(had.id);
      field.focus({ preventScroll: true });
      if (field.type === "search") field.setSelectionRange(had.at, had.at);
      return;
    }
    if (current === null || event.detail.requestConfig?.elt?.id !== "rows") return;
    // Somebody else's change takes nothing from under the reader's eyes: the pane keeps itself up to date.
    if (event.detail.requestConfig.triggeringEvent?.type === "live") {
      if (had?.row && row(had.row) && document.activeElement === document.body) opener(row(had.row)).focus({ preventScroll: true });
      return;
    }
    const still = row(current);
    const next = still || after(current);
    const writing = pane.querySelector("[data-composer]:not([hidden])");
    if (!next) { pane.replaceChildren(); desk.classList.remove("has-pane"); current = null; return; }
    if (had?.row || !still) opener(next).focus({ preventScroll: true });
    if (desk.classList.contains("has-pane") && !writing) open(next, { quiet: Boolean(still) });
    else { current = next.dataset.row; mark(); }
  });

  document.addEventListener("htmx:afterSettle", mark); // settling gives rows the classes that they came with

  const first = new URL(window.location.href).searchParams.get("open");
  if (desk && first) {
    const begin = () => { const one = row(first); if (one) { current = first; open(one); } };
    if (document.readyState === "complete") begin();
    else window.addEventListener("load", begin);
  }

  window.Egard = { ...window.Egard, data, move, pick: () => row(current) && pick(row(current)), range, none, close, compose, act, undo, picked, hasPicked: () => picked.size > 0 || Boolean(all) };
})();
