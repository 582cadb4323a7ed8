/**
 * What a builder of engine `shared` publishes: the memory itself, and how far it may be read. Readers
 * attach it without copying anything; the builder goes on writing in it.
 */
import type { Calibration } from "../calibration.js";
import type { SharedSpec } from "../index-spec.js";

export interface SharedPublication {
  readonly engine: "shared";
  readonly spec: SharedSpec;
  readonly generation: number;
  readonly indexed: number;
  readonly calibration: Calibration;
  readonly memory: WebAssembly.Memory;
}
