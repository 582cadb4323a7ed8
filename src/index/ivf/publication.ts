/**
 * What a builder of lists publishes: the memory itself, and how far and how hard it is to be searched.
 * Readers attach it without copying anything; the builder goes on writing in it.
 */
import type { Calibration } from "../calibration.js";
import type { IvfSpec } from "../index-spec.js";

export interface IvfPublication {
  readonly engine: "ivf";
  readonly spec: IvfSpec;
  readonly generation: number;
  readonly indexed: number;
  readonly calibration: Calibration;
  /** Lists when the calibration was measured. */
  readonly calibratedLists: number;
  readonly memory: WebAssembly.Memory;
}
