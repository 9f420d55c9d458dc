// Copies the pinned files that pages use from node_modules into static/vendor, with their licences, and makes one
// sprite of the icons named in icons.txt. Run `npm ci && npm run vendor` after a change of package.json or icons.txt.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const modules = join(root, "node_modules");
const target = join(root, "src/egard/console/static/vendor");

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });

const version = (name) => JSON.parse(readFileSync(join(modules, name, "package.json"), "utf8")).version;

// Source maps stay behind, so the comments that name them must go too: the static storage looks for each file named.
const text = (from, to) => {
  const body = readFileSync(join(modules, from), "utf8");
  writeFileSync(join(target, to), body.replace(/\/\*# sourceMappingURL=.*?\*\/|\/\/# sourceMappingURL=.*$/gm, "").trimEnd() + "\n");
};

text("@tabler/core/dist/css/tabler.min.css", "tabler.min.css");
text("htmx.org/dist/htmx.min.js", "htmx.min.js");
text("idiomorph/dist/idiomorph-ext.min.js", "idiomorph-ext.min.js");
text("@alpinejs/csp/dist/cdn.min.js", "alpine-csp.min.js");
text("echarts/dist/echarts.common.min.js", "echarts.min.js"); // lines and bars: no maps, no 3D
for (const part of ["latin", "latin-ext"]) {
  const name = `source-sans-3-${part}-wght-normal.woff2`;
  copyFileSync(join(modules, "@fontsource-variable/source-sans-3/files", name), join(target, name));
}

const icons = readFileSync(join(root, "src/egard/console/icons.txt"), "utf8").split(/\s+/).filter(Boolean).sort();
const symbols = icons.map((name) => {
  const svg = readFileSync(join(modules, "@tabler/icons/icons/outline", `${name}.svg`), "utf8");
  const shapes = svg
    .slice(svg.indexOf(">") + 1, svg.lastIndexOf("</svg>"))
    .replace(/<path stroke="none" d="M0 0h24v24H0z" fill="none" \/>/, "")
    .replace(/\s+/g, " ")
    .trim();
  return `<symbol id="${name}" viewBox="0 0 24 24">${shapes}</symbol>`;
});
writeFileSync(join(target, "icons.svg"), `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`);

const mit = (holder) => `MIT License

Copyright (c) ${holder}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;

const licence = (name) => readFileSync(join(modules, name, "LICENSE"), "utf8").trim();
const notices = [
  ["@tabler/core", "tabler.min.css", mit("2018-2026 The Tabler Authors; Bootstrap: 2011-2026 The Bootstrap Authors")],
  ["@tabler/icons", "icons.svg", licence("@tabler/icons")],
  ["htmx.org", "htmx.min.js", licence("htmx.org")],
  ["idiomorph", "idiomorph-ext.min.js", licence("idiomorph")],
  ["@alpinejs/csp", "alpine-csp.min.js", mit("2019-2026 Caleb Porzio and contributors")],
  ["echarts", "echarts.min.js", `${licence("echarts")}\n\n${readFileSync(join(modules, "echarts", "NOTICE"), "utf8").trim()}`],
  ["zrender", "inside echarts.min.js", licence("zrender")],
  ["@fontsource-variable/source-sans-3", "source-sans-3-*.woff2", licence("@fontsource-variable/source-sans-3")],
];
writeFileSync(
  join(target, "LICENSES.txt"),
  notices.map(([name, files, words]) => `=== ${name} ${version(name)}: ${files}\n\n${words}\n`).join("\n\n"),
);
console.log(`${icons.length} icons and ${notices.length} packages vendored into ${target}`);
