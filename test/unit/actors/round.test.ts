import { describe, expect, it } from "vitest";
import { VirtualClock, sleep } from "../../../src/base/index.js";
import type { ReplicaAccess, ShardAccess } from "../../../src/actors/replicas/access.js";
import { Round } from "../../../src/actors/writes/round.js";
import type { WriteParts } from "../../../src/actors/writes/write-parts.js";

const behind = { refused: "behind", version: "9" } as const;

/** Two replicas that refuse at once, and one that refuses after a while, or is not in reach. */
function refusedRound(lastMs: number): { clock: VirtualClock; round: Round<string> } {
  const clock = new VirtualClock();
  const replicas = [1, 1, lastMs].map((delayMs, at) => ({
    place: { node: `n${at}`, state: "active" },
    isAlive: () => delayMs < Infinity,
    ask: async () => {
      await sleep(clock, delayMs);
      return { outcome: "ok", value: behind };
    },
  })) as unknown as readonly ReplicaAccess[];
  const shard = { shard: { id: 0 }, replicas } as unknown as ShardAccess;
  const access = { shards: () => [shard] };
  const parts = { clock, access } as unknown as WriteParts;
  const round = new Round<string>(
    parts,
    shard,
    (replica, ms) => replica.ask({} as never, ms),
    clock.monotonic() + 60_000,
  );
  return { clock, round };
}

async function endOf({ clock, round }: ReturnType<typeof refusedRound>, graceMs: number) {
  const beganMs = clock.monotonic();
  const seen: { endMs?: number } = {};
  const end = round.until(2, graceMs).finally(() => (seen.endMs = clock.monotonic() - beganMs));
  while (seen.endMs === undefined) await clock.advance(5);
  return { end: await end, ms: seen.endMs, isSomewhere: round.isSomewhere };
}

describe("a round that is refused", () => {
  it("waits for the others as long as it is told: then nothing of it is anywhere", async () => {
    const { end, ms, isSomewhere } = await endOf(refusedRound(200), 300);
    expect({ end, isSomewhere }).toEqual({ end: "refused", isSomewhere: false });
    expect(ms).toBeLessThan(250);
  });

  it("and no longer: the last may have it", async () => {
    const { end, ms, isSomewhere } = await endOf(refusedRound(2000), 300);
    expect({ end, isSomewhere }).toEqual({ end: "refused", isSomewhere: true });
    expect(ms).toBeLessThan(350);
  });

  it("waits for nobody who is not in reach", async () => {
    const { end, ms, isSomewhere } = await endOf(refusedRound(Infinity), 300);
    expect({ end, isSomewhere }).toEqual({ end: "refused", isSomewhere: false });
    expect(ms).toBeLessThan(50);
  });
});
