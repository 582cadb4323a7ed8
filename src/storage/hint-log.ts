/**
 * What is kept for others to be given later: opaque records, in order for each target, in a table of
 * their own. It may be lost without loss of truth, so room is made by dropping the oldest, and a record
 * that is damaged is passed over.
 *
 * A key is a tag, the target with its length, and the record's number; numbers only grow.
 */
import { assert, DvespError, isDvespError, type Disk } from "../base/index.js";
import { ByteArena } from "./byte-arena.js";
import { sealRecord, unsealRecord } from "./records.js";
import type { OpenTable, Table, TableWrite } from "./table.js";

export interface HintLogOptions {
  /** Its own; made when missing. */
  readonly directory: string;
  readonly disk: Disk;
  readonly openTable: OpenTable;
  readonly bytesMax: number;
  readonly countMax: number;
  /** Nothing is added that would leave less room on the disk. */
  readonly reserveBytes: number;
}

export interface NewHint {
  /** At most 64 bytes. */
  readonly target: string;
  /** Wall time from which its age counts. */
  readonly timeMs: number;
  readonly bytes: Uint8Array;
}

export interface LoggedHint {
  readonly sequence: number;
  readonly timeMs: number;
  readonly bytes: Uint8Array;
}

export interface HintPage {
  readonly hints: readonly LoggedHint[];
  /** Records passed over, as they are damaged. */
  readonly damaged: number;
  /** `remove` up to here when all of them were given; 0 when there is nothing. */
  readonly upTo: number;
}

interface Known {
  readonly sequence: number;
  readonly timeMs: number;
  readonly bytes: number;
}

const tag = 0x01;
const targetBytesMax = 64;
/** Larger ones are not kept: see the bound on records. */
const hintBytesMax = 14 * 1024 * 1024;
/** Room is made for more than what comes next, so that it is not made for each. */
const lowWater = 0.9;
const timeBytes = 8;

export class HintLog {
  readonly #table: Table;
  readonly #options: HintLogOptions;
  /** By target, in order. */
  readonly #known: Map<string, Known[]>;
  #sequence: number;
  #bytes: number;

