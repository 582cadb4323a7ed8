/**
 * Merkle leaves at rest, 16 to a record: a large commit changes nearly all of them, a small one few,
 * and neither should write much. A record is read, changed and written whole.
 */
import { assert } from "../base/index.js";
import type { ByteArena } from "./byte-arena.js";
import { numberKey, numberOfKey, tags } from "./keys.js";
import { sealRecord, unsealRecord } from "./records.js";
import type { MerkleLeaf } from "./row-store.js";
import type { TableSnapshot, TableWrite } from "./table.js";

export const leafBytes = 32;

const leavesPerRecord = 16;
/** One bit for each leaf that is there. */
const presenceBytes = 2;
const bodyBytes = presenceBytes + leavesPerRecord * leafBytes;

/** The records that hold `leaves`, beside what `before` has of their neighbours. */
export function encodeLeaves(
  arena: ByteArena,
  leaves: readonly MerkleLeaf[],
  before: TableSnapshot,
): TableWrite[] {
  const groups = new Map<number, MerkleLeaf[]>();
  for (const leaf of leaves) {
    const group = Math.floor(leaf.bucket / leavesPerRecord);
    const known = groups.get(group);
    if (known) known.push(leaf);
    else groups.set(group, [leaf]);
  }
  return [...groups].map(([group, changed]) => encodeGroup(arena, group, changed, before));
}

function encodeGroup(
  arena: ByteArena,
  group: number,
  changed: readonly MerkleLeaf[],
  before: TableSnapshot,
): TableWrite {
  const key = numberKey(tags.leaves, group);
  const known = before.get(key);
  return sealRecord(arena, key, bodyBytes, (body, at) => {
    if (known) body.set(unsealLeaves(key, known), at);
    let present = body.readUInt16LE(at);
    for (const { bucket, leaf } of changed) {
      assert(leaf.length === leafBytes, "a leaf has 32 bytes");
      const slot = bucket % leavesPerRecord;
      present |= 1 << slot;
      body.set(leaf, at + presenceBytes + slot * leafBytes);
    }
    body.writeUInt16LE(present, at);
  });
}

/** The leaves of a record, in order. Errors: `DATA_CORRUPTED`. */
export function decodeLeaves(key: Uint8Array, value: Uint8Array): MerkleLeaf[] {
  const body = unsealLeaves(key, value);
  const present = body.readUInt16LE(0);
  const leaves: MerkleLeaf[] = [];
  for (let slot = 0; slot < leavesPerRecord; slot++) {
    if ((present & (1 << slot)) === 0) continue;
    const at = presenceBytes + slot * leafBytes;
    const bucket = numberOfKey(key) * leavesPerRecord + slot;
    leaves.push({ bucket, leaf: body.subarray(at, at + leafBytes) });
  }
  return leaves;
}

function unsealLeaves(key: Uint8Array, value: Uint8Array): Buffer {
  return unsealRecord(key, value, bodyBytes, `leaves ${numberOfKey(key)}`);
}
