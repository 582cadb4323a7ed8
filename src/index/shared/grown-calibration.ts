/**
 * What effort buys in an index that has grown since it was measured: the same recall costs more among
 * more rows, by less than the root of the growth. Measuring anew takes its time, and rows come meanwhile;
 * so the promise of a recall is kept by walking a little farther until then.
 *
 * Growth counts in steps, so that tables, and efforts chosen by them, stay the same for a while.
 */
import type { Calibration } from "../calibration.js";
import { efMax } from "./graph-layout.js";

const stepGrowth = 1.1;

export class GrownCalibration {
  #measured: Calibration = [];
  #steps = 0;
  #table: Calibration = [];

  /** The table `measured`, for so many times the rows; the same object for the same step. */
  of(measured: Calibration, growth: number): Calibration {
    const steps = growth < stepGrowth ? 0 : Math.floor(Math.log(growth) / Math.log(stepGrowth));
    if (steps === 0) return measured;
    if (measured !== this.#measured || steps !== this.#steps) {
      const more = Math.sqrt(stepGrowth ** (steps + 1));
      this.#table = measured.map((step) => ({
        ...step,
        ef: Math.min(efMax, Math.ceil(step.ef * more)),
      }));
      this.#measured = measured;
      this.#steps = steps;
    }
    return this.#table;
  }
}
