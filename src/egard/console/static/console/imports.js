// Sends a file slice by slice: any size, with progress, and from where it stopped after a cut.
(() => {
  "use strict";

  const WAITS = [1000, 2000, 4000, 8000, 15000];
  const wait = (ms) => new Promise((done) => { setTimeout(done, ms); });

  document.addEventListener("DOMContentLoaded", () => {
    const form = document.getElementById("upload");
    if (!form) return;
    const at = (id) => document.getElementById(id);
    const [drop, input, going, words, bar, wrong, button] =
      ["drop", "file", "going", "going-words", "going-bar", "going-wrong", "send"].map(at);
    const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
    let busy = false;

    const say = (text) => { if (words.textContent !== text) words.textContent = text; };
    const fail = (text) => {
      busy = false;
      button.disabled = input.disabled = false;
      going.hidden = true;
      wrong.hidden = !text;
      wrong.querySelector("p").textContent = text || "";
    };

    // What the server answered, or null where nothing came: the connection is away.
    const ask = async (address, body) => {
      try {
        const answer = await fetch(address, { method: "POST", body, headers: { "X-CSRFToken": token }, redirect: "manual" });
        if (answer.status >= 500 && answer.status !== 507) return null;
        if (answer.type === "opaqueredirect") { window.location.reload(); return new Promise(() => {}); }
        const told = await answer.json().catch(() => null);
        return told && { ok: answer.ok, ...told };
      } catch { return null; }
    };

    const patiently = async (address, body) => {
      for (let tries = 0; ; tries += 1) {
        const told = await ask(address, body);
        if (told) return told;
        if (tries >= WAITS.length) return null;
        say(form.dataset.cut);
        await wait(WAITS[tries]);
      }
    };

    const send = async (file) => {
      if (busy || !file) return;
      busy = true;
      wrong.hidden = true;
      going.hidden = false;
      button.disabled = input.disabled = true;
      bar.value = 0;
      const about = new FormData();
      about.set("kind", form.elements.kind.value);
      about.set("name", file.name);
      about.set("size", file.size);
      about.set("mark", String(file.lastModified));
      const begun = await patiently(form.action, about);
      if (!begun) return fail(form.dataset.left);
      if (!begun.ok) return fail(begun.detail);
      const place = `${form.action.replace(/begin\/$/, "")}${begun.id}/`;
      let { received } = begun;
      while (received < file.size) {
        bar.value = (100 * received) / file.size;
        say(`${file.name} · ${Math.floor((100 * received) / file.size)} %`);
        const slice = file.slice(received, received + Number(form.dataset.slice));
        let told;
        try { told = await patiently(`${place}slices/?at=${received}`, await slice.arrayBuffer()); } catch { return fail(form.dataset.left); }
        if (!told) return fail(form.dataset.left);
        // Another window sent a part, or an answer was lost: the server knows how far the file is.
        if (!told.ok && told.code !== "import.wrong_place") return fail(told.detail);
        received = told.received;
      }
      bar.value = 100;
      window.location.assign(place);
      return undefined;
    };

    form.addEventListener("submit", (event) => { event.preventDefault(); send(input.files[0]); });
    input.addEventListener("change", () => { wrong.hidden = true; });
    ["dragenter", "dragover"].forEach((name) => drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.add("is-over");
    }));
    ["dragleave", "drop"].forEach((name) => drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.remove("is-over");
    }));
    drop.addEventListener("drop", (event) => {
      const [file] = event.dataTransfer.files;
      if (!file || busy) return;
      const held = new DataTransfer();
      held.items.add(file);
      input.files = held.files;
      send(file);
    });
    // A file dropped beside the place for it must not replace the page.
    ["dragover", "drop"].forEach((name) => document.addEventListener(name, (event) => event.preventDefault()));
  });
})();
