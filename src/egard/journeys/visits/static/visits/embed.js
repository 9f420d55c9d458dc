// Booking a visit within another site's page:
// <script src="https://…/p/visits/embed.js" data-site="lyon-2" data-reason="discovery" async></script>
// It puts a frame where the tag stands, as high as what it shows, and a link below it until the frame answers.
(() => {
  "use strict";
  const tag = document.currentScript;
  const { site = "", reason = "", language = document.documentElement.lang.slice(0, 2), label, title } = tag.dataset;
  const home = new URL(tag.src).origin;
  const steps = [site, site && reason].filter(Boolean).map((part) => `${encodeURIComponent(part)}/`).join("");
  const open = new URL(`/p/visits/${steps}`, home);
  if (!site && reason) open.searchParams.set("reason", reason);
  const framed = new URL(open);
  framed.searchParams.set("embed", location.origin);
  if (language) framed.searchParams.set("language", language);

  const words = language === "fr" ? "Prendre rendez-vous" : "Book a visit";
  const frame = document.createElement("iframe");
  frame.title = title || words;
  frame.src = framed.href;
  frame.loading = "lazy";
  frame.allow = "geolocation";
  Object.assign(frame.style, { display: "block", width: "100%", maxWidth: "36rem", height: "40rem", border: "0", colorScheme: "normal" });
  const link = document.createElement("a");
  link.href = open.href;
  link.textContent = label || words;
  tag.after(frame, link);

  window.addEventListener("message", (event) => {
    if (event.origin !== home || event.source !== frame.contentWindow || event.data?.egard !== "visits") return;
    link.hidden = true;
    const { height, top } = event.data;
    if (Number.isFinite(height) && height > 0) frame.style.height = `${Math.min(height, 20_000)}px`;
    if (top && frame.getBoundingClientRect().top < 0) frame.scrollIntoView({ block: "start" });
  });
})();
