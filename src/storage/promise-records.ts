/** What was promised of an id, at rest: the ballot, and the version that stood when it was made. */
import type { ByteArena } from "./byte-arena.js";
import { idKey, idOfKey, tags } from "./keys.js";
import { sealRecord, unsealRecord, versionBytes, writeVersion } from "./records.js";
import type { IdPromise } from "./row-store.js";
import type { TableWrite } from "./table.js";

export function encodePromise(arena: ByteArena, { id, ballot, base }: IdPromise): TableWrite {
  const [first, second] = [versionBytes(ballot), versionBytes(base)];
  const length = 2 + first.length + second.length;
  return sealRecord(arena, idKey(tags.promise, id), length, (body, at) => {
    writeVersion(body, at, first);
    writeVersion(body, at + 1 + first.length, second);
  });
}

/** Errors: `DATA_CORRUPTED`. */
export function decodePromise(key: Uint8Array, value: Uint8Array): IdPromise {
  const id = idOfKey(key);
  const name = Buffer.from(id).toString("hex");
  const body = unsealRecord(key, value, 2, `the promise of id ${name}`);
  const ballotEnd = 1 + body.readUInt8(0);
  return {
    id,
    ballot: body.toString("utf8", 1, ballotEnd),
    base: body.toString("utf8", ballotEnd + 1, ballotEnd + 1 + body.readUInt8(ballotEnd)),
  };
}
