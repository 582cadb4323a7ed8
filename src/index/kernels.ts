/**
 * The compiled kernels (src/kernels) as typed functions over one shared memory. The module is read
 * and compiled once per thread; it holds no state, so an instance per memory and thread is cheap.
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
  finishRows(rows: number, stride: number, vectorBytes: number, count: number): void;
}

/** The same file seen from src/index and from dist/index. */
const location = new URL("../../dist/index/kernels.wasm", import.meta.url);

let compiled: WebAssembly.Module | undefined;

function kernelModule(): WebAssembly.Module {
  try {
    return (compiled ??= new WebAssembly.Module(readFileSync(location)));
  } catch (cause) {
    const message = `cannot load ${location.pathname}; \`npm run build:kernels\` makes it`;
    throw new DvespError("INTERNAL", message, { cause });
  }
}

/** The kernels over `memory`. Errors: `INTERNAL` when the package was not built. */
export function instantiateKernels(memory: WebAssembly.Memory): Kernels {
  const instance = new WebAssembly.Instance(kernelModule(), { env: { memory } });
  return instance.exports as unknown as Kernels;
}
