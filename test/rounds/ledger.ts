/**
 * Rows that are written once and never again, many of them, so that each acknowledged write is checked and
 * none is hidden by a later one: a store that loses one in a hundred loses dozens in a round of 20 s.
 *
 * Clients insert fresh rows, alone and in batches, at all levels and some with a key, delete some of them,
 * and read back what is acknowledged, through nodes of their choice. Afterwards, when all is mended,
 * `check` reads all rows through every node.
 */
import {
  isDvespError,
  randomBelow,
  randomFraction,
  randomUuid,
  sleep,
} from "../../src/base/index.js";
import type { Clock, Random } from "../../src/base/index.js";
import type { ConsistencyLevel, VectorStore } from "../../src/protocol/index.js";
import type { Violation } from "../sim/history.js";

export interface LedgerParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly collection: string;
  /** The last one is called most. */
  readonly stores: readonly { readonly name: string; readonly store: VectorStore }[];
  readonly clients: number;
  readonly goesOn: () => boolean;
  /** Codes that a refusal may have. */
  readonly mayRefuse: (code: string) => boolean;
}

/** `open`: under way, or nobody was told how it ended. */
type Fate = "open" | "acknowledged" | "none";

interface Entry {
  readonly number: number;
  readonly ids: readonly string[];
  insert: Fate;
  /** Whether a majority had it before anything was read. */
  isStrong: boolean;
  remove: Fate;
}

export const ledgerDimension = 4;
const batchMax = 20;
const pageRows = 1000;
/** Between calls of a client, at most. */
const pauseMs = 20;
/** Of a call: short, as most of a round some node does not answer. */
const timeoutMsMin = 300;
const timeoutMsMax = 1800;
const readTries = 10;
/** Of each check, so many are told one by one. */
const toldMax = 5;

export class Ledger {
  readonly #parts: LedgerParts;
  readonly #entries: Entry[] = [];
  readonly #found = new Map<string, string[]>();
  #calls = 0;

  constructor(parts: LedgerParts) {
    this.#parts = parts;
  }

  /** Calls made, and rows of acknowledged inserts. */
  get counts(): { readonly calls: number; readonly rows: number } {
    const acknowledged = this.#entries.filter(({ insert }) => insert === "acknowledged");
    return { calls: this.#calls, rows: acknowledged.reduce((sum, { ids }) => sum + ids.length, 0) };
  }

  /** A few of each check, and how many there were. */
  get violations(): readonly Violation[] {
    return [...this.#found].flatMap(([check, messages]) => {
      const told = messages.slice(0, toldMax).map((message) => ({ check, message }));
      const rest = messages.length - told.length;
      return rest > 0 ? [...told, { check, message: `and ${rest} more` }] : told;
    });
  }

