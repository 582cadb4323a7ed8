/**
 * The compiled kernels (src/kernels) as typed functions over one shared memory. A module is read and
 * compiled once per thread; it holds no state, so an instance per memory and thread is cheap.
 */
import { readFileSync } from "node:fs";
import { DvespError } from "../base/index.js";

/** All addresses are byte offsets into the memory; see src/kernels/index.ts. */
export interface Kernels {
  scanRange(
    metric: number,
    query: number,
    rows: number,
    stride: number,
    vectorBytes: number,
    count: number,
    distances: number,
  ): void;
  scanList(
    metric: number,
    query: number,
    rows: number,
    stride: number,
    vectorBytes: number,
    ordinals: number,
    count: number,
    distances: number,
  ): void;
  /** Scales the query to length 1, unless it is the zero vector. */
  toUnitLength(query: number, vectorBytes: number): void;
  finishRows(rows: number, stride: number, vectorBytes: number, count: number): void;
  /** Makes the codes of `count` rows that lie one after the other (see src/kernels/bounds.ts). */
  encodeBounded(
    rows: number,
    stride: number,
    vectorBytes: number,
    count: number,
    records: number,
    codeBytes: number,
  ): void;
  /** Distances that `count` rows with codes cannot be below; `query`: its levels, 16 bits each. */
  boundRows(
    metric: number,
    query: number,
    scale: number,
    norm: number,
    error: number,
    records: number,
    codeBytes: number,
    count: number,
    bounds: number,
  ): void;
}

type ModuleName = "kernels" | "hnsw" | "ivf";

const compiled = new Map<ModuleName, WebAssembly.Module>();

function compile(name: ModuleName): WebAssembly.Module {
  const known = compiled.get(name);
  if (known) return known;
  // The same file seen from src/index and from dist/index.
  const location = new URL(`../../dist/index/${name}.wasm`, import.meta.url);
  try {
    const module = new WebAssembly.Module(readFileSync(location));
    compiled.set(name, module);
    return module;
  } catch (cause) {
    const message = `cannot load ${location.pathname}; \`npm run build:kernels\` makes it`;
    throw new DvespError("INTERNAL", message, { cause });
  }
}

/**
 * What a module exports, over `memory`; the caller knows its type.
 * Errors: `INTERNAL` when the package was not built.
 */
export function instantiate(name: ModuleName, memory: WebAssembly.Memory): unknown {
  return new WebAssembly.Instance(compile(name), { env: { memory } }).exports;
}

/** The kernels over rows. Errors: as `instantiate`. */
export function instantiateKernels(memory: WebAssembly.Memory): Kernels {
  return instantiate("kernels", memory) as Kernels;
}
