// The small state of pages: menus, theme, copying, the search's keyboard. No build step; Alpine's CSP build runs it.
(() => {
  "use strict";

  const year = 365 * 24 * 3600;
  const remember = (name, value) => {
    document.cookie = `${name}=${value};path=/;max-age=${value ? year : 0};samesite=lax`;
  };

  document.addEventListener("alpine:init", () => {
    const { Alpine } = window;

    // <details class="menu" x-data="menu">: closed by Escape, by a click elsewhere, by leaving it with Tab.
    Alpine.data("menu", () => ({
      init() {
        const root = this.$root;
        const close = () => { root.open = false; };
        root.addEventListener("keydown", (event) => {
          if (event.key === "Escape" && root.open) { close(); root.querySelector("summary").focus(); }
        });
        root.addEventListener("focusout", (event) => {
          if (event.relatedTarget && !root.contains(event.relatedTarget)) close();
        });
        document.addEventListener("click", (event) => { if (!root.contains(event.target)) close(); });
      },
    }));

    Alpine.data("drawer", () => ({
      open: false,
      toggle() { this.open = !this.open; },
      bodyClass() { return this.open ? "is-open" : ""; },
      expanded() { return this.open ? "true" : "false"; },
    }));

    Alpine.data("theme", () => ({
      chosen: document.documentElement.dataset.bsTheme || "",
      pick(event) {
        this.chosen = event.currentTarget.value;
        remember("egard_theme", this.chosen);
        if (this.chosen) document.documentElement.dataset.bsTheme = this.chosen;
        else delete document.documentElement.dataset.bsTheme;
      },
      pressed() { return this.$el.value === this.chosen ? "true" : "false"; },
    }));

    Alpine.data("copy", () => ({
      done: false,
      async copy() {
        await navigator.clipboard.writeText(this.$root.dataset.text);
        this.done = true;
        setTimeout(() => { this.done = false; }, 1600);
      },
      waiting() { return !this.done; },
    }));

    // A demo login fills the form; the reader still presses the button.
    Alpine.data("demo", () => ({
      use(event) {
        const { email, password } = event.currentTarget.dataset;
        document.querySelector("input[name=login]").value = email;
        document.querySelector("input[name=password]").value = password;
        document.querySelector("form.entrance-sign-in button[type=submit]").focus();
      },
    }));

    // The search: focus stays in the box; up and down move the choice, Enter opens it.
    Alpine.data("search", () => ({
      active: -1,
      init() {
        this.input = this.$root.querySelector("input");
        this.place = document.getElementById(this.input.getAttribute("aria-controls"));
        document.addEventListener("htmx:afterSwap", (event) => {
          if (event.detail.target !== this.place && !this.place.contains(event.detail.target)) return;
          // Rows that came by themselves leave the choice where it is.
          if (event.detail.requestConfig?.triggeringEvent?.type === "live") this.active = this.options().findIndex((option) => option.getAttribute("aria-selected") === "true");
          else this.show();
        });
        document.addEventListener("click", (event) => { if (this.floats() && !this.$root.contains(event.target)) this.shut(); });
        if (this.input.value) this.show();
      },
      floats() { return this.place.classList.contains("search-sheet"); },
      options() { return [...this.place.querySelectorAll("[data-option]")]; },
      show() {
        this.input.setAttribute("aria-expanded", String(this.place.childElementCount > 0));
        this.choose(this.input.value.trim() ? 0 : -1);
      },
      shut() {
        this.place.replaceChildren();
        this.input.setAttribute("aria-expanded", "false");
        this.choose(-1);
      },
      choose(index) {
        const options = this.options();
        this.active = options.length ? Math.max(-1, Math.min(index, options.length - 1)) : -1;
        options.forEach((option, i) => { option.setAttribute("aria-selected", String(i === this.active)); });
        const current = options[this.active];
        if (current) {
          this.input.setAttribute("aria-activedescendant", current.id);
          current.scrollIntoView({ block: "nearest" });
        } else this.input.removeAttribute("aria-activedescendant");
      },
      key(event) {
        if (event.key === "ArrowDown" || event.key === "ArrowUp") {
          if (!this.options().length) return;
          event.preventDefault();
          this.choose(this.active + (event.key === "ArrowDown" ? 1 : -1));
        } else if (event.key === "Enter") {
          const current = this.options()[this.active];
          // An answer to what was typed before must not be opened for what is typed now.
          if (!current || this.place.querySelector("[data-for]")?.dataset.for !== this.input.value.trim()) return;
          event.preventDefault();
          window.location.assign(current.querySelector("a").href);
        } else if (event.key === "Escape") {
          if (this.floats() && this.place.childElementCount) this.shut();
          else if (this.input.value) { this.input.value = ""; this.input.dispatchEvent(new Event("input", { bubbles: true })); }
          else this.input.blur();
        }
      },
    }));
  });

  // Refusals come with their own status and words: show them where the answer would have stood.
  // What has the focus may go with the answer (a form that closes, a row that leaves): the keyboard stays at its place,
  // at what can be undone there, or at what opened the form.
  const REACHED = "a[href], button:not([disabled]), summary, select, textarea, input:not([type=hidden])";
  const reached = (part) => [...part.querySelectorAll(REACHED)].filter((one) => one.checkVisibility());
  let held = null;
  document.addEventListener("htmx:beforeRequest", (event) => {
    const { elt, target } = event.detail;
    const one = document.activeElement;
    if (one === document.body || !elt.contains(one) || !target?.id) return;
    held = { part: target.id, id: one.id, at: reached(target).indexOf(one), fold: [...target.querySelectorAll("details")].indexOf(one.closest("details")) };
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (!held || event.detail.target.id !== held.part) return;
    const { part, id, at, fold } = held;
    const place = document.getElementById(part);
    held = null;
    if (!place || document.activeElement !== document.body) return;
    const there = reached(place);
    const undo = place.querySelector(".notice .undo button");
    const same = there.find((one) => id && one.id === id) || place.querySelectorAll("details")[fold]?.querySelector("summary");
    const next = undo || same || there[Math.min(Math.max(at, 0), there.length - 1)];
    (next || document.querySelector(`[hx-target="#${part}"]`))?.focus({ preventScroll: true });
  });

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail;
    if (xhr.status >= 400 && xhr.getResponseHeader("X-Egard-Refusal")) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });

  // What pages keep on this device for when there is no network goes when nobody is signed in.
  if (document.querySelector("form.entrance-sign-in") && window.caches) caches.delete("egard-day");
})();
