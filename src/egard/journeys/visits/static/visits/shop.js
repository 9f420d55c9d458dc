// The list of a shop: finding who comes, one tap for an arrival, and going on without a network. What is tapped is kept
// here until the server has it, each tap under its own name and moment, so that it counts once however often it is sent.
(() => {
  "use strict";

  const { htmx } = window;
  const net = document.getElementById("shop-net");
  const list = () => document.getElementById("shop-day");
  if (!net || !list()) return;

  const STORE = "egard.arrivals"; // ids and moments only: no name is kept here
  const AGAIN_MS = 8_000, COPY_MS = 20_000;
  const words = net.dataset;
  const read = () => { try { return JSON.parse(localStorage.getItem(STORE)) || []; } catch { return []; } };
  const write = (taps) => localStorage.setItem(STORE, JSON.stringify(taps));
  const clock = (at) => new Date(at).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
  const row = (uuid) => list().querySelector(`[data-visit="${uuid}"]`);
  const fill = (text, told) => text.replace(/\{(\w+)\}/g, (_, name) => told[name]);
  const show = (name, on, said) => {
    const told = net.querySelector(`[data-net="${name}"]`);
    told.hidden = !on;
    if (said !== undefined) told.querySelector("[data-net-said]").textContent = said;
  };

  // --- what is kept here -------------------------------------------------------------------------------------------

  function mark() {
    const taps = read();
    for (const { url, at } of taps) {
      const place = list().querySelector(`[data-arrive="${url}"]`)?.closest("[data-visit]");
      if (!place) continue;
      place.querySelector("[data-arrive]").disabled = true;
      const kept = place.querySelector(".shop-kept");
      kept.hidden = false;
      kept.textContent = fill(words.wordsKept, { at: clock(at) });
    }
    net.querySelector("[data-net-n]").textContent = taps.length ? fill(words.wordsCount, { n: taps.length }) : "";
  }

  const away = (is) => {
    show("off", is);
    net.querySelector("[data-net-at]").textContent = list().dataset.clock;
  };

  const token = () => JSON.parse(document.body.getAttribute("hx-headers") || "{}")["X-CSRFToken"] || "";
  let timer = 0;
  const later = () => { clearTimeout(timer); timer = setTimeout(flush, AGAIN_MS); };

  // One tab sends at a time; a tap leaves the store only once the server has answered about it.
  const alone = (work) => (navigator.locks ? navigator.locks.request(STORE, work) : work());
  const flush = () => alone(async () => {
    let sent = 0;
    for (const tap of read()) {
      let answer;
      try {
        answer = await fetch(tap.url, {
          method: "POST", redirect: "manual", headers: { "X-CSRFToken": token(), Accept: "application/json" },
          body: new URLSearchParams({ at: tap.at, key: tap.key }),
        });
      } catch {
        away(true);
        later();
        break;
      }
      away(false);
      if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) {
        show("out", true, words.wordsIn);
        break;
      }
      if (answer.status >= 500 || answer.status === 429) { later(); break; }
      show("out", false);
      if (!answer.ok) {
        const why = await answer.json().then((told) => told.detail).catch(() => answer.status);
        show("refused", true, fill(words.wordsRefused, { at: clock(tap.at), why }));
      }
      write(read().filter((one) => one.key !== tap.key));
      sent += 1;
    }
    mark();
    if (sent) htmx.trigger(list(), "live");
  });

  function arrive(button) {
    const url = button.dataset.arrive;
    if (!read().some((tap) => tap.url === url)) write([...read(), { key: crypto.randomUUID(), url, at: new Date().toISOString() }]);
    mark();
    const find = document.querySelector("[data-find]");
    if (find) find.value = "";
    sift();
    return flush();
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-arrive]");
    if (button && !button.disabled) arrive(button);
  });

  // --- finding who comes ---------------------------------------------------------------------------------------------

  const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").replace(/œ/g, "oe").toLowerCase().trim();
  const CODE = /(?:^|[^0-9A-Z])([2-9BCDFGHJKLMNPQRSTVWXYZ]{7})$/i;
  function sift() {
    const find = document.querySelector("[data-find]");
    if (!find) return [];
    const parts = fold(find.value).split(/\s+/).filter(Boolean);
    const digits = find.value.replace(/[\s.+()-]/g, "");
    const wanted = /^\d{5,}$/.test(digits) ? [digits.slice(-4)] : parts;
    const rows = [...list().querySelectorAll("[data-search]")];
    const found = rows.filter((one) => {
      const is = wanted.every((part) => one.dataset.search.split(" ").some((word) => word.startsWith(part)));
      one.hidden = !is;
      return is;
    });
    const none = list().querySelector(".shop-none");
    if (none) none.hidden = !wanted.length || found.length > 0;
    if (wanted.length) list().querySelectorAll("details.shop-over").forEach((one) => { one.open = found.some((row) => one.contains(row)); });
    return wanted.length ? found : [];
  }
  document.addEventListener("input", (event) => { if (event.target.matches("[data-find]")) sift(); });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches("[data-find]")) return;
    event.preventDefault();
    const buttons = sift().map((one) => one.querySelector("[data-arrive]:not(:disabled)")).filter(Boolean);
    if (buttons.length === 1) arrive(buttons[0]);
  });

  const scanned = (text) => {
    const code = text.trim().replace(/[/?#]+$/, "").match(CODE)?.[1]?.toUpperCase();
    const uuid = text.match(/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/i)?.[0]?.toLowerCase();
    const place = (code && list().querySelector(`[data-reference="${code}"]`)) || (uuid && row(uuid));
    const find = document.querySelector("[data-find]");
    find.value = code || "";
    sift();
    const button = place?.querySelector("[data-arrive]:not(:disabled)");
    if (button) arrive(button);
    place?.scrollIntoView({ block: "center" });
  };
  const scan = document.querySelector("[data-scan]"), dialog = document.getElementById("scan");
  if (scan && window.BarcodeDetector && navigator.mediaDevices?.getUserMedia) {
    scan.hidden = false;
    const video = dialog.querySelector("video");
    const stop = () => { video.srcObject?.getTracks().forEach((track) => track.stop()); video.srcObject = null; dialog.close(); };
    dialog.querySelector("[data-scan-close]").addEventListener("click", stop);
    dialog.addEventListener("cancel", stop);
    scan.addEventListener("click", async () => {
      const detector = new window.BarcodeDetector({ formats: ["qr_code"] });
      dialog.showModal();
      try {
        video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
        await video.play();
        while (video.srcObject) {
          const [found] = await detector.detect(video).catch(() => []);
          if (found) { stop(); scanned(found.rawValue); }
          else await new Promise((go) => { setTimeout(go, 250); });
        }
      } catch { stop(); document.querySelector("[data-find]").focus(); }
    });
  }

  // --- the list as it changes ----------------------------------------------------------------------------------------

  let copied = Date.now();
  const copy = () => {
    const urls = performance.getEntriesByType("resource").map(({ name }) => name.split("#")[0]).filter((name) => name.startsWith(`${location.origin}/static/`));
    navigator.serviceWorker.controller?.postMessage({ path: location.pathname, urls: [...new Set(urls)] });
    copied = Date.now();
  };
  const drawn = () => {
    mark();
    sift();
    document.querySelectorAll("form[data-walk-in] [name=key]").forEach((field) => { field.value = crypto.randomUUID(); });
    if (navigator.serviceWorker && Date.now() - copied > COPY_MS) copy();
  };
  document.addEventListener("htmx:afterSettle", (event) => { if (event.target.id === "shop-day" || event.detail.elt?.id === "shop-day") drawn(); });
  document.addEventListener("htmx:afterRequest", (event) => {
    const { xhr, elt, successful } = event.detail;
    if (!elt.isConnected) return;
    if (elt.id === "shop-day" || elt.closest("#shop-day")) away(xhr.status === 0);
    if (successful && elt.matches("form[data-walk-in]")) {
      elt.reset();
      elt.closest("details").open = false;
    }
  });
  addEventListener("online", () => { flush(); htmx.trigger(list(), "live"); });
  addEventListener("offline", () => away(true));
  setInterval(() => {
    const now = new Date().toLocaleDateString("sv");
    if (now === list().dataset.shopDay) { if (!document.hidden) htmx.trigger(list(), "live"); }
    else if (navigator.onLine) location.reload(); // a new day
    else { caches?.delete("egard-day"); list().replaceChildren(); }
  }, 60_000);

  if (navigator.serviceWorker) {
    navigator.serviceWorker.register(net.dataset.worker, { scope: "/shop/" }).then(() => navigator.serviceWorker.ready).then(() => {
      if (navigator.serviceWorker.controller) copy();
      else navigator.serviceWorker.addEventListener("controllerchange", copy, { once: true });
    }).catch(() => {});
  }
  // The list can be read without a network from now on.
  navigator.serviceWorker?.addEventListener("message", ({ data }) => { if (data?.kept === location.pathname) net.dataset.kept = "1"; });
  mark();
  if (!navigator.onLine) away(true);
  if (read().length) flush(); else fetch(net.dataset.worker, { method: "HEAD", cache: "no-store" }).catch(() => away(true));
})();
