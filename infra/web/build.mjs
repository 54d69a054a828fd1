// Builds the pages: infra/web -> build/web. `node infra/web/build.mjs [--watch] [--out FOLDER]`
//
// A folder with a page.mjs is a page at /folder/ (home is /). page.mjs runs here and gives title, description and body;
// page.css, page.js and worker.js beside it, where there are any, go to the browser. Everything under /assets/ carries a hash of
// its content in its name and may be kept forever.
import { createHash } from "node:crypto";
import { watch } from "node:fs";
import { access, cp, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import * as esbuild from "esbuild";
import { document } from "./layout.mjs";

export const WEB = path.dirname(fileURLToPath(import.meta.url));
export const ROOT = path.resolve(WEB, "../..");
const { values: options } = parseArgs({ options: { watch: { type: "boolean" }, out: { type: "string" } } });
const OUT = path.resolve(options.out ?? path.join(ROOT, "build/web"));
const FRESH = `${OUT}.${process.pid}`;

const isThere = (file) => access(file).then(() => true, () => false);

/** The folders that are pages. */
async function pages() {
  const entries = await readdir(WEB, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const are = await Promise.all(folders.map((folder) => isThere(path.join(WEB, folder, "page.mjs"))));
  return folders.filter((_, index) => are[index]);
}

/** Scripts, styles and what they import: the `addresses` by source, and the `chunks` that a source needs at once. */
async function bundle(folders) {
  const names = ["frame/theme.js", "frame/frame.js", "frame/frame.css"];
  for (const folder of folders) names.push(`${folder}/page.js`, `${folder}/page.css`, `${folder}/worker.js`);
  const there = await Promise.all(names.map((name) => isThere(path.join(WEB, name))));
  const { metafile } = await esbuild.build({
    absWorkingDir: ROOT,
    entryPoints: names.filter((_, index) => there[index]).map((name) => path.join(WEB, name)),
    outbase: WEB,
    outdir: path.join(FRESH, "assets"),
    entryNames: "[dir]-[name]-[hash]",
    chunkNames: "[name]-[hash]",
    assetNames: "[name]-[hash]",
    publicPath: "/assets/",
    bundle: true,
    splitting: true,
    format: "esm",
    minify: true,
    legalComments: "external", // licences go beside the script, not into it
    metafile: true,
    target: ["es2022"],
    supported: { nesting: true },
    loader: Object.fromEntries([".woff2", ".jpg", ".png", ".webp", ".svg"].map((suffix) => [suffix, "file"])),
    logLevel: "warning",
  });
  const addresses = {};
  const chunks = {};
  const address = (output) => `/${path.relative(FRESH, path.resolve(ROOT, output))}`;
  for (const [output, made] of Object.entries(metafile.outputs)) {
    if (made.entryPoint) {
      const source = path.relative(WEB, path.resolve(ROOT, made.entryPoint));
      addresses[source] = address(output);
      chunks[source] = statically(output, metafile.outputs).map(address);
    }
    const [only, ...others] = Object.keys(made.inputs);
    if (only && !others.length) addresses[path.relative(WEB, path.resolve(ROOT, only))] ??= address(output);
  }
  return { addresses, chunks };
}

/** The outputs that one imports at once, and those that these do. */
function statically(output, outputs, found = new Set()) {
  for (const { path: imported, kind } of outputs[output].imports) {
    if (kind !== "import-statement" || !outputs[imported] || found.has(imported)) continue;
    found.add(imported);
    statically(imported, outputs, found);
  }
  return [...found];
}

/** What a page.mjs may ask for. */
function tools(addresses) {
  return {
    /** Text of a file, by its path from the repository's root. */
    read: (name) => readFile(path.join(ROOT, name), "utf8"),
    /** Names in a folder of the repository; none where it is not there. */
    list: (name) => readdir(path.join(ROOT, name)).catch(() => []),
    /** Copies a file to the assets; returns its address. */
    async asset(name) {
      const bytes = await readFile(path.join(ROOT, name));
      const digest = createHash("sha256").update(bytes).digest("hex").slice(0, 8);
      const { name: stem, ext } = path.parse(name);
      await writeFile(path.join(FRESH, "assets", `${stem}-${digest}${ext}`), bytes);
      return `/assets/${stem}-${digest}${ext}`;
    },
    /** Copies a file to an address of its own. */
    async publish(name, target) {
      await mkdir(path.dirname(path.join(FRESH, target)), { recursive: true });
      await cp(path.join(ROOT, name), path.join(FRESH, target));
    },
    /** The address of a bundled script, style or picture, by its path from infra/web. */
    address: (name) => addresses[name],
  };
}

/** Builds beside the site that is there, and takes its place only when nothing went wrong. */
async function build() {
  try {
    await fill();
    await swap();
  } finally {
    await rm(FRESH, { recursive: true, force: true });
  }
}

async function fill() {
  await rm(FRESH, { recursive: true, force: true });
  await mkdir(path.join(FRESH, "assets"), { recursive: true });
  const folders = await pages();
  const { addresses, chunks } = await bundle(folders);
  const offered = tools(addresses);
  addresses["frame/mark.svg"] = await offered.asset("infra/web/frame/mark.svg");
  for (const folder of folders) {
    // A watched page is loaded anew each time.
    const { default: page } = await import(`./${folder}/page.mjs?${Date.now()}`);
    const content = await page(offered);
    const at = path.join(FRESH, folder === "home" ? "" : folder);
    await mkdir(at, { recursive: true });
    await writeFile(path.join(at, "index.html"), document(folder, content, addresses, chunks));
  }
  for (const name of ["favicon.ico", "robots.txt"]) await cp(path.join(WEB, "frame", name), path.join(FRESH, name));
}

/** The old site goes and the new one comes in one step each: nobody reads half a site for long. */
async function swap() {
  const old = `${FRESH}.old`;
  await rename(OUT, old).catch(() => {});
  await rename(FRESH, OUT);
  await rm(old, { recursive: true, force: true });
}

await build();
if (options.watch) {
  let waiting;
  const again = () => build().then(() => console.log("built"), (error) => console.error(error.message));
  watch(WEB, { recursive: true }, () => {
    clearTimeout(waiting);
    waiting = setTimeout(again, 100);
  });
}
