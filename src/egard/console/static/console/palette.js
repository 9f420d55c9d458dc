// Keys, the sheet that lists them and the palette: all three from the page's own data (console/keys.py).
(() => {
  "use strict";

  const { Egard } = window;
  const palette = document.getElementById("palette");
  if (!Egard || !palette) return;
  const { data } = Egard;
  const sheet = document.getElementById("keys-sheet");
  const input = document.getElementById("palette-input");
  const day = document.getElementById("palette-day");
  const chosen = document.getElementById("palette-chosen");
  const asks = document.getElementById("palette-asks");
  const list = document.getElementById("palette-list");
  const nothing = document.getElementById("palette-none");
  const word = Object.fromEntries(
    [...document.getElementById("palette-words").content.querySelectorAll("[data-word]")].map((one) => [one.dataset.word, one.textContent]),
  );
  const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const sprite = document.querySelector("use")?.getAttribute("href").split("#")[0];

  // --- what was used lately comes first: codes of pages and actions only, never a person
  const KEPT = "egard.lately";
  const lately = () => { try { return JSON.parse(localStorage.getItem(KEPT)) || []; } catch { return []; } };
  const remember = (code) => {
    try { localStorage.setItem(KEPT, JSON.stringify([code, ...lately().filter((one) => one !== code)].slice(0, 12))); } catch { /* private window */ }
  };

  const does = {
    move: (key) => Egard.move(Number(key.with)),
    pick: () => Egard.pick(),
    range: () => Egard.range(),
    act: (key) => Egard.act(key.with),
    compose: (key) => Egard.compose(key.with),
    go: (key) => window.location.assign(key.with),
    undo: () => Egard.undo(),
    press: (key) => press(pressable(key)),
    palette: () => show(),
    sheet: () => sheet.showModal(),
    search: () => { const box = document.getElementById("search"); if (box) { box.focus(); box.select(); } else show(); },
  };

  // What a page offers by its own button, link or disclosure: pressed, or opened with the focus in its first field.
  const FIELD = "textarea, select, input:not([type=hidden]), button";
  const pressable = (key) => [...document.querySelectorAll(`[data-press="${key.with}"]`)].find((one) => one.checkVisibility());
  const press = (one) => {
    if (!one) return;
    if (one.matches("a, button")) { one.click(); return; }
    if (one.matches("details")) one.open = true;
    const field = one.querySelector(`:is(${FIELD}):not(summary *)`) || one;
    field.focus();
    one.scrollIntoView({ block: "nearest" });
  };

  // --- the palette

  let options = [];
  let active = 0;
  let people = [];
  let asking = null; // { name, action, then }
  let turn = 0;
  let timer = 0;
  let back = null;

  const commands = (typed) => {
    const words = fold(typed).split(/\s+/).filter(Boolean);
    const used = lately();
    const rank = (key) => { const at = used.indexOf(`${key.does}:${key.with}`); return at < 0 ? 99 : at; };
    return data.keys
      .filter((key) => key.palette && (key.does !== "press" || pressable(key)) && words.every((one) => fold(key.label).includes(one)))
      .map((key, at) => ({ key, at }))
      .sort((a, b) => rank(a.key) - rank(b.key) || a.at - b.at)
      .map(({ key }) => ({
        group: key.does === "go" ? word.pages : word.here,
        label: key.label,
        icon: key.icon,
        caps: key.keys,
        run: () => { remember(`${key.does}:${key.with}`); does[key.does](key); },
      }));
  };

  const element = (tag, className, text) => {
    const made = document.createElement(tag);
    made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  };

  const drawn = (name) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", "true");
    use.setAttribute("href", `${sprite}#${name || "point"}`);
    svg.append(use);
    return svg;
  };

  const render = () => {
    list.replaceChildren();
    let group = null;
    let held = list;
    options.forEach((option, at) => {
      if (option.group !== group) {
        group = option.group;
        held = element("div", "palette-group");
        held.setAttribute("role", "group");
        const head = element("div", "palette-head", group || "");
        head.id = `palette-head-${at}`;
        if (group) { held.setAttribute("aria-labelledby", head.id); held.append(head); }
        list.append(held);
      }
      const line = element("div", "palette-option");
      line.id = `palette-option-${at}`;
      line.setAttribute("role", "option");
      if (option.icon) line.append(drawn(option.icon));
      line.append(element("span", "palette-label", option.label));
      if (option.hint) line.append(element("span", "palette-hint", option.hint));
      if (option.caps && data.single) line.append(element("kbd", "keys-hint", option.caps));
      line.addEventListener("mousemove", () => choose(at));
      line.addEventListener("click", () => take(at));
      held.append(line);
    });
    nothing.hidden = options.length > 0;
    nothing.textContent = word.none;
    choose(0);
  };

  const choose = (at) => {
    active = options.length ? Math.max(0, Math.min(at, options.length - 1)) : -1;
    for (const line of list.querySelectorAll("[role=option]")) line.setAttribute("aria-selected", String(line.id === `palette-option-${active}`));
    if (active < 0) input.removeAttribute("aria-activedescendant");
    else {
      input.setAttribute("aria-activedescendant", `palette-option-${active}`);
      document.getElementById(`palette-option-${active}`).scrollIntoView({ block: "nearest" });
    }
  };

  const take = (at) => {
    const option = options[at];
    if (!option) return;
    if (option.stays) { option.run(); return; }
    palette.close();
    option.run();
  };

  const build = () => {
    const found = people.map((one) => ({ group: input.value.trim() ? word.people : word.lately, label: one.label, hint: one.hint, icon: "user", run: () => window.location.assign(one.url) }));
    const orders = commands(input.value.trim());
    options = input.value.trim() ? [...orders.slice(0, 6), ...found] : [...found.slice(0, 4), ...orders];
    options.sort((a, b) => order(a) - order(b));
    render();
  };
  const order = (option) => [word.lately, word.here, word.pages, word.people].indexOf(option.group);

  const asked = async (url) => {
    const mine = ++turn;
    try {
      const answer = await fetch(url, { headers: { Accept: "application/json", "HX-Request": "true" }, redirect: "manual" });
      if (mine !== turn || !palette.open) return null;
      if (!answer.ok) throw new Error("refused");
      return await answer.json();
    } catch {
      if (mine === turn) { nothing.hidden = false; nothing.textContent = word.lost; }
      return null;
    }
  };

  const look = async () => {
    const typed = input.value.trim();
    if (asking) {
      const told = await asked(`${palette.dataset.choices.replace("NAME", asking.name)}?q=${encodeURIComponent(typed)}`);
      if (!told) return;
      options = told.choices.map((one) => ({ label: one.label, hint: one.hint, run: () => answered(one.value) }));
      if (asking.action.day) options.push({ label: asking.action.day, icon: "calendar", stays: true, run: pickDay });
      render();
      return;
    }
    const told = await asked(`${palette.dataset.people}?q=${encodeURIComponent(typed)}`);
    if (!told || told.q !== input.value.trim()) return;
    people = told.people;
    build();
  };

  const answered = (value) => { const { then } = asking; then(value); };

  const pickDay = () => {
    day.hidden = chosen.hidden = false;
    input.hidden = true;
    options = [];
    list.replaceChildren();
    const tomorrow = new Date(Date.now() + 24 * 3600 * 1000);
    day.min = tomorrow.toISOString().slice(0, 10);
    day.value = day.min;
    day.focus();
  };

  const takeDay = () => {
    if (!day.reportValidity() || !day.value) return;
    palette.close();
    answered(day.value);
  };
  chosen.addEventListener("click", takeDay);

  const show = (question = null) => {
    if (palette.open) return;
    back = document.activeElement;
    asking = question;
    asks.hidden = !question;
    asks.textContent = question ? question.action.asks : "";
    input.placeholder = question ? word.type : word.search;
    input.setAttribute("aria-label", question ? question.action.asks : word.search);
    input.value = "";
    day.hidden = chosen.hidden = true;
    input.hidden = false;
    people = [];
    options = [];
    nothing.hidden = true;
    palette.showModal();
    input.focus();
    if (question) list.replaceChildren();
    else build();
    look();
  };

  palette.addEventListener("close", () => { turn += 1; if (back?.isConnected) back.focus({ preventScroll: true }); });
  for (const dialog of [palette, sheet]) dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

  input.addEventListener("input", () => {
    people = [];
    if (!asking) build();
    clearTimeout(timer);
    timer = setTimeout(look, 90);
  });
  palette.addEventListener("keydown", (event) => {
    if (event.target === day && event.key === "Enter") { event.preventDefault(); takeDay(); return; }
    if (event.target !== input) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      choose((active + step + options.length) % (options.length || 1));
    } else if (event.key === "Enter") {
      event.preventDefault();
      take(active);
    }
  });

  Egard.press = (name) => press(pressable({ with: name }));
  Egard.ask = (name, action, then) => show({ name, action, then });

  // --- keys

  const typing = (one) => Boolean(one?.closest?.("textarea, select, [contenteditable], input:not([type=checkbox], [type=radio], [type=button], [type=submit])"));
  const byKeys = new Map(data.keys.filter((key) => key.keys && key.does).map((key) => [key.keys, key]));
  let began = "";
  let ends = 0;

  const pressed = (event) => {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    return event.shiftKey && /^\p{L}$/u.test(key) ? `Shift ${key}` : key;
  };

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      if (palette.open) palette.close();
      else if (!sheet.open) show();
      return;
    }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches("textarea, form[method=post] :is(input, select)")) {
      event.preventDefault();
      event.target.form?.requestSubmit();
      return;
    }
    if (event.defaultPrevented || palette.open || sheet.open) return;
    if (event.key === "Escape") { leave(event); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat && !["j", "k"].includes(event.key)) return;
    if (typing(event.target) || !data.single) return;
    const combined = began ? `${began} ${pressed(event)}` : pressed(event);
    clearTimeout(ends);
    began = "";
    const key = byKeys.get(combined);
    if (key) { event.preventDefault(); does[key.does](key); return; }
    if (combined === "g" && data.keys.some((one) => one.keys.startsWith("g "))) {
      began = "g";
      ends = setTimeout(() => { began = ""; }, 1500);
    }
  });

  const leave = (event) => {
    const composer = event.target.closest?.("[data-composer]");
    if (composer) {
      composer.hidden = true;
      (document.querySelector("[data-row] [aria-current]") || document.querySelector("[data-compose]"))?.focus();
      return;
    }
    if (typing(event.target)) return;
    if (document.getElementById("toasts").childElementCount && !Egard.hasPicked()) { document.getElementById("toasts").replaceChildren(); return; }
    if (Egard.hasPicked()) Egard.none();
    else Egard.close();
  };
})();
