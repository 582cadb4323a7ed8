/** Loads the modules of all actors once, before a simulation begins: in it nothing waits for files. */
import { readdirSync } from "node:fs";
import { extname } from "node:path";
import { mapLoader } from "../../src/runtime/index.js";
import type { AnyDefinition, Loader } from "../../src/runtime/index.js";

const root = new URL("../../src/actors/", import.meta.url);
/** `.ts` under vitest, `.js` when compiled. */
const extension = extname(import.meta.url);

/** Modules are known by the URL of their compiled form, as nodes name them. */
export async function loadActorModules(): Promise<Loader> {
  const definitions = new Map<string, AnyDefinition>();
  for (const path of readdirSync(root, { recursive: true, encoding: "utf8" })) {
    if (!path.endsWith(`actor${extension}`)) continue;
    const module = (await import(new URL(path, root).href)) as Record<string, unknown>;
    const url = new URL(path.slice(0, -extension.length) + ".js", root).href;
    for (const [name, value] of Object.entries(module)) {
      if (isDefinition(value)) definitions.set(name === "default" ? url : `${url}#${name}`, value);
    }
  }
  return mapLoader(definitions);
}

function isDefinition(value: unknown): value is AnyDefinition {
  return typeof (value as Partial<AnyDefinition> | undefined)?.start === "function";
}
