/**
 * What a replica knows of itself among the others of its shard, in a record of its own.
 *
 * Layout, little-endian: u32 epoch; floor, ballots, converged, dropped: each a length u8 and the text.
 */
import { DvespError } from "../../base/index.js";

export interface Standing {
  /** Older maps are refused. */
  readonly epoch: number;
  /** No ordered write, stage, promise or register below it. */
  readonly floor: string;
  /** The largest ballot or staged version that was ever promised or taken. */
  readonly ballots: string;
  /** Everything up to this version is here, as far as all replicas together know. */
  readonly converged: string;
  /** Tombstones up to this version may be gone. */
  readonly dropped: string;
}

const texts = ["floor", "ballots", "converged", "dropped"] as const;

export const noStanding: Standing = {
  epoch: 0,
  floor: "",
  ballots: "",
  converged: "",
  dropped: "",
};

export function encodeStanding(standing: Standing): Uint8Array {
  const epoch = Buffer.alloc(4);
  epoch.writeUInt32LE(standing.epoch);
  const parts = texts.flatMap((name) => {
    const text = Buffer.from(standing[name], "latin1");
    return [Uint8Array.of(text.length), text];
  });
  return Buffer.concat([epoch, ...parts]);
}

/** Errors: `DATA_CORRUPTED` for bytes that `encodeStanding` did not write. */
export function decodeStanding(bytes: Uint8Array): Standing {
  const buffer = Buffer.from(bytes);
  let at = 4;
  const text = (): string => {
    const end = at + 1 + (buffer[at] ?? 255);
    if (end > buffer.length) {
      throw new DvespError("DATA_CORRUPTED", "the record of a replica's standing is damaged");
    }
    const found = buffer.toString("latin1", at + 1, end);
    at = end;
    return found;
  };
  const [floor, ballots, converged, dropped] = [text(), text(), text(), text()];
  return { epoch: buffer.readUInt32LE(0), floor, ballots, converged, dropped };
}
