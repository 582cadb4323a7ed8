/**
 * The moment at which two shards take the place of one. Nothing can be written to it meanwhile.
 *
 * 0. Replicas that lag are brought up, as far as that can be while the shard is written.
 * 1. The map says that it is about to be replaced: whoever reads that begins no write. Replicas are fenced
 *    at this map, so that nothing of an older one is taken any more, and what is staged is decided.
 * 2. They are fenced beyond this map: nothing at all is taken any more, not even a register's value.
 * 3. They are made to hold the same, so that whatever was acknowledged, at whatever level, is on each.
 * 4. On each node the halves are brought to be what its replica is.
 * 5. The map has the two instead of the one, if nobody has changed it since.
 *
 * Should any of this fail, the map is taken back beyond the fence, and all goes on as before.
 */
import { DvespError, sleep } from "../../base/index.js";
import type { Clock } from "../../base/index.js";
import { cutInTwo, withCut, withCutTakenBack } from "../../cluster/index.js";
import type { CollectionMap, HalfIdentities, ShardChange } from "../../cluster/index.js";
import type { ReplicaQuestions } from "../repair/replica-questions.js";
import { settle } from "../repair/settle.js";

export interface CutParts {
  readonly clock: Clock;
  readonly graceMs: number;
  /** A cut that is not done by then is taken back. */
  readonly cutMs: number;
  readonly changeShard: (change: ShardChange) => Promise<CollectionMap>;
  /** Of all replicas of the shard. */
  readonly replicas: readonly ReplicaQuestions[];
  /** Makes both hold the same. Ends at `endMs` of monotonic time. */
  readonly sync: (a: ReplicaQuestions, b: ReplicaQuestions, endMs: number) => Promise<unknown>;
  /** Has a node bring its halves to be what its replica is; the names of their data. */
  readonly finish: (node: string) => Promise<readonly [string, string]>;
}

/**
 * For how many milliseconds nothing could be written; undefined: the shard is not as it was at `epoch` any
 * more, and nothing was done. Errors: why it was taken back; those of the map, when even that could not be
 * done.
 */
export async function cut(
  parts: CutParts,
  shard: number,
  epoch: number,
): Promise<number | undefined> {
  const { changeShard, clock, cutMs } = parts;
  // What a replica lacks that was away is much, perhaps: that is copied while all can write.
  await makeAlike(parts, clock.monotonic() + cutMs);
  const beganMs = clock.monotonic();
  try {
    const map = await changeShard((now) => withCut(now, epoch));
    const cutting = map.shards.find(({ id }) => id === shard);
    if (cutting?.split?.phase !== "cutting" || cutting.epoch !== epoch + 1) return undefined;
    const identities = await prepare(parts, cutting.epoch);
    const after = await changeShard((now) => cutInTwo(now, cutting.epoch, identities));
    if (after.shards.some(({ id }) => id === shard)) throw interrupted("another node changed it");
    return clock.monotonic() - beganMs;
  } catch (error) {
    await changeShard((now) => withCutTakenBack(now, epoch + 1)).catch(ignoreGone);
    throw error;
  }
}

async function prepare(parts: CutParts, epoch: number): Promise<HalfIdentities> {
  const { clock, graceMs, cutMs, replicas, finish } = parts;
  const endMs = clock.monotonic() + cutMs;
  const check = (): void => {
    if (clock.monotonic() > endMs) throw interrupted("it takes too long");
  };
  await sleep(clock, graceMs);
  const settled = await Promise.all(replicas.map((one) => settle(one, epoch, clock)));
  check();
  if (settled.includes(undefined)) throw interrupted("a write is not decided");
  const fences = await Promise.all(replicas.map((one) => one.fence(epoch + 1)));
  const staged = await Promise.all(replicas.map((one) => one.staged()));
  if (fences.some((one) => one.epoch !== epoch + 1)) throw interrupted("the map has changed");
  if (staged.flat().length > 0) throw interrupted("a write is not decided");
  check();
  await makeAlike(parts, endMs);
  check();
  const identities = await Promise.all(
    replicas.map(async ({ node }) => [node, await finish(node)] as const),
  );
  check();
  return new Map(identities);
}

/** All of them, if nothing but this changes them. */
async function makeAlike({ replicas, sync }: CutParts, endMs: number): Promise<void> {
  const [hub, ...others] = replicas;
  if (!hub) return;
  const states = await Promise.all(replicas.map((one) => one.state()));
  if (new Set(states.map(({ root }) => root)).size === 1) return;
  for (const one of others) await sync(hub, one, endMs);
  // What a later one brought to the hub, an earlier one has not.
  for (const one of others.slice(0, -1)) await sync(hub, one, endMs);
}

function interrupted(why: string): DvespError {
  return new DvespError("OVERLOADED", `the shard is not cut now: ${why}`);
}

/** A collection that was dropped has nothing to be taken back. */
function ignoreGone(error: unknown): void {
  if (!(error instanceof DvespError && error.code === "COLLECTION_NOT_FOUND")) throw error;
}
