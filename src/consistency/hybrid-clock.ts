/**
 * A hybrid logical clock (Kulkarni et al., "Logical Physical Clocks", 2014): stamps that follow wall
 * time, never go backwards when the wall does, and are larger than every stamp seen before.
 */
import { DvespError } from "../base/index.js";
import type { Clock } from "../base/index.js";
import { makeVersion, versionCounter, versionTime } from "./version.js";
import type { Version } from "./version.js";

/** How far ahead of our own clock a stamp from elsewhere may lie, in milliseconds. */
export const clockDriftMsMax = 60_000;
const counterMax = 0xffff;

export class HybridClock {
  readonly #clock: Clock;
  readonly #node: string;
  #time_ms = 0;
  #counter = 0;

  constructor(clock: Clock, node: string) {
    this.#clock = clock;
    this.#node = node;
  }

  /** A version larger than all that this clock stamped or observed before. */
  next(): Version {
    const wall = Math.floor(this.#clock.now());
    if (wall > this.#time_ms) {
      this.#time_ms = wall;
      this.#counter = 0;
    } else if (this.#counter < counterMax) {
      this.#counter++;
    } else {
      this.#time_ms++;
      this.#counter = 0;
    }
    return makeVersion(this.#time_ms, this.#counter, this.#node);
  }

  /**
   * Makes every later stamp larger than `version`. Errors: `INVALID_ARGUMENT` for a stamp so far in
   * the future that taking it over would spoil our own time.
   */
  observe(version: Version): void {
    const time = versionTime(version);
    if (time > this.#clock.now() + clockDriftMsMax) {
      throw new DvespError("INVALID_ARGUMENT", `version ${version} lies too far in the future`);
    }
    this.restore(version);
  }

  /** As `observe`, for the newest of our own stamps, which is believed whatever the wall says. */
  restore(version: Version): void {
    if (version === "") return;
    const time = versionTime(version);
    const counter = versionCounter(version);
    if (time > this.#time_ms || (time === this.#time_ms && counter > this.#counter)) {
      this.#time_ms = time;
      this.#counter = counter;
    }
  }
}
