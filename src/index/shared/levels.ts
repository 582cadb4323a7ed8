/** How high a row of a graph reaches. */
import { randomFraction, seededRandom } from "../../base/index.js";

/** The highest level of a row: level l with probability m^-l, the same in every replica. */
export function levelOf(ordinal: number, m: number): number {
  return Math.floor(-Math.log(1 - randomFraction(seededRandom(ordinal))) / Math.log(m));
}
