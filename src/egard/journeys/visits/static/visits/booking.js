// Booking a visit: everything works without this; it makes it quicker. What is left of a hold, the reader's own clock,
// the nearest shop, and the height of the page within another site's.
(() => {
  "use strict";

  const book = () => document.getElementById("book");

  // --- how long the time is still held -----------------------------------------------------------------------------
  const held = () => {
    const sign = document.querySelector(".book-held");
    if (!sign) return;
    const { until, left, over } = sign.dataset;
    const minutes = Math.ceil((Date.parse(until) - Date.now()) / 60_000);
    const words = minutes < 1 ? over : left.replace("{n}", String(minutes));
    const place = sign.querySelector("span");
    if (place.textContent !== words) place.textContent = words;
    sign.classList.toggle("is-soon", minutes <= 2);
  };

  // --- the clock of the shop and the reader's ----------------------------------------------------------------------
  const shown = (at, zone) => new Intl.DateTimeFormat("en-GB", { timeZone: zone, dateStyle: "short", timeStyle: "short" }).format(at);
  const zones = () => {
    for (const sign of document.querySelectorAll(".book-zone[data-zone]")) {
      const at = new Date(sign.dataset.at || Date.now());
      if (Number.isNaN(at.getTime())) continue;
      const mine = shown(at), theirs = shown(at, sign.dataset.zone);
      if (mine === theirs) continue;
      sign.textContent = sign.dataset.at ? `${sign.dataset.said} (${theirs.slice(-5)} → ${mine.slice(-5)})` : sign.dataset.said;
      sign.hidden = false;
    }
  };

  // --- the nearest shop, when the reader taps for it: to a kilometre or so -----------------------------------------
  const near = () => {
    const button = document.querySelector("[data-near]");
    if (button && navigator.geolocation) button.hidden = false;
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-near]");
    if (!button) return;
    button.disabled = true;
    const refused = () => {
      button.disabled = false;
      document.querySelector("[data-near-said]").textContent = button.dataset.refused;
    };
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      const url = new URL(button.dataset.url, location.href);
      url.searchParams.set("near", `${coords.latitude.toFixed(2)},${coords.longitude.toFixed(2)}`);
      const wanted = document.querySelector(".book-search [name=reason]");
      if (wanted) url.searchParams.set("reason", wanted.value);
      location.assign(url);
    }, refused, { maximumAge: 600_000, timeout: 10_000 });
  });

  // --- within another site: it is told how high this page is -------------------------------------------------------
  const told = () => {
    const origin = book()?.dataset.framed;
    if (!origin || window.parent === window) return;
    const height = Math.ceil(document.querySelector(".me").getBoundingClientRect().height);
    window.parent.postMessage({ egard: "visits", height }, origin);
  };

  const begin = () => { held(); zones(); near(); told(); };
  document.addEventListener("DOMContentLoaded", begin);
  if (document.readyState !== "loading") begin();
  new ResizeObserver(told).observe(document.documentElement);
  setInterval(held, 5_000);

  // A step further: its heading has the focus, so that it is read out and the keyboard goes on from there.
  document.addEventListener("htmx:afterSettle", () => {
    begin();
    const first = document.querySelector("#book [role=alert]") || document.querySelector("#book h1");
    if (!first) return;
    if (!first.hasAttribute("tabindex")) first.setAttribute("tabindex", "-1");
    first.focus({ preventScroll: true });
    if (book()?.dataset.framed) window.parent.postMessage({ egard: "visits", top: true }, book().dataset.framed);
  });
})();
