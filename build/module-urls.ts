/**
 * Modules that are named by URL, in a bundle. `new URL("./actor.js", import.meta.url)` names a module that
 * some thread will load: each becomes an entry of its own, in the place it would have without bundling, and
 * `import.meta.url` means that place too, whichever chunk the code that says it went to.
 */
import { readFileSync, readdirSync } from "node:fs";
import { join, posix, sep } from "node:path";
import type { Plugin } from "rolldown";

const named = /new URL\("(\.[^"]+)\.js", import\.meta\.url\)/g;
const placeholder = /__moduleUrl\("([^"]+)"\)/g;

/** The modules below `root` that others there name by URL, as paths without extension. */
export function modulesNamedByUrl(root: string): string[] {
  const paths = readdirSync(root, { recursive: true, encoding: "utf8" });
  const sources = paths.map((path) => path.split(sep).join("/")).filter(isSource);
  return sources.flatMap((path) =>
    [...codeOf(join(root, path)).matchAll(named)].map(([, target = ""]) =>
      posix.join(posix.dirname(path), target),
    ),
  );
}

function isSource(path: string): boolean {
  return path.endsWith(".ts") && !path.startsWith("kernels/");
}

/** Without the comment lines, which may show such a name too. */
function codeOf(path: string): string {
  return readFileSync(path, "utf8").replaceAll(/^\s*(\/?\*|\/\/).*$/gm, "");
}

/** Keeps `import.meta.url` of the modules below `root` what it was. */
export function keepModuleUrls(root: string): Plugin {
  return {
    name: "keep-module-urls",
    transform(code, id) {
      if (!id.startsWith(`${root}${sep}`) || !code.includes("import.meta.url")) return null;
      const path = id.slice(root.length + 1).replace(/\.ts$/, ".js");
      const place = `__moduleUrl("${path.split(sep).join("/")}")`;
      return { code: code.replaceAll("import.meta.url", place), map: null };
    },
    renderChunk(code, { fileName }) {
      if (!code.includes("__moduleUrl(")) return null;
      const up = "../".repeat(fileName.split("/").length - 1) || "./";
      const place = (_: string, path: string): string =>
        `new URL("${up}${path}", import.meta.url).href`;
      return { code: code.replaceAll(placeholder, place), map: null };
    },
  };
}