  async run(): Promise<void> {
    await Promise.all(Array.from({ length: this.#parts.clients }, () => this.#client()));
  }

  /** Reads all rows through every node. Call when all replicas are alike and nothing is under way. */
  async check(): Promise<void> {
    for (const { name, store } of this.#parts.stores) {
      const there = await this.#readAll(store);
      if (!there) this.#fail("unavailable", `${name} does not answer after all was mended`);
      else for (const entry of this.#entries) this.#judge(entry, there, name);
    }
  }

  async #client(): Promise<void> {
    const { clock, random, goesOn } = this.#parts;
    while (goesOn()) {
      this.#calls++;
      const dice = randomBelow(random, 100);
      if (dice < 65) await this.#insert();
      else if (dice < 75) await this.#delete();
      else await this.#readBack();
      await sleep(clock, randomBelow(random, pauseMs));
    }
  }

  async #insert(): Promise<void> {
    const { random, collection } = this.#parts;
    const count = randomFraction(random) < 0.6 ? 1 : 1 + randomBelow(random, batchMax);
    const ids = Array.from({ length: count }, () => randomUuid(random));
    const number = this.#entries.length;
    const entry: Entry = { number, ids, insert: "open", isStrong: false, remove: "none" };
    this.#entries.push(entry);
    const consistency_level = this.#level();
    const key = randomFraction(random) < 0.1 ? { idempotency_key: randomUuid(random) } : {};
    const rows = {
      vectors: ids.map((_, index) => [number, index, 1, 1]),
      metadata: ids.map(() => ({ n: number })),
    };
    const end = await this.#fateOf((store, timeout_ms) =>
      store.insert({ collection, ids, ...rows, ...key, consistency_level, timeout_ms }),
    );
    entry.isStrong = end.isFull && consistency_level !== "ONE";
    entry.insert = end.fate;
  }

  async #delete(): Promise<void> {
    const { collection } = this.#parts;
    const entry = this.#some();
    if (entry?.insert !== "acknowledged" || entry.remove !== "none") return;
    entry.remove = "open";
    const { ids } = entry;
    const { fate } = await this.#fateOf((store, timeout_ms) =>
      store.delete({ collection, ids, consistency_level: "QUORUM", timeout_ms }),
    );
    entry.remove = fate;
  }

  async #readBack(): Promise<void> {
    const { collection } = this.#parts;
    const entry = this.#some();
    if (!entry?.isStrong || entry.remove !== "none") return;
    try {
      const { store } = this.#anyClient();
      const { vectors } = await store.get({
        ...{ collection, ids: entry.ids, consistency_level: "QUORUM", timeout_ms: timeoutMsMax },
      });
      // It may have been deleted since.
      if ((entry.remove as Fate) !== "none" || vectors.length === entry.ids.length) return;
      this.#fail("stale_read", `${vectors.length} rows of ${nameOf(entry)} at QUORUM`);
    } catch (error) {
      this.#refused(error);
    }
  }

  async #fateOf(
    call: (store: VectorStore, timeoutMs: number) => Promise<{ readonly status: string }>,
  ): Promise<{ readonly fate: Fate; readonly isFull: boolean }> {
    const timeoutMs = timeoutMsMin + randomBelow(this.#parts.random, timeoutMsMax - timeoutMsMin);
    try {
      const { status } = await call(this.#anyClient().store, timeoutMs);
      return { fate: status === "failed" ? "none" : "acknowledged", isFull: status === "success" };
    } catch (error) {
      const isUnknown = this.#refused(error) === "TIMEOUT";
      return { fate: isUnknown ? "open" : "none", isFull: false };
    }
  }

  #refused(error: unknown): string {
    if (!isDvespError(error)) throw error;
    if (!this.#parts.mayRefuse(error.code)) {
      this.#fail("unexpected_error", `${error.code}: ${error.message}`);
    }
    return error.code;
  }

  /** The number of each row that is there, by id; undefined when the node does not answer. */
  async #readAll(store: VectorStore): Promise<Map<string, unknown> | undefined> {
    const ids = this.#entries.flatMap((entry) => entry.ids);
    const there = new Map<string, unknown>();
    for (let at = 0; at < ids.length; at += pageRows) {
      const page = await this.#readPage(store, ids.slice(at, at + pageRows));
      if (!page) return undefined;
      for (const { id, metadata, vector } of page) {
        there.set(id, vector?.[0] === metadata?.["n"] ? metadata?.["n"] : "another vector");
      }
    }
    return there;
  }

  async #readPage(store: VectorStore, ids: readonly string[]) {
    const { collection, clock } = this.#parts;
    const include = { include_vectors: true, include_metadata: true };
    const request = { collection, ids, ...include, consistency_level: "ONE" } as const;
    for (let attempt = 0; attempt < readTries; attempt++) {
      try {
        return (await store.get(request)).vectors;
      } catch (error) {
        this.#refused(error);
        await sleep(clock, 500);
      }
    }
    return undefined;
  }

  #judge(entry: Entry, there: ReadonlyMap<string, unknown>, node: string): void {
    const found = entry.ids.filter((id) => there.has(id));
    const told = `${found.length} rows of ${nameOf(entry)} at ${node}`;
    if (found.some((id) => there.get(id) !== entry.number)) this.#fail("unknown_row", told);
    if (found.length > 0 && found.length < entry.ids.length) this.#fail("half_batch", told);
    const isThere = found.length > 0;
    if (isThere && entry.insert === "none") this.#fail("refused_write_seen", told);
    if (isThere && entry.remove === "acknowledged") this.#fail("deleted_row_back", told);
    if (!isThere && entry.insert === "acknowledged" && entry.remove === "none") {
      this.#fail("lost_write", told);
    }
  }

  #some(): Entry | undefined {
    return this.#entries[randomBelow(this.#parts.random, Math.max(1, this.#entries.length))];
  }

  /** Half of the time the last one, which knows all nodes. */
  #anyClient() {
    const { stores, random } = this.#parts;
    const index = randomBelow(random, 2 * stores.length);
    return stores[Math.min(index, stores.length - 1)] as LedgerParts["stores"][number];
  }

  #level(): ConsistencyLevel {
    const dice = randomBelow(this.#parts.random, 100);
    if (dice < 25) return "ONE";
    return dice < 90 ? "QUORUM" : "ALL";
  }

  #fail(check: string, message: string): void {
    this.#found.set(check, [...(this.#found.get(check) ?? []), message]);
  }
}

function nameOf({ number, ids }: Entry): string {
  return `write ${number} of ${ids.length} (${ids[0]?.slice(0, 8)})`;
}
