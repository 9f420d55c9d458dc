// Keeps today's list of a shop readable without a network: the page as it was last, and what it is drawn with.
// Nothing else is kept, nothing longer than the day, nothing once somebody is signed out.
"use strict";

const PAGES = "egard-day", DRAWN = "egard-drawn";
const PATIENCE_MS = 5_000; // a network that does not answer is none
const DAY = /^\/shop\/[0-9a-f-]{36}\/$/;

const today = () => new Date().toLocaleDateString("sv");
const wipe = () => caches.delete(PAGES);
const nameOf = (url) => new URL(url).pathname;

async function kept(path) {
  const cache = await caches.open(PAGES);
  for (const request of await cache.keys()) {
    const found = await cache.match(request);
    if (found.headers.get("X-Kept-On") !== today()) await cache.delete(request);
    else if (!path || nameOf(request.url) === path) return { found, path: nameOf(request.url) };
  }
  return null;
}

async function keep(path, answer) {
  const headers = new Headers(answer.headers);
  ["Content-Encoding", "Content-Length", "Vary"].forEach((name) => headers.delete(name)); // the body is what was read
  headers.set("X-Kept-On", today());
  const copy = new Response(await answer.blob(), { status: 200, headers });
  await (await caches.open(PAGES)).put(path, copy);
}

const late = () => new Promise((_, reject) => { setTimeout(() => reject(new Error("late")), PATIENCE_MS); });

async function page(event) {
  const path = nameOf(event.request.url);
  try {
    const answer = await Promise.race([fetch(event.request), late()]);
    if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) {
      if (DAY.test(path)) await wipe(); // signed out, or no longer hers
    } else if (answer.ok && DAY.test(path)) event.waitUntil(keep(path, answer.clone()));
    return answer;
  } catch {
    const one = await kept(DAY.test(path) ? path : null);
    if (!one) return Response.error();
    return one.path === path ? one.found : Response.redirect(one.path);
  }
}

async function drawn(request) {
  const cache = await caches.open(DRAWN);
  try {
    const answer = await fetch(request);
    if (answer.ok) await cache.put(request, answer.clone());
    return answer;
  } catch {
    return (await cache.match(request, { ignoreSearch: true })) || Response.error();
  }
}

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim().then(() => kept(null))));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate" && (DAY.test(url.pathname) || url.pathname === "/shop/")) event.respondWith(page(event));
  else if (url.pathname.startsWith("/static/")) event.respondWith(drawn(request));
});

// The page says what it is drawn with, which it asked for before this worker was there; and that it changed.
self.addEventListener("message", (event) => {
  const { path, urls } = event.data || {};
  if (!DAY.test(path || "")) return;
  event.waitUntil((async () => {
    const answer = await fetch(`${path}?live=1`, { redirect: "manual", headers: { Accept: "text/html" } }).catch(() => null);
    if (answer && answer.ok) await keep(path, answer);
    const cache = await caches.open(DRAWN);
    await Promise.all((urls || []).map(async (url) => (await cache.match(url)) || cache.add(url).catch(() => {})));
    event.source?.postMessage({ kept: path });
  })());
});