  private constructor(table: Table, options: HintLogOptions, known: Map<string, Known[]>) {
    this.#table = table;
    this.#options = options;
    this.#known = known;
    const all = [...known.values()].flat();
    this.#sequence = all.reduce((max, { sequence }) => Math.max(max, sequence), 0);
    this.#bytes = all.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Errors: `STORAGE_FULL`, `DATA_CORRUPTED` when the table cannot be read at all. */
  static async open(options: HintLogOptions): Promise<HintLog> {
    const { disk, directory, openTable } = options;
    await disk.makeDirectory(directory);
    const table = await openTable(directory, disk, "write");
    return new HintLog(table, options, readAll(table));
  }

  static fits({ bytes }: NewHint): boolean {
    return bytes.length <= hintBytesMax;
  }

  /** Targets that something is kept for. */
  targets(): string[] {
    return [...this.#known].flatMap(([target, { length }]) => (length > 0 ? [target] : []));
  }

  get count(): number {
    return [...this.#known.values()].reduce((sum, { length }) => sum + length, 0);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Keeps the hints, each of which `fits`; how many older ones were dropped to make room. Errors:
   * `STORAGE_FULL`: none of them is kept.
   */
  async append(hints: readonly NewHint[]): Promise<number> {
    const arena = new ByteArena();
    const writes = hints.map((hint, index) => encode(arena, hint, this.#sequence + 1 + index));
    await this.#checkRoom(hints);
    await this.#table.commit(writes);
    for (const { target, timeMs, bytes } of hints) {
      const known = { sequence: ++this.#sequence, timeMs, bytes: bytes.length };
      this.#of(target).push(known);
      this.#bytes += known.bytes;
    }
    return this.#makeRoom();
  }

  /** The oldest hints for a target: at least one, if there is one, and about `bytesMax` at most. */
  read(target: string, bytesMax: number): HintPage {
    const hints: LoggedHint[] = [];
    const snapshot = this.#table.snapshot();
    try {
      let [bytes, damaged, upTo] = [0, 0, 0];
      for (const { sequence } of this.#of(target)) {
        if (bytes >= bytesMax) break;
        const key = keyOf(target, sequence);
        const hint = decode(key, sequence, snapshot.get(key));
        upTo = sequence;
        if (!hint) damaged++;
        else {
          hints.push(hint);
          bytes += hint.bytes.length;
        }
      }
      return { hints, damaged, upTo };
    } finally {
      snapshot.release();
    }
  }

  /** Forgets all hints for a target up to one, which it has now. */
  async remove(target: string, upTo: number): Promise<void> {
    await this.#drop(target, (one) => one.sequence <= upTo);
  }

  /** Drops what is older; how many. */
  async expire(timeMs: number): Promise<number> {
    let dropped = 0;
    for (const target of this.#known.keys()) {
      dropped += await this.#drop(target, (one) => one.timeMs < timeMs);
    }
    return dropped;
  }

  close(): Promise<void> {
    return this.#table.close();
  }

  async #checkRoom(hints: readonly NewHint[]): Promise<void> {
    const { disk, directory, reserveBytes } = this.#options;
    const bytes = hints.reduce((sum, hint) => sum + hint.bytes.length, 0);
    if ((await disk.freeBytes(directory)) >= reserveBytes + bytes) return;
    throw new DvespError("STORAGE_FULL", `no room for hints in ${directory}`);
  }

  /** Drops the oldest of all until the rest is within bounds; how many. */
  async #makeRoom(): Promise<number> {
    const { bytesMax, countMax } = this.#options;
    let [bytes, count] = [this.#bytes, this.count];
    if (bytes <= bytesMax && count <= countMax) return 0;
    const all = [...this.#known.values()].flat().sort((a, b) => a.sequence - b.sequence);
    const gone = new Set<number>();
    for (const one of all) {
      if (bytes <= lowWater * bytesMax && count <= lowWater * countMax) break;
      gone.add(one.sequence);
      bytes -= one.bytes;
      count--;
    }
    let dropped = 0;
    for (const target of this.#known.keys()) {
      dropped += await this.#drop(target, ({ sequence }) => gone.has(sequence));
    }
    return dropped;
  }

  async #drop(target: string, isGone: (one: Known) => boolean): Promise<number> {
    const all = this.#of(target);
    const gone = all.filter(isGone);
    if (gone.length === 0) return 0;
    await this.#table.commit(
      gone.map(({ sequence }) => ({ key: keyOf(target, sequence), value: undefined })),
    );
    this.#known.set(
      target,
      all.filter((one) => !isGone(one)),
    );
    this.#bytes -= gone.reduce((sum, { bytes }) => sum + bytes, 0);
    return gone.length;
  }

  #of(target: string): Known[] {
    const known = this.#known.get(target);
    if (known) return known;
    const made: Known[] = [];
    this.#known.set(target, made);
    return made;
  }
}

function readAll(table: Table): Map<string, Known[]> {
  const known = new Map<string, Known[]>();
  const snapshot = table.snapshot();
  try {
    const all = { from: Uint8Array.of(tag), to: Uint8Array.of(tag + 1) };
    for (const { key, value } of snapshot.entries(all)) {
      const { target, sequence } = partsOf(key);
      const hint = decode(key, sequence, value);
      const [timeMs, bytes] = [hint?.timeMs ?? 0, hint?.bytes.length ?? 0];
      const list = known.get(target) ?? [];
      list.push({ sequence, timeMs, bytes });
      known.set(target, list);
    }
  } finally {
    snapshot.release();
  }
  return known;
}

function keyOf(target: string, sequence: number): Uint8Array {
  const name = Buffer.from(target);
  assert(name.length > 0 && name.length <= targetBytesMax, "the name of a target is in bounds");
  const key = Buffer.alloc(2 + name.length + 8);
  key[0] = tag;
  key[1] = name.length;
  key.set(name, 2);
  key.writeBigUInt64BE(BigInt(sequence), 2 + name.length);
  return new Uint8Array(key);
}

function partsOf(key: Uint8Array): { target: string; sequence: number } {
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.length);
  const end = 2 + (bytes[1] ?? 0);
  return { target: bytes.toString("utf8", 2, end), sequence: Number(bytes.readBigUInt64BE(end)) };
}

function encode(
  arena: ByteArena,
  { target, timeMs, bytes }: NewHint,
  sequence: number,
): TableWrite {
  return sealRecord(arena, keyOf(target, sequence), timeBytes + bytes.length, (body, at) => {
    body.writeDoubleLE(timeMs, at);
    body.set(bytes, at + timeBytes);
  });
}

/** Undefined for one that is not what was kept. */
function decode(
  key: Uint8Array,
  sequence: number,
  value: Uint8Array | undefined,
): LoggedHint | undefined {
  if (!value) return undefined;
  try {
    const body = unsealRecord(key, value, timeBytes, `hint ${sequence}`);
    return { sequence, timeMs: body.readDoubleLE(0), bytes: body.subarray(timeBytes) };
  } catch (error) {
    if (isDvespError(error) && error.code === "DATA_CORRUPTED") return undefined;
    throw error;
  }
}
