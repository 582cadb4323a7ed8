/**
 * What a builder of engine `shared` publishes: the memories themselves, and how far they may be read.
 * Readers attach them without copying anything; the builder goes on writing in the last one.
 */
import type { Calibration } from "../calibration.js";
import type { SharedSpec } from "../index-spec.js";

export interface SharedPublication {
  readonly engine: "shared";
  readonly spec: SharedSpec;
  readonly generation: number;
  readonly indexed: number;
  readonly calibration: Calibration;
  /** One graph each; all but the last are full. */
  readonly memories: readonly WebAssembly.Memory[];
}
