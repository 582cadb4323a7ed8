/** How a host comes by the code of an actor: by module and export, since functions do not travel. */
import { invalid } from "../base/index.js";
import type { AnyDefinition } from "./actor.js";

/** Errors: `INVALID_ARGUMENT` when there is no such module, or what it exports is no definition. */
export type Loader = (module: string, exportName: string) => Promise<AnyDefinition>;

/** Loads modules by URL (`new URL("./replica.js", import.meta.url).href`). */
export const importLoader: Loader = async (module, exportName) => {
  const loaded = (await import(module)) as Readonly<Record<string, unknown>>;
  return asDefinition(loaded[exportName], `${module}#${exportName}`);
};

/** Finds definitions in a map, by `module` or `module#export`: simulations and tests. */
export function mapLoader(definitions: ReadonlyMap<string, AnyDefinition>): Loader {
  return (module, exportName) => {
    const key = exportName === "default" ? module : `${module}#${exportName}`;
    return Promise.resolve().then(() => asDefinition(definitions.get(key), key));
  };
}

function asDefinition(value: unknown, where: string): AnyDefinition {
  const definition = value as Partial<AnyDefinition> | undefined | null;
  if (typeof definition?.start === "function") return definition as AnyDefinition;
  throw invalid(`${where} is not an actor definition`);
}
