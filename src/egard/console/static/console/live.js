// Pages that stay as things are. One stream a page tells which topics changed; every element with data-live asks for
// itself again when one of its own did (see the tag {% live %}), keeping scroll, focus, choice, and what is being typed.
(() => {
  "use strict";

  const { Idiomorph, htmx } = window;
  const place = document.getElementById("live");
  if (!place) return;

  const LATE_MS = 25_000; // two beats and a half without a word: the stream is dead, whatever the browser says
  const QUIET_MS = 4_000; // so long nobody is told that the page is not live
  const EVERY_MS = Number(place.dataset.every) || 30_000; // without a stream the page asks by itself so often
  const SIGN_MS = 20_000; // a sign of life of this tab, for those who look at the same
  const AGAIN_MS = [300, 1_000, 2_000, 4_000, 8_000, 15_000];
  const BETWEEN_MS = 700; // an element asks for itself no more often
  const BETWEEN_ALL_MS = 10_000; // nor when everything may have changed: a file is being brought in

  const words = (text) => (text || "").split(/\s+/).filter(Boolean);
  const parts = () => [...document.querySelectorAll("[data-live]")];
  const isElement = (node) => node.nodeType === Node.ELEMENT_NODE;

  // --- what is being typed is never taken away ---------------------------------------------------------------------

  const changed = (field) => {
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (field.tagName !== "SELECT") return field.value !== field.defaultValue;
    return field.selectedIndex !== Math.max(0, [...field.options].findIndex((option) => option.defaultSelected));
  };
  const FIELDS = ":is(input, textarea, select)";
  // data-filled: the server gave it back with what was typed, because something was wrong.
  const filled = (root) => Boolean(root.querySelector("form[data-filled]")) || [...root.querySelectorAll(`form[method=post] ${FIELDS}:not([type=hidden])`)].some(changed);
  const busy = (part) => filled(part) || (part.contains(document.activeElement) && Boolean(document.activeElement.closest("form")));

  Object.assign(Idiomorph.defaults.callbacks, {
    // What the reader opened, chose or typed is hers, and what Alpine set is Alpine's.
    beforeAttributeUpdated: (name, node) => !(
      name === "open" || name === "x-cloak" ||
      (name === "aria-selected" && node.hasAttribute("data-option")) ||
      (name === "style" && node.hasAttribute("x-show"))
    ),
    beforeNodeRemoved: (node) => !(isElement(node) && node.matches("[data-live-keep]")),
    beforeNodeMorphed: (node) => !(isElement(node) && (node.matches("[data-live-keep]") || (node.matches(FIELDS) && changed(node)))),
    afterNodeAdded: (node) => {
      if (!isElement(node) || !node.matches("[data-fresh]")) return;
      node.classList.add("is-fresh");
      setTimeout(() => node.classList.remove("is-fresh"), 4_000);
    },
  });

  // --- asking again ------------------------------------------------------------------------------------------------

  const due = new Map(); // an element, and from when it may ask
  const asked = new WeakMap();
  let timer = 0;

  const flushIn = (wait) => { clearTimeout(timer); timer = setTimeout(flush, wait); };
  const ask = (part, between = BETWEEN_MS) => {
    const from = Math.max(Date.now(), (asked.get(part) || 0) + between);
    due.set(part, Math.min(from, due.get(part) ?? from));
    flushIn(20);
  };
  const askNow = (part) => {
    due.delete(part);
    asked.set(part, Date.now());
    htmx.trigger(part, "live");
  };
  function flush() {
    for (const [part, from] of due) {
      if (!part.isConnected) due.delete(part);
      else if (busy(part)) { due.delete(part); wait(part); }
      else if (from <= Date.now() && !part.classList.contains("htmx-request")) askNow(part);
    }
    if (due.size) flushIn(Math.max(50, Math.min(...due.values()) - Date.now()));
  }
  const askAll = (between) => parts().forEach((part) => ask(part, between));
  const covers = (a, b) => a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`);
  const heard = (topic) => {
    document.dispatchEvent(new CustomEvent("egard:told", { detail: topic }));
    if (topic === "*") askAll(BETWEEN_ALL_MS);
    else parts().filter((part) => words(part.dataset.live).some((own) => covers(own, topic))).forEach((part) => ask(part));
  };

  // Somebody types here: the part waits and says so, and follows once the form is sent, emptied or left.
  const insisted = new WeakSet();
  const notice = (part) => part.querySelector(":scope > .live-waits");
  const wait = (part) => {
    if (notice(part)) return;
    const told = document.getElementById("live-waits").content.firstElementChild.cloneNode(true);
    told.querySelector("button").addEventListener("click", () => { told.remove(); insisted.add(part); askNow(part); });
    part.prepend(told);
  };
  const release = () => {
    for (const told of document.querySelectorAll(".live-waits")) {
      const part = told.parentElement;
      if (!busy(part)) { told.remove(); ask(part); }
    }
  };

  const downTo = (list) => list.querySelector("[data-down-to]")?.dataset.downTo || "end";
  const isLive = (event) => event.detail.requestConfig?.triggeringEvent?.type === "live";
  document.addEventListener("htmx:configRequest", (event) => {
    const { elt, parameters, triggeringEvent } = event.detail;
    if (triggeringEvent?.type !== "live") return;
    parameters.live = "1";
    if (elt.hasAttribute("data-live-list")) parameters.down_to = downTo(elt);
  });

  // What has the focus, or stands at the top of the screen, stays where it is when rows come above it.
  const scroller = (node) => {
    for (let box = node.parentElement; box && box !== document.body; box = box.parentElement) {
      if (box.scrollHeight > box.clientHeight && /auto|scroll/.test(getComputedStyle(box).overflowY)) return box;
    }
    return document.scrollingElement;
  };
  let anchor = null;
  const cast = (part) => {
    const box = scroller(part);
    if (!box.scrollTop) return null;
    const top = box === document.scrollingElement ? 0 : box.getBoundingClientRect().top;
    const items = [...part.querySelectorAll("[id]")].filter((item) => item.getBoundingClientRect().height);
    const seen = items.filter((item) => item.getBoundingClientRect().top >= top && item.getBoundingClientRect().top < innerHeight);
    const item = seen.find((one) => one.contains(document.activeElement)) || seen[0];
    return item ? { box, id: item.id, top: item.getBoundingClientRect().top } : null;
  };
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!isLive(event)) return;
    const { xhr, elt, pathInfo, requestConfig } = event.detail;
    if (new URL(xhr.responseURL, location.href).pathname !== new URL(pathInfo.requestPath, location.href).pathname) {
      event.detail.shouldSwap = false; // sent to the sign-in
      finish();
    } else if (busy(elt) && !insisted.delete(elt)) {
      event.detail.shouldSwap = false; // she began to type while it was asked for
      wait(elt);
    } else if (elt.hasAttribute("data-live-list") && requestConfig.parameters.down_to !== downTo(elt)) {
      event.detail.shouldSwap = false; // more of the list came while it was asked for
      ask(elt);
    } else anchor = cast(elt);
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (!anchor || !isLive(event)) return;
    const item = document.getElementById(anchor.id);
    if (item) anchor.box.scrollTop += item.getBoundingClientRect().top - anchor.top;
    anchor = null;
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const { elt, xhr } = event.detail;
    if (isLive(event) && !ended && (xhr.status === 0 || xhr.status >= 500)) ask(elt, 5_000);
  });

  // --- the stream --------------------------------------------------------------------------------------------------

  const tab = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const headers = JSON.parse(document.body.getAttribute("hx-headers") || "{}");
  const here = () => document.querySelector(".here[data-here]")?.dataset.here || "";
  const topics = () => [...new Set(parts().flatMap((part) => words(part.dataset.live)).map((topic) => topic.split("/")[0]))].sort();
  let source = null, following = "", since = place.dataset.since, ended = false;
  let live = false, heardAt = 0, failures = 0, retry = 0, quiet = 0;

  const say = (sign) => place.querySelectorAll("[data-sign]").forEach((told) => { told.hidden = told.dataset.sign !== sign; });
  const away = () => {
    live = false;
    place.dataset.state = "away";
    quiet ||= setTimeout(() => { if (!live && !ended && !document.hidden && topics().length) say("away"); }, QUIET_MS);
  };
  const alive = (event) => {
    heardAt = Date.now();
    since = event.lastEventId || since;
    failures = 0;
    if (live) return;
    live = true;
    clearTimeout(quiet);
    quiet = 0;
    place.dataset.state = "on";
    say("");
    if (typing) giveSign();
  };
  const close = () => { source?.close(); source = null; };
  const again = () => {
    close();
    away();
    clearTimeout(retry);
    retry = setTimeout(connect, AGAIN_MS[Math.min(failures++, AGAIN_MS.length - 1)] * (0.7 + 0.6 * Math.random()));
  };
  function finish() {
    ended = true;
    close();
    say("ended");
  }
  function connect() {
    clearTimeout(retry);
    retry = 0;
    const wanted = topics().join(",");
    // A tab in the background lets go: a browser opens six connections to one place, and nobody looks at it.
    if (ended || document.hidden || !wanted || !window.EventSource) {
      close();
      if (!ended) away();
      if (!wanted) say(""); // nothing here changes by itself: there is nothing to be late with
      return;
    }
    const about = new URLSearchParams({ topics: wanted, here: here(), tab });
    if (source && following === about.toString()) return;
    close();
    following = about.toString();
    heardAt = Date.now();
    source = new EventSource(`${place.dataset.url}?${following}&since=${since}`);
    source.addEventListener("beat", alive);
    source.addEventListener("told", (event) => { alive(event); heard(event.data); });
    source.addEventListener("end", (event) => { if (event.data === "refused") finish(); else again(); });
    source.addEventListener("error", again);
  }
  setInterval(() => {
    if (source && Date.now() - heardAt > LATE_MS) again();
    else if (!source && !retry) connect();
  }, 5_000);
  setInterval(() => { if (!live && !document.hidden && !ended) askAll(0); }, EVERY_MS);

  // --- who is here -------------------------------------------------------------------------------------------------

  let typing = false;
  function giveSign() {
    if (!here() || !live) return;
    const body = new URLSearchParams({ tab, typing: typing ? "1" : "" });
    fetch(place.dataset.here, { method: "POST", headers, body, keepalive: true }).catch(() => {});
  }
  const look = () => {
    const now = filled(document);
    if (now === typing) return;
    typing = now;
    giveSign();
  };
  setInterval(() => { if (!document.hidden) giveSign(); }, SIGN_MS);

  document.addEventListener("input", () => { look(); release(); });
  document.addEventListener("focusout", () => setTimeout(release, 0));
  document.addEventListener("htmx:afterSettle", () => { look(); release(); connect(); });
  document.addEventListener("visibilitychange", () => { failures = 0; connect(); });
  addEventListener("online", () => { failures = 0; connect(); });
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => { if (event.persisted) connect(); });
  connect();
})();
