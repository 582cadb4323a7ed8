/** Loads the modules of all actors once, before a simulation begins: in it nothing waits for files. */
import { readdirSync } from "node:fs";
import { extname } from "node:path";
import { invalid } from "../../src/base/index.js";
import type { AnyDefinition, Loader } from "../../src/runtime/index.js";

const root = new URL("../../src/actors/", import.meta.url);
/** `.ts` under vitest, `.js` when compiled. */
const extension = extname(import.meta.url);

export async function loadActorModules(): Promise<Loader> {
  const definitions = new Map<string, AnyDefinition>();
  for (const path of readdirSync(root, { recursive: true, encoding: "utf8" })) {
    if (!path.endsWith(`actor${extension}`)) continue;
    const module = (await import(new URL(path, root).href)) as { default?: AnyDefinition };
    if (module.default) definitions.set(path.slice(0, -extension.length), module.default);
  }
  return (module) => {
    const name = module.replace(/^.*\/src\/actors\//, "").replace(/\.\w+$/, "");
    const definition = definitions.get(name);
    return definition ? Promise.resolve(definition) : Promise.reject(invalid(`no actor ${module}`));
  };
}
