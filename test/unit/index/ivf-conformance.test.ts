/** The index suite, on lists that are rebalanced before each publication. */
import { selectIndex } from "../../../src/index/index.js";
import { describeIndex } from "../../conformance/index-suite.js";
import { settleLists } from "./settle-lists.js";

describeIndex({
  name: "ivf",
  spec: (metric, dimension) =>
    selectIndex({ metric, dimension, index: { type: "ivf", lists: 60 } }, 0),
  settle: settleLists,
});
