// Writes what the browser is sent, the licences that go with it, and the manifest that tells of both.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const text = (path) => readFileSync(here(path), "utf8");
const locked = JSON.parse(text("package-lock.json")).packages;

const MAP = /\n?\/\/# sourceMappingURL=.*\s*$/; // The map of a minified file is not sent.
const HTMX = ["dist/htmx.min.js", "dist/ext/hx-sse.min.js"];
const FILES = [
  {
    file: "htmx.js",
    package: "htmx.org",
    // One file: of two deferred ones, where the second is late, htmx has looked at the page before it knows of SSE.
    content: () => HTMX.map((name) => text(`node_modules/htmx.org/${name}`).replace(MAP, "\n")).join(";\n"),
    from: HTMX.join(" and "),
    licences: ["node_modules/htmx.org/LICENSE"],
    evaluates: "Function: hx-on, js: and filters of hx-trigger; our pages have none, and their policy refuses it",
  },
  {
    file: "alpine.js",
    package: "@alpinejs/csp",
    content: () => text("node_modules/@alpinejs/csp/dist/cdn.min.js"),
    from: "dist/cdn.min.js",
    licences: ["licences/alpine.txt", "node_modules/@vue/reactivity/LICENSE"],
    with: ["@vue/reactivity", "@vue/shared"],
  },
  {
    file: "echarts.js",
    package: "echarts",
    content: charts,
    from: "charts.js, by esbuild",
    licences: ["LICENSE", "NOTICE", "licenses/LICENSE-d3"]
      .map((name) => `node_modules/echarts/${name}`)
      .concat("node_modules/zrender/LICENSE", "node_modules/tslib/LICENSE.txt"),
    with: ["zrender", "tslib"],
    charts: true,
  },
];
const FOR_TESTS = [
  {
    file: "axe.js",
    package: "axe-core",
    content: () => text("node_modules/axe-core/axe.min.js"),
    from: "axe.min.js",
    licences: ["LICENSE", "LICENSE-3RD-PARTY.txt"].map((name) => `node_modules/axe-core/${name}`),
  },
];

async function charts() {
  const drawn = {
    name: "tooltips are drawn",
    setup: (building) =>
      building.onResolve({ filter: /TooltipHTMLContent\.js$/ }, () => ({ path: here("no_html.js") })),
  };
  const { outputFiles } = await build({
    entryPoints: [here("charts.js")],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    globalName: "echarts",
    target: "es2020",
    legalComments: "eof",
    define: { "process.env.NODE_ENV": '"production"' },
    plugins: [drawn],
  });
  return outputFiles[0].text;
}

async function write(folder, files) {
  rmSync(here(folder), { recursive: true, force: true });
  mkdirSync(here(`${folder}/licences`), { recursive: true });
  const told = [];
  for (const each of files) {
    const content = Buffer.from((await each.content()).replace(MAP, "\n"));
    const licence = `licences/${each.package.replace("@", "").replace("/", "-")}.txt`;
    writeFileSync(here(`${folder}/${each.file}`), content);
    writeFileSync(here(`${folder}/${licence}`), each.licences.map(text).join("\n\n----\n\n"));
    const of = (name) => locked[`node_modules/${name}`];
    told.push({
      file: each.file,
      package: each.package,
      version: of(each.package).version,
      from: each.from,
      npm: of(each.package).integrity,
      ...(each.with && { with: each.with }),
      licence: of(each.package).license,
      licence_text: licence,
      sha256: createHash("sha256").update(content).digest("hex"),
      bytes: content.length,
      gzipped: gzipSync(content, { level: 9 }).length,
      charts: each.charts ?? false,
      ...(each.evaluates && { evaluates: each.evaluates }),
    });
  }
  writeFileSync(here(`${folder}/manifest.json`), JSON.stringify(told, null, 2) + "\n");
}

await write("../api/static/vendor", FILES);
await write("../tests/browser/vendor", FOR_TESTS);
