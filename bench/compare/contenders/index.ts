/** Every contender by its name, loaded only in the process that runs it. */
import type { Contender } from "../contender.js";

export const makers: Readonly<Record<string, () => Promise<Contender>>> = {
  "dvesp index": async () => new (await import("./dvesp-index.js")).DvespIndex(),
  "dvesp store": async () => new (await import("./dvesp-store.js")).DvespStore("shared"),
  "dvesp store (hnswlib)": async () => new (await import("./dvesp-store.js")).DvespStore("hnswlib"),
  "hnswlib-node": async () => new (await import("./hnswlib-node.js")).HnswlibNode(),
  "usearch f32": async () => new (await import("./usearch.js")).Usearch("f32"),
  "usearch f16": async () => new (await import("./usearch.js")).Usearch("f16"),
  "usearch i8": async () => new (await import("./usearch.js")).Usearch("i8"),
  "zvec HNSW": async () => new (await import("./zvec.js")).Zvec("hnsw"),
  "zvec HNSW int8": async () => new (await import("./zvec.js")).Zvec("hnsw-int8"),
  "zvec IVF": async () => new (await import("./zvec.js")).Zvec("ivf"),
  "lancedb HNSW_SQ": async () => new (await import("./lancedb.js")).LanceDb("hnsw"),
  "lancedb IVF_PQ": async () => new (await import("./lancedb.js")).LanceDb("ivf"),
  "sqlite-vec": async () => new (await import("./sqlite-vec.js")).SqliteVec(),
};

/** Contenders of faiss-contender.py. */
export const pythonNames = ["faiss HNSW", "faiss HNSW_SQ", "faiss IVF"];
