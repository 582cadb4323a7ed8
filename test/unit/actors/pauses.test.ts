/** How long who lost against a rival waits before it tries again. */
import { describe, expect, it } from "vitest";
import { VirtualClock, seededRandom } from "../../../src/base/index.js";
import { Pauses } from "../../../src/actors/writes/pauses.js";

const firstMsMax = 12;
const lastMsMax = 384;

async function waitsOf(seed: number, count: number, endMs = Infinity): Promise<number[]> {
  const clock = new VirtualClock();
  const pauses = new Pauses({ clock, random: seededRandom(seed) });
  const waits: number[] = [];
  for (let wait = 0; wait < count; wait++) {
    const beganMs = clock.monotonic();
    let endedMs = Infinity;
    void pauses.wait(beganMs + endMs).then(() => (endedMs = clock.monotonic()));
    while (endedMs === Infinity) await clock.advance(1);
    waits.push(endedMs - beganMs);
  }
  return waits;
}

describe("pauses", () => {
  it("are times of chance up to a bound that doubles, and stops at some hundred milliseconds", async () => {
    const runs = await Promise.all(Array.from({ length: 200 }, (_, seed) => waitsOf(seed, 9)));
    for (let wait = 0; wait < 9; wait++) {
      const bound = Math.min(firstMsMax * 2 ** wait, lastMsMax);
      const waits = runs.map((run) => run[wait] as number);
      expect(Math.max(...waits)).toBeLessThanOrEqual(bound + 1);
      expect(Math.max(...waits)).toBeGreaterThan(0.8 * bound);
      expect(Math.min(...waits)).toBeLessThan(0.2 * bound + 1);
    }
  });

  it("end with the time of the call", async () => {
    for (const wait of await waitsOf(1, 12, 5)) expect(wait).toBeLessThanOrEqual(6);
  });
});
