// Scanning by the camera, where the browser can read a code by itself; else one types, or a hand scanner does.
(() => {
  "use strict";

  const form = document.querySelector("[data-scan]");
  const start = form?.querySelector("[data-scan-start]");
  if (!form || !("BarcodeDetector" in window) || !navigator.mediaDevices?.getUserMedia) return;
  const video = form.querySelector("[data-scan-video]"), words = form.querySelector("[data-scan-words]");
  const detector = new window.BarcodeDetector({ formats: ["qr_code"] });
  let stream = null;

  const stop = () => {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    video.hidden = words.hidden = true;
  };
  // The code is the last part of an address, or the whole text.
  const code = (text) => { try { return new URL(text).searchParams.get("code") || text; } catch { return text; } };
  const look = async () => {
    if (!stream) return;
    const [found] = await detector.detect(video).catch(() => []);
    if (!found) { setTimeout(look, 200); return; }
    stop();
    form.elements.code.value = code(found.rawValue);
    form.requestSubmit();
  };
  start.hidden = false;
  start.addEventListener("click", async () => {
    if (stream) { stop(); return; }
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch { start.hidden = true; return; }
    video.srcObject = stream;
    video.hidden = words.hidden = false;
    await video.play();
    look();
  });
  addEventListener("pagehide", stop);
})();
