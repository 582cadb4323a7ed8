/**
 * Frames on their way out, cut into records. The control lane goes first, record by record, so that
 * a control frame never waits for the rest of a large one.
 */
import { type Frame, type Lane, lanes, moveDeadline } from "./frame.js";
import { beginRecord, dataHead, recordBodyBytesMax } from "./wire-records.js";

interface Outgoing {
  readonly pieces: readonly Uint8Array[];
  piece: number;
  at: number;
}

export class WireQueue {
  readonly #nowMs: () => number;
  readonly #lanes = new Map<Lane, Outgoing[]>(lanes.map((lane) => [lane, []]));

  /** `nowMs`: steady time, by which deadlines become the time that is left when a frame begins to go out. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Takes the frame's memory over. */
  push({ header, bytes, parts }: Frame): void {
    const taken = parts.map((part) => new Uint8Array(structuredClone(part, { transfer: [part] })));
    this.#lanes.get(header.lane)?.push({ pieces: [bytes, ...taken], piece: -1, at: 0 });
  }

  /** The next pieces of memory to write, in this order, until they have `bytes`; none when all is written. */
  next(bytes: number): readonly Uint8Array[] {
    const taken: Uint8Array[] = [];
    for (let sum = 0; sum < bytes;) {
      const records = this.#step();
      if (records.length === 0) break;
      for (const record of records) sum += record.length;
      taken.push(...records);
    }
    return taken;
  }

  /** What comes next of the frame whose turn it is. */
  #step(): readonly Uint8Array[] {
    for (const [lane, queue] of this.#lanes) {
      const outgoing = queue[0];
      if (!outgoing) continue;
      if (outgoing.piece < 0) moveDeadline(outgoing.pieces[0] as Uint8Array, -this.#nowMs());
      const records = nextRecords(lane, outgoing);
      if (outgoing.piece === outgoing.pieces.length) queue.shift();
      return records;
    }
    return [];
  }

  clear(): void {
    for (const queue of this.#lanes.values()) queue.length = 0;
  }
}

/** The announcement of a frame together with its first bytes, or more of its bytes. */
function nextRecords(lane: Lane, outgoing: Outgoing): Uint8Array[] {
  const records: Uint8Array[] = [];
  if (outgoing.piece < 0) {
    records.push(
      beginRecord(
        lane,
        outgoing.pieces.map(({ length }) => length),
      ),
    );
    outgoing.piece = 0;
    skipWritten(outgoing);
  }
  const piece = outgoing.pieces[outgoing.piece];
  if (!piece) return records;
  const slice = piece.subarray(outgoing.at, outgoing.at + recordBodyBytesMax);
  outgoing.at += slice.length;
  skipWritten(outgoing);
  records.push(dataHead(lane, slice.length), slice);
  return records;
}

function skipWritten(outgoing: Outgoing): void {
  while (outgoing.pieces[outgoing.piece]?.length === outgoing.at) {
    outgoing.piece++;
    outgoing.at = 0;
  }
}
