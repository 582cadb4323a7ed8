/**
 * What runs: `src` as few files. Loading some 550 small modules in every thread of a node cost most of its
 * start; bundled, a thread loads a dozen chunks, and only what it uses. Types are tsc's (tsconfig.build.json).
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "rolldown";
import { shipLicences } from "./build/licences.js";
import { keepModuleUrls, modulesNamedByUrl } from "./build/module-urls.js";
import manifest from "./package.json" with { type: "json" };

const root = join(import.meta.dirname, "src");

/**
 * Packages stay packages if users install them, but for rxjs: it is one for its types. What is of many small
 * modules, of which little is used, is a development dependency and goes into the bundle.
 */
const packages = Object.keys(manifest.dependencies).filter((name) => name !== "rxjs");

/** What users and the command line load. */
const faces = ["index", "cli/main", "cli/demo"];

/** Where system tests and benchmarks reach into what is shipped: folders, and parts of some. */
const folders = readdirSync(root, { withFileTypes: true })
  .filter((one) => one.isDirectory() && one.name !== "kernels" && one.name !== "cli")
  .map(({ name }) => `${name}/index`);
const parts = [
  "actors/collection/prepared-write",
  "actors/replica/load-rows",
  "actors/replica/replica",
  "index/shared/builder",
  "index/shared/graph-layout",
  "node/embedded-store",
  "node/node",
  "storage/lmdb-table",
];

const entries = [...faces, ...modulesNamedByUrl(root), ...folders, ...parts];

export default defineConfig({
  input: Object.fromEntries(entries.map((path) => [path, join(root, `${path}.ts`)])),
  // Not `node`: rxjs and MessagePack have CommonJS for that, of which all would be taken.
  platform: "neutral",
  resolve: {
    conditionNames: ["es2015", "module", "import", "default"],
    mainFields: ["module", "main"],
  },
  external: (id) =>
    id.startsWith("node:") || packages.some((name) => id === name || id.startsWith(`${name}/`)),
  treeshake: { moduleSideEffects: [{ test: /[/\\]src[/\\]/, sideEffects: false }] },
  // Above all an import that was not found, and would be left as it is.
  onLog(level, log) {
    if (level === "warn") throw new Error(log.message);
  },
  plugins: [keepModuleUrls(root), shipLicences()],
  output: {
    dir: "dist",
    format: "esm",
    sourcemap: true,
    entryFileNames: "[name].js",
    chunkFileNames: "chunks/[name].js",
  },
});
