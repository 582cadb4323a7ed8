/** What a commit of a replica says of where the protocol is: crashes strike exactly there. */
import { registerPrefix } from "../../src/actors/replica/register-record.js";
import { decodeInfo } from "../../src/actors/replica/staged-write.js";
import { operationOfKey, tags } from "../../src/storage/keys.js";
import { decodeStage } from "../../src/storage/stage-records.js";
import type { CommitPoint } from "../../src/storage/index.js";

const batchPrefix = `${registerPrefix}batch/`;

/**
 * `stage`: a batch waits here for its decision. `register`: that of a batch was promised or has a
 * value. `key`: that of a caller's key. `decide`: a batch was done or given up. `outcome`: a write is done. `standing`: a fence, a floor, or what all
 * replicas have.
 */
export const commitSteps = ["stage", "register", "key", "decide", "outcome", "standing"] as const;
export type CommitStep = (typeof commitSteps)[number];

/** The first step of a commit, in the order above; undefined for one that is about none of them. */
export function stepOf({ writes }: CommitPoint): CommitStep | undefined {
  const steps = new Set(writes.map(({ key, value }) => stepOfRecord(key, value !== undefined)));
  return commitSteps.find((step) => steps.has(step));
}

function stepOfRecord(key: Uint8Array, isPut: boolean): CommitStep | undefined {
  switch (key[0]) {
    case tags.stage:
      return isPut ? "stage" : "decide";
    case tags.operation:
      if (!isPut) return undefined;
      return stepOfName(operationOfKey(key));
    case tags.standing:
      return "standing";
    default:
      return undefined;
  }
}

function stepOfName(name: string): CommitStep {
  if (name.startsWith(batchPrefix)) return "register";
  return name.startsWith(registerPrefix) ? "key" : "outcome";
}

/** The batches that a commit stages, and the node that stamped each. */
export function stagedBy({ writes }: CommitPoint): ReadonlyMap<string, string> {
  const staged = new Map<string, string>();
  for (const { key, value } of writes) {
    if (key[0] !== tags.stage || !value) continue;
    const { operation, info } = decodeStage(key, value);
    const { version } = decodeInfo(info);
    staged.set(operation, version.slice(version.indexOf(".") + 1));
  }
  return staged;
}

/** The batches whose registers, or stages, a commit changes. */
export function batchesOf({ writes }: CommitPoint): string[] {
  return writes.flatMap(({ key }) => {
    if (key[0] === tags.stage) return operationOfKey(key);
    if (key[0] !== tags.operation) return [];
    const name = operationOfKey(key);
    return name.startsWith(batchPrefix) ? name.slice(batchPrefix.length) : [];
  });
}
