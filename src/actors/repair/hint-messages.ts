/** Hints: what a replica of another node missed, kept until it has it. */
import { DvespError, assert } from "../../base/index.js";
import type { PlainError } from "../../base/index.js";
import { PayloadCodec } from "../../mailbox/index.js";
import type { WriteMessage } from "../replica/messages.js";

export interface Hint {
  readonly collection: string;
  /** Tells it from another collection that has the name later. */
  readonly uid: string;
  readonly shard: number;
  readonly message: WriteMessage;
}

/** For a node; `time_ms`: wall time of what was missed. */
export interface MissedHint extends Hint {
  readonly node: string;
  readonly time_ms: number;
}

export interface HintBatch {
  readonly hints: readonly Hint[];
  /** To be confirmed when the node has all of them, or they concern nobody any more. */
  readonly sequences: readonly number[];
  /** Those that were damaged, or too old, and are gone. */
  readonly lost: number;
}

export type HintsMessage =
  /** Answered by `HintLosses` when they are durable, or lost. */
  | { readonly type: "missed"; readonly hints: readonly MissedHint[] }
  /** The oldest for a node: `HintBatch`. */
  | { readonly type: "next"; readonly node: string; readonly bytes_max: number }
  /** The node has all up to this one. */
  | { readonly type: "confirmed"; readonly node: string; readonly sequence: number }
  /** Nodes that hints are kept for: string[]. */
  | { readonly type: "nodes" };

/** Hints that are lost without having been given: anti-entropy brings what they said. */
export interface HintLosses {
  readonly lost: number;
  readonly error?: PlainError;
}

/** Refs never stand in what is missed. */
const codec = new PayloadCodec(() => undefined);
const countBytes = 4;

/** Layout: u32 count of parts, u32 length of each, the message, the parts (docs of payload-codec.ts). */
export function encodeHint(hint: Hint): Uint8Array {
  const { bytes, parts } = codec.encode(hint);
  const head = Buffer.alloc(countBytes * (1 + parts.length));
  head.writeUInt32LE(parts.length, 0);
  parts.forEach((part, index) => head.writeUInt32LE(part.byteLength, countBytes * (1 + index)));
  return Buffer.concat([head, ...parts.map((part) => new Uint8Array(part)), bytes]);
}

/** Errors: `DATA_CORRUPTED` for bytes that `encodeHint` did not make. */
export function decodeHint(encoded: Uint8Array): Hint {
  const bytes = Buffer.from(encoded);
  try {
    const count = bytes.readUInt32LE(0);
    let at = countBytes * (1 + count);
    const parts = Array.from({ length: count }, (_, index) => {
      const length = bytes.readUInt32LE(countBytes * (1 + index));
      const part = new Uint8Array(bytes.subarray(at, at + length)).buffer;
      at += length;
      return part;
    });
    assert(at < bytes.length, "a message stands behind its parts");
    return codec.decode(bytes.subarray(at), parts, () => undefined) as Hint;
  } catch (error) {
    throw new DvespError("DATA_CORRUPTED", "a hint is damaged", { cause: error });
  }
}
