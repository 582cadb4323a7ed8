/** The library that `dist` of this repository holds; not resolved by name, so that nothing is linked. */
import type * as Base from "../../../dist/base/index.js";
import type * as Index from "../../../dist/index/index.js";
import type * as Package from "../../../dist/index.js";

/** From `bench/compare/dist/compare/contenders`. */
const dist = new URL("../../../../../dist/", import.meta.url);

const load = async (path: string): Promise<unknown> => import(new URL(path, dist).href);

export const base = (await load("base/index.js")) as typeof Base;
export const index = (await load("index/index.js")) as typeof Index;
export const dvesp = (await load("index.js")) as typeof Package;
