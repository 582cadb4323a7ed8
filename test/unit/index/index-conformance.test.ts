/** The index suite, on every index. */
import { selectIndex } from "../../../src/index/index.js";
import { describeIndex } from "../../conformance/index-suite.js";

describeIndex({
  name: "flat",
  spec: (metric, dimension) => selectIndex({ metric, dimension, index: { type: "flat" } }, 0),
});

describeIndex({
  name: "hnsw, engine hnswlib",
  spec: (metric, dimension) =>
    selectIndex({ metric, dimension, index: { type: "hnsw", engine: "hnswlib" } }, 0),
});

describeIndex({
  name: "hnsw, engine shared",
  spec: (metric, dimension) =>
    selectIndex({ metric, dimension, index: { type: "hnsw", engine: "shared" } }, 0),
});

describeIndex({
  name: "hnsw, engine shared, in graphs of 1,024 rows",
  spec: (metric, dimension) => {
    const index = { type: "hnsw", engine: "shared" } as const;
    const spec = selectIndex({ metric, dimension, index }, 0);
    return spec.engine === "shared" ? { ...spec, graphRows: 1024 } : spec;
  },
});

describeIndex({
  name: "hnsw, engine shared, float32",
  spec: (metric, dimension) =>
    selectIndex(
      { metric, dimension, index: { type: "hnsw", engine: "shared", quantization: "none" } },
      0,
    ),
});
