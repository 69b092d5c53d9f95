// Writes the vendored browser files: node build.mjs OUT
// Copies the minified builds, bundles ECharts, draws the icon sprite, and records where everything came from.
// The output is committed, so running and deploying need no Node.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const OUT = process.argv[2];
if (!OUT) {
  console.error("usage: node build.mjs OUT");
  process.exit(2);
}
const MODULES = "node_modules";
const COPIES = [
  ["tabler.min.css", "@tabler/core", "dist/css/tabler.min.css"],
  ["tabler.min.js", "@tabler/core", "dist/js/tabler.min.js"],
  ["htmx.min.js", "htmx.org", "dist/htmx.min.js"],
  ["sortable.min.js", "sortablejs", "Sortable.min.js"],
  ["tom-select.min.js", "tom-select", "dist/js/tom-select.complete.min.js"],
  ["tom-select.min.css", "tom-select", "dist/css/tom-select.bootstrap5.min.css"],
];
// Packages whose code is inside a vendored file without being that file's own package.
const BUNDLED = {
  "@tabler/core": ["@popperjs/core"],
  echarts: ["zrender", "tslib"],
  "tom-select": ["@orchidjs/sifter", "@orchidjs/unicode-variants"],
};

const manifest = {};

function packageOf(name) {
  return JSON.parse(readFileSync(join(MODULES, name, "package.json"), "utf8"));
}

function put(file, content, name) {
  const bytes = Buffer.from(content);
  const { version, license } = packageOf(name);
  writeFileSync(join(OUT, file), bytes);
  manifest[file] = {
    package: name,
    version,
    licence: license,
    bytes: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
  };
}

// The manifest storage of the server refuses a file that names a map it cannot find.
function withoutSourceMap(text) {
  return text.replace(/\n?\/[*/]# sourceMappingURL=[\w.-]+ ?(\*\/)?\s*$/, "\n");
}

function sprite() {
  const symbols = readFileSync("icons.txt", "utf8")
    .split("\n")
    .filter(Boolean)
    .map((name) => {
      const source = readFileSync(join(MODULES, "@tabler/icons/icons/outline", `${name}.svg`), "utf8");
      const shapes = source.match(/<svg[^>]*>([\s\S]*)<\/svg>/)[1].trim().replace(/\s+/g, " ");
      return `<symbol id="${name}" viewBox="0 0 24 24">${shapes}</symbol>`;
    });
  return `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`;
}

function licenceFiles(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => /^(licen[cs]es?|notice|copyrightnotice)\b/i.test(entry.name))
    .map((entry) => [join(folder, entry.name), entry.isDirectory()])
    .sort()
    .flatMap(([path, isFolder]) => (isFolder ? readdirSync(path).sort().map((file) => join(path, file)) : [path]));
}

function licences() {
  const names = new Set(Object.values(manifest).map((entry) => entry.package));
  for (const name of [...names]) for (const inner of BUNDLED[name] ?? []) names.add(inner);
  const texts = [...names].sort().map((name) => {
    const { version, license } = packageOf(name);
    const body = licenceFiles(join(MODULES, name)).map((path) => readFileSync(path, "utf8").trim());
    const extra = name === "@orchidjs/sifter" ? ["Apache License 2.0; the text stands under @orchidjs/unicode-variants."] : [];
    return [`${name} ${version} (${license})`, "=".repeat(72), ...body, ...(body.length ? [] : extra)].join("\n\n");
  });
  return `${texts.join("\n\n\n")}\n`;
}

mkdirSync(OUT, { recursive: true });
for (const [file, name, path] of COPIES) {
  put(file, withoutSourceMap(readFileSync(join(MODULES, name, path), "utf8")), name);
}
const bundle = await build({
  entryPoints: ["echarts.entry.js"],
  bundle: true,
  minify: true,
  target: "es2020",
  legalComments: "none",
  write: false,
});
put("echarts.min.js", bundle.outputFiles[0].contents, "echarts");
put("icons.svg", sprite(), "@tabler/icons");
writeFileSync(join(OUT, "MANIFEST.json"), `${JSON.stringify(manifest, null, 2)}\n`);
writeFileSync(join(OUT, "LICENSES.txt"), licences());
