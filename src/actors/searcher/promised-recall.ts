/**
 * Whether an index finds about as many of the nearest as a search asks for. Over some rows even the largest
 * effort of a graph does not: by the inner product, where lengths are very unequal.
 */
import { unreachable } from "../../base/index.js";
import type { IndexPublication, SearchEffort } from "../../index/index.js";

/** How many times as many of the nearest may be missed as was asked for. */
const missedTimesMax = 2;

/** By what was measured when the index was published; true where an effort is given instead of a recall. */
export function keepsPromise(publication: IndexPublication, effort: SearchEffort): boolean {
  switch (publication.engine) {
    case "flat":
      return true;
    case "hnswlib":
    case "shared":
    case "ivf": {
      if (effort.ef !== undefined || effort.nprobe !== undefined) return true;
      const { calibration, spec } = publication;
      const missed = 1 - (calibration.at(-1)?.recallAt10 ?? 1);
      return missed <= missedTimesMax * (1 - (effort.recall ?? spec.recall));
    }
    default:
      return unreachable(publication);
  }
}
