/**
 * Staged batches at rest. A batch may be larger than one value: its body is cut into parts, under a
 * number that its record names and that no other batch of the table has.
 */
import type { ByteArena } from "./byte-arena.js";
import { operationOfKey, rangeOf, stageKey, stagePartKey, tags } from "./keys.js";
import { corrupted, sealRecord, unsealRecord } from "./records.js";
import type { Stage, StageChange } from "./row-store.js";
import type { TableSnapshot, TableWrite } from "./table.js";

/** Below the size from which memory of a commit is cut; large pages of their own are easily reused. */
const partBytes = 128 * 1024;
const headBytes = 8;

export interface StageHead {
  readonly operation: string;
  /** Of its parts. */
  readonly number: number;
  readonly parts: number;
  readonly info: Uint8Array;
}

/** The writes of changes, given the batches that are staged before them. */
export function encodeStages(
  arena: ByteArena,
  changes: readonly StageChange[],
  before: TableSnapshot,
): TableWrite[] {
  if (changes.length === 0) return [];
  const known = new Map([...readStages(before)].map((head) => [head.operation, head]));
  let number = Math.max(-1, ...[...known.values()].map((head) => head.number));
  return changes.flatMap(({ operation, stage }) => {
    const replaced = known.get(operation);
    const removed = replaced ? removal(replaced) : [];
    return stage ? [...removed, ...putting(arena, operation, ++number, stage)] : removed;
  });
}

/** All of them, in order of operations. Errors: `DATA_CORRUPTED`. */
export function* readStages(table: TableSnapshot): Iterable<StageHead> {
  for (const { key, value } of table.entries(rangeOf(tags.stage))) yield decodeStage(key, value);
}

/** Errors: `DATA_CORRUPTED`. */
export function readStage(table: TableSnapshot, operation: string): Stage | undefined {
  const key = stageKey(operation);
  const value = table.get(key);
  if (!value) return undefined;
  const { number, parts, info } = decodeStage(key, value);
  const pieces = Array.from({ length: parts }, (_, part) => {
    const partKey = stagePartKey(number, part);
    const piece = table.get(partKey);
    if (!piece) throw corrupted(`staged batch ${operation}: part ${part} is not there`);
    return decodeStagePart(partKey, piece);
  });
  return { info, body: Buffer.concat(pieces) };
}

/** Errors: `DATA_CORRUPTED`. */
export function decodeStage(key: Uint8Array, value: Uint8Array): StageHead {
  const operation = operationOfKey(key);
  const body = unsealRecord(key, value, headBytes, `staged batch ${operation}`);
  const [number, parts] = [body.readUInt32LE(0), body.readUInt32LE(4)];
  return { operation, number, parts, info: body.subarray(headBytes) };
}

/** Errors: `DATA_CORRUPTED`. */
export function decodeStagePart(key: Uint8Array, value: Uint8Array): Uint8Array {
  const name = Buffer.from(key.subarray(1)).toString("hex");
  return unsealRecord(key, value, 0, `part ${name} of a staged batch`);
}

function removal({ operation, number, parts }: StageHead): TableWrite[] {
  const keys = Array.from({ length: parts }, (_, part) => stagePartKey(number, part));
  return [stageKey(operation), ...keys].map((key) => ({ key, value: undefined }));
}

function putting(
  arena: ByteArena,
  operation: string,
  number: number,
  { info, body }: Stage,
): TableWrite[] {
  const parts = Math.ceil(body.length / partBytes);
  const head = sealRecord(arena, stageKey(operation), headBytes + info.length, (bytes, at) => {
    bytes.writeUInt32LE(number, at);
    bytes.writeUInt32LE(parts, at + 4);
    bytes.set(info, at + headBytes);
  });
  const pieces = Array.from({ length: parts }, (_, part) => {
    const piece = body.subarray(part * partBytes, (part + 1) * partBytes);
    const key = stagePartKey(number, part);
    return sealRecord(arena, key, piece.length, (bytes, at) => bytes.set(piece, at));
  });
  return [head, ...pieces];
}
