// Scanning by the camera, where the browser can read a code by itself; else one types, or a hand scanner does.
(() => {
  "use strict";

  const form = document.querySelector("[data-scan]");
  if (!form) return;
  const start = form.querySelector("[data-scan-start]");
  const read = (text) => { form.elements.code.value = text; form.requestSubmit(); };
  // Opened by a phone that scanned the code: it stands behind the #, which no server and no log sees.
  const opened = location.hash.slice(1);
  if (opened) {
    history.replaceState(null, "", location.pathname);
    read(opened);
    return;
  }
  if (!("BarcodeDetector" in window) || !navigator.mediaDevices?.getUserMedia) return;
  const video = form.querySelector("[data-scan-video]"), words = form.querySelector("[data-scan-words]");
  const detector = new window.BarcodeDetector({ formats: ["qr_code"] });
  let stream = null;

  const stop = () => {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    video.hidden = words.hidden = true;
  };
  // The code is the last part of an address, or the whole text.
  const code = (text) => { try { return new URL(text).hash.slice(1) || text; } catch { return text; } };
  const look = async () => {
    if (!stream) return;
    const [found] = await detector.detect(video).catch(() => []);
    if (!found) { setTimeout(look, 200); return; }
    stop();
    read(code(found.rawValue));
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
