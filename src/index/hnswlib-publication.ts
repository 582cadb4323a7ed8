/** What a builder of engine `hnswlib` publishes: a snapshot file, and how hard to search it. */
import type { Calibration } from "./calibration.js";
import type { HnswSpec } from "./index-spec.js";

export interface HnswlibPublication {
  readonly engine: "hnswlib";
  readonly spec: HnswSpec;
  readonly generation: number;
  readonly indexed: number;
  readonly calibration: Calibration;
  /** The snapshot file, in hnswlib's own format. */
  readonly path: string;
}
