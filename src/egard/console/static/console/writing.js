// Writing: drafts that the server keeps (`data-draft="place"` on a textarea or a form, `data-person` for whom), and
// colleagues named after an `@` (`data-mentions="address"`).
(() => {
  "use strict";

  const token = () => JSON.parse(document.body.getAttribute("hx-headers") || "{}")["X-CSRFToken"];
  const PAUSE = 600;
  let going = Promise.resolve(); // drafts that are being deleted: a new form must not find them again

  // --- files: more than one request carries (`data-max-mb`) is said before it is sent

  document.addEventListener("change", ({ target }) => {
    if (!target.matches?.("input[type=file][data-max-mb]")) return;
    if (target.hasAttribute("data-gathers")) gather(target);
    weigh(target);
  });
  const weigh = (target) => {
    const bytes = [...target.files].reduce((sum, file) => sum + file.size, 0);
    target.setCustomValidity(bytes > Number(target.dataset.maxMb) * 1024 * 1024 ? target.dataset.tooLarge : "");
    target.reportValidity();
  };

  // A field that gathers (`data-gathers`) adds what is chosen to what was, and lists it, each with a way out.
  const gathered = new WeakMap(); // field → its files
  const same = (one, other) => one.name === other.name && one.size === other.size && one.lastModified === other.lastModified;
  const sized = (bytes) => {
    const [unit, by] = bytes < 1e6 ? ["kilobyte", 1024] : ["megabyte", 1024 * 1024];
    return new Intl.NumberFormat(document.documentElement.lang, { style: "unit", unit, maximumFractionDigits: 1 }).format(Math.max(bytes / by, 0.1));
  };
  const put = (field, files) => {
    const held = new DataTransfer();
    for (const file of files) held.items.add(file);
    field.files = held.files;
    list(field);
  };
  const gather = (field) => {
    const before = gathered.get(field) || [];
    put(field, [...before, ...[...field.files].filter((file) => !before.some((one) => same(one, file)))]);
  };
  const list = (field) => {
    const place = field.parentElement.querySelector("[data-chosen]");
    gathered.set(field, [...field.files]);
    place.replaceChildren(...[...field.files].map((file) => {
      const line = field.parentElement.querySelector("template").content.firstElementChild.cloneNode(true);
      for (const name of line.querySelectorAll(".chosen-name")) name.textContent = file.name;
      line.querySelector(".chosen-size").textContent = sized(file.size);
      return line;
    }));
    place.hidden = !field.files.length;
  };
  document.addEventListener("click", ({ target }) => {
    const button = target.closest?.("[data-takes-out]");
    if (!button) return;
    const place = button.closest("[data-chosen]"), field = place.parentElement.querySelector("[data-gathers]");
    const at = [...place.children].indexOf(button.closest("li"));
    put(field, [...field.files].filter((_file, i) => i !== at));
    weigh(field);
    (place.children[Math.min(at, place.children.length - 1)]?.querySelector("button") || field).focus();
  });
  // A page that was put in order anew lists them still.
  document.addEventListener("htmx:afterSettle", () => {
    for (const field of document.querySelectorAll("[data-gathers]")) list(field);
  });

  // --- drafts

  const kept = new WeakMap(); // textarea or form → { timer, chain, sent }
  const DRAFT = "textarea[data-draft], form[data-draft]";
  const draftsIn = (root) => [...(root?.matches?.(DRAFT) ? [root] : []), ...(root?.querySelectorAll?.(DRAFT) || [])];

  // A form is kept as the answers in it that differ from those it came with.
  const asked = (form) => [...form.elements].filter((one) => one.name && !["hidden", "submit", "file"].includes(one.type));
  const typed = (one) => (["checkbox", "radio"].includes(one.type) ? one.checked !== one.defaultChecked
    : one.tagName === "SELECT" ? !one.options[one.selectedIndex]?.defaultSelected && one.value !== "" : one.value !== one.defaultValue);
  const textOf = (field) => {
    if (field.tagName !== "FORM") return field.value;
    if (!asked(field).some(typed)) return "";
    const given = new FormData(field);
    return JSON.stringify(Object.fromEntries([...new Set(asked(field).map((one) => one.name))].map((name) => [name, given.get(name) ?? ""])));
  };
  const isFresh = (field) => (field.tagName === "FORM" ? !asked(field).some(typed) && !field.hasAttribute("data-filled") : !field.value);
  const fill = (field, text) => {
    if (field.tagName !== "FORM") { field.value = text; return; }
    let told = {};
    try { told = JSON.parse(text); } catch { return; }
    for (const one of asked(field)) {
      if (!(one.name in told)) continue;
      if (["checkbox", "radio"].includes(one.type)) one.checked = one.value === told[one.name];
      else one.value = told[one.name];
    }
  };

  const send = (field, text, keepalive = false) => {
    const body = new URLSearchParams({ place: field.dataset.draft, person: field.dataset.person || "", text });
    return fetch("/drafts/", { method: "POST", body, keepalive, redirect: "manual", headers: { "X-CSRFToken": token(), "HX-Request": "true" } });
  };

  const say = (field, word) => {
    const place = (field.form || field).querySelector?.("[data-draft-state]");
    if (place) place.textContent = word ? place.dataset[word] : "";
  };

  const save = (field) => {
    const state = kept.get(field);
    clearTimeout(state.timer);
    state.timer = 0;
    if (state.sent) return;
    const text = textOf(field);
    // One after the other, so that what was typed last is what is kept.
    state.chain = state.chain.then(async () => {
      if (state.sent) return;
      try {
        const answer = await send(field, text);
        say(field, answer.ok ? (text.trim() ? "kept" : "") : "lost");
      } catch { say(field, "lost"); }
    });
  };

  const hold = async (field) => {
    if (kept.has(field)) return;
    const state = { timer: 0, chain: Promise.resolve(), sent: false };
    kept.set(field, state);
    field.addEventListener("input", () => { state.sent = false; clearTimeout(state.timer); state.timer = setTimeout(() => save(field), PAUSE); });
    field.addEventListener("focusout", () => { if (state.timer) save(field); });
    const about = new URLSearchParams({ place: field.dataset.draft, person: field.dataset.person || "" });
    try {
      await going;
      const answer = await fetch(`/drafts/?${about}`, { headers: { Accept: "application/json", "HX-Request": "true" }, redirect: "manual" });
      if (!answer.ok) return;
      const { text } = await answer.json();
      if (!text || !isFresh(field)) return;
      fill(field, text);
      field.dispatchEvent(new CustomEvent("egard:draft", { bubbles: true }));
      say(field, "restored");
      const composer = field.closest("[data-composer]");
      if (composer) composer.hidden = false;
    } catch { /* the next key tries again */ }
  };

  const holdAll = (root) => { for (const field of draftsIn(root)) hold(field); };
  document.addEventListener("DOMContentLoaded", () => holdAll(document));
  document.addEventListener("htmx:load", (event) => holdAll(event.detail.elt.parentElement || event.detail.elt));

  // A page that closes within the pause does not lose the last words.
  window.addEventListener("pagehide", () => {
    for (const field of draftsIn(document)) {
      const state = kept.get(field);
      if (state?.timer && !state.sent) send(field, textOf(field), true).catch(() => {});
    }
  });

  // While it is being sent nothing more is kept; once it is, the draft goes. A refusal keeps it.
  document.addEventListener("htmx:beforeRequest", (event) => {
    for (const field of draftsIn(event.detail.elt)) {
      const state = kept.get(field);
      if (state) { clearTimeout(state.timer); state.timer = 0; state.sent = true; }
    }
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const form = event.detail.requestConfig?.elt;
    for (const field of draftsIn(form)) {
      const state = kept.get(field);
      if (!state) continue;
      if (event.detail.xhr.status >= 400) { state.sent = false; save(field); } else going = state.chain.then(() => send(field, "")).catch(() => {});
    }
  });
  document.addEventListener("htmx:sendError", (event) => {
    for (const field of draftsIn(event.detail.elt)) {
      const state = kept.get(field);
      if (state) { state.sent = false; say(field, "lost"); }
    }
  });

  // --- mentions

  const AT = /(^|[\s(])@([\p{L}\p{N}.'’-]{0,30})$/u;
  let box = null; // { field, list, options, active }
  let turn = 0;
  let timer = 0;

  const shut = () => {
    if (!box) return;
    box.list.hidden = true;
    box.list.replaceChildren();
    box.field.removeAttribute("aria-activedescendant");
    box = null;
  };

  const choose = (at) => {
    box.active = (at + box.options.length) % box.options.length;
    [...box.list.children].forEach((line, i) => { line.setAttribute("aria-selected", String(i === box.active)); });
    const line = box.list.children[box.active];
    box.field.setAttribute("aria-activedescendant", line.id);
    line.scrollIntoView({ block: "nearest" });
  };

  const take = () => {
    const { field, options, active } = box;
    const colleague = options[active];
    const before = field.value.slice(0, field.selectionStart).replace(AT, `$1@${colleague.name} `);
    const after = field.value.slice(field.selectionStart);
    field.value = before + after;
    field.setSelectionRange(before.length, before.length);
    const known = field.form.querySelector(`input[name=mention][value="${colleague.id}"]`);
    if (!known) {
      const hidden = document.createElement("input");
      hidden.type = "hidden";
      hidden.name = "mention";
      hidden.value = colleague.id;
      field.form.append(hidden);
    }
    shut();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };

  const look = async (field) => {
    const typed = field.value.slice(0, field.selectionStart).match(AT);
    if (!typed) { shut(); return; }
    const mine = ++turn;
    const answer = await fetch(`${field.dataset.mentions}?q=${encodeURIComponent(typed[2])}`, { headers: { Accept: "application/json", "HX-Request": "true" }, redirect: "manual" }).catch(() => null);
    if (mine !== turn || !answer?.ok || document.activeElement !== field) return;
    const { colleagues } = await answer.json();
    if (!colleagues.length) { shut(); return; }
    const list = document.getElementById(field.getAttribute("aria-controls"));
    list.replaceChildren(...colleagues.map((one, i) => {
      const line = document.createElement("div");
      line.id = `${list.id}-${i}`;
      line.className = "mention-option";
      line.setAttribute("role", "option");
      line.append(one.name);
      line.addEventListener("mousedown", (event) => { event.preventDefault(); choose(i); take(); });
      return line;
    }));
    list.hidden = false;
    box = { field, list, options: colleagues, active: 0 };
    choose(0);
  };

  document.addEventListener("input", (event) => {
    const field = event.target;
    if (!field.matches?.("textarea[data-mentions]")) return;
    clearTimeout(timer);
    timer = setTimeout(() => look(field), 80);
  });
  document.addEventListener("keydown", (event) => {
    if (!box || event.target !== box.field) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); choose(box.active + (event.key === "ArrowDown" ? 1 : -1)); }
    else if ((event.key === "Enter" || event.key === "Tab") && !event.ctrlKey && !event.metaKey) { event.preventDefault(); event.stopImmediatePropagation(); take(); }
    else if (event.key === "Escape") { event.preventDefault(); event.stopImmediatePropagation(); shut(); }
  }, true);
  document.addEventListener("focusout", (event) => { if (box && event.target === box.field) shut(); });
})();
