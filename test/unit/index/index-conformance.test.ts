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
