/** The halves on this node of shards that the map is splitting: each pair is filled from the replica here. */
import { DvespError, toDvespError } from "../../base/index.js";
import type { Clock, ErrorCode } from "../../base/index.js";
import { hasReplicaOn } from "../../cluster/index.js";
import type { ClusterView, CollectionMap, ShardPlaces, ShardSplit } from "../../cluster/index.js";
import { answerOf } from "../../runtime/index.js";
import type { LocalShards } from "../collection/local-shards.js";
import type { EmitRepair } from "../repair/repair-log.js";
import type { Throttle } from "../repair/throttle.js";
import type { Shard } from "../shard/shard.js";
import { HalfFiller } from "./half-filler.js";
import type { SplitLimits } from "./limits.js";
import type { AskReplica } from "./halves-check.js";
import { SplitCopy } from "./split-copy.js";

export interface LocalHalvesParts {
  readonly view: ClusterView;
  readonly clock: Clock;
  readonly limits: SplitLimits;
  readonly throttle: Throttle;
  readonly emit: EmitRepair;
  readonly open: (collection: string) => { readonly shards: LocalShards } | undefined;
  readonly identityOf: (collection: string, half: number) => Promise<string>;
  /** Starts the actors of a half, on data of its split. Errors: why that cannot be. */
  readonly openHalf: (half: Half) => Promise<void>;
}

/** One of the two that a shard becomes. */
export interface Half {
  readonly collection: string;
  /** Its id as a shard. */
  readonly half: number;
  /** The name of the split. */
  readonly split: string;
}

/** A shard of a collection, and by which of its splits: another one may be begun after one that was given up. */
export interface SplitRef {
  readonly collection: string;
  readonly shard: number;
  /** The name of the split. */
  readonly split: string;
}

/** What a node says of the halves of a shard. */
export interface HalvesStatus {
  /** They have all but the newest changes, and their indexes most of it. */
  readonly is_filled: boolean;
  readonly rows_copied: number;
  /** They cannot be filled: there is no room, or a row is damaged. */
  readonly is_hopeless: boolean;
}

/** Rows that the halves of a shard were given. */
export interface FillProgress {
  readonly collection: string;
  readonly shard: number;
  readonly rows_copied: number;
}

interface Filling {
  readonly name: string;
  readonly collection: string;
  readonly shard: number;
  readonly into: readonly [number, number];
  readonly filler: HalfFiller;
  readonly source: Shard;
  readonly halves: readonly [Shard, Shard];
}

const hopeless: ReadonlySet<string> = new Set(["STORAGE_FULL", "DATA_CORRUPTED"]);
/** Rows that an index under way may not cover yet, as a share of all. */
const freshShare = 0.3;
/** What a row takes beside its vector, about. */
const metadataBytes = 512;

export class LocalHalves {
  readonly #parts: LocalHalvesParts;
  /** By collection and shard. */
  readonly #fillings = new Map<string, Filling>();
  /** Why halves could not be opened, by the name of their split. */
  readonly #unopened = new Map<string, ErrorCode>();

  constructor(parts: LocalHalvesParts) {
    this.#parts = parts;
  }

  /** In line with the map, as far as what is to be filled is open. */
  async follow(): Promise<void> {
    const { view } = this.#parts;
    const wanted = new Set<string>();
    for (const [key, filling] of this.#fillings) {
      if (this.#isNow(filling)) continue;
      this.#fillings.delete(key);
      await filling.filler.stop();
    }
    for (const map of view.collections()) {
      for (const shard of map.shards) {
        if (!shard.split || !hasReplicaOn(shard, view.self)) continue;
        wanted.add(shard.split.name);
        if (await this.#areOpen(map, shard, shard.split)) this.#begin(map, shard, shard.split);
      }
    }
    for (const name of this.#unopened.keys()) if (!wanted.has(name)) this.#unopened.delete(name);
  }

  /** Whether its split is still that of the map, and what it reads and fills is still what is open. */
  #isNow({ name, collection, source, halves }: Filling): boolean {
    const shards = this.#parts.open(collection)?.shards;
    const isSplitting = this.#isSplitting(collection, name);
    return isSplitting && [source, ...halves].every((one) => shards?.half(one.id) === one);
  }

  async stop(): Promise<void> {
    const all = [...this.#fillings.values()];
    this.#fillings.clear();
    await Promise.all(all.map(({ filler }) => filler.stop()));
  }

  get progress(): readonly FillProgress[] {
    return [...this.#fillings.values()].map(({ collection, shard, filler }) => ({
      ...{ collection, shard, rows_copied: filler.rowsCopied },
    }));
  }

  async status(split: SplitRef): Promise<HalvesStatus | undefined> {
    const filling = this.#filling(split);
    if (!filling) return this.#statusOfUnopened(split);
    const { filler, halves } = filling;
    const is_filled = filler.isFilled && (await this.#areIndexed(halves));
    const is_hopeless = filler.failure !== undefined && hopeless.has(filler.failure);
    return { is_filled, rows_copied: filler.rowsCopied, is_hopeless };
  }

  #filling({ collection, shard, split }: SplitRef): Filling | undefined {
    const filling = this.#fillings.get(keyOf(collection, shard));
    return filling?.name === split ? filling : undefined;
  }

  #statusOfUnopened({ split }: SplitRef): HalvesStatus | undefined {
    const failure = this.#unopened.get(split);
    if (failure === undefined) return undefined;
    return { is_filled: false, rows_copied: 0, is_hopeless: hopeless.has(failure) };
  }

  /** Opens them, where they are not and can be. */
  async #areOpen(
    { settings }: CollectionMap,
    { id }: ShardPlaces,
    split: ShardSplit,
  ): Promise<boolean> {
    const { name, into } = split;
    const { open, openHalf, emit, view } = this.#parts;
    const { collection } = settings;
    const shards = open(collection)?.shards;
    if (this.#fillings.has(keyOf(collection, id))) return true;
    const isNow = (): boolean => this.#isSplitting(collection, name);
    if (shards?.half(id) === undefined || !isNow()) return false;
    try {
      for (const half of into) await openHalf({ collection, half, split: name });
      this.#unopened.delete(name);
    } catch (error) {
      const failure = toDvespError(error);
      if (this.#unopened.get(name) === failure.code) return false;
      this.#unopened.set(name, failure.code);
      const plain = failure.toPlain();
      emit({ type: "shard_split_delayed", collection, shard: id, error: plain });
      return false;
    }
    if (isNow()) return true;
    if (view.collection(collection)?.shards.some((one) => into.includes(one.id))) return false;
    // Given up meanwhile.
    for (const half of into) await shards.close(half);
    return false;
  }

  /** Errors: `OVERLOADED` when they are not filled, and those of the replicas. */
  async finish(split: SplitRef): Promise<readonly [string, string]> {
    const filling = this.#filling(split);
    if (!filling) throw new DvespError("OVERLOADED", "there are no halves here");
    const { identityOf } = this.#parts;
    await filling.filler.finish();
    const [first, second] = filling.into;
    return [await identityOf(split.collection, first), await identityOf(split.collection, second)];
  }

  #begin({ settings }: CollectionMap, { id }: ShardPlaces, split: ShardSplit): void {
    const { collection, dimension } = settings;
    const key = keyOf(collection, id);
    if (this.#fillings.has(key)) return;
    const shards = this.#parts.open(collection)?.shards;
    const [source, first, second] = [id, ...split.into].map((one) => shards?.half(one));
    if (!shards || !source || !first || !second) return;
    const { name, into } = split;
    const { clock, limits, throttle, emit } = this.#parts;
    const rowBytes = dimension * Float32Array.BYTES_PER_ELEMENT + metadataBytes;
    const perStep = Math.min(limits.perStep, Math.ceil(limits.bytesPerStep / rowBytes));
    const isStopped = (): boolean => filler.isStopped;
    const copy = new SplitCopy({
      ...{ copy: name, at: split.at, throttle, perStep },
      source: this.#askerOf(source),
      halves: [this.#giverTo(shards, first), this.#giverTo(shards, second)],
      check: () => {
        if (isStopped()) throw new DvespError("CLOSED", "the split has ended");
      },
    });
    const filler: HalfFiller = new HalfFiller({
      ...{ clock, lookMs: limits.lookMs, copy },
      onFailure: (error) => {
        if (!this.#isSplitting(collection, name)) return;
        emit({ type: "shard_split_delayed", collection, shard: id, error: error.toPlain() });
      },
    });
    const halves = [first, second] as const;
    this.#fillings.set(key, { name, collection, shard: id, into, filler, source, halves });
    filler.start();
  }

  #isSplitting(collection: string, name: string): boolean {
    const shards = this.#parts.view.collection(collection)?.shards ?? [];
    return shards.some(({ split }) => split?.name === name);
  }

  #askerOf(shard: Shard): AskReplica {
    const timeout_ms = this.#parts.limits.askMs;
    return async <Answer>(message: Parameters<AskReplica>[0]) =>
      answerOf(await shard.replica.ask<Answer>(message, { timeout_ms }), `shard ${shard.id}`);
  }

  /** To one that serves already nothing is given any more: it may have newer by now. */
  #giverTo(shards: LocalShards, half: Shard): AskReplica {
    const ask = this.#askerOf(half);
    return async (message) => {
      if (shards.isHidden(half.id) && shards.half(half.id) === half) return ask(message);
      throw new DvespError("CLOSED", `shard ${half.id} is not filled any more`);
    };
  }

  async #areIndexed(halves: readonly Shard[]): Promise<boolean> {
    const states = await Promise.all(halves.map((one) => one.status()));
    return states.every(({ rows, indexed }) => {
      const fresh = rows - (indexed[0]?.indexed_rows ?? 0);
      return fresh <= Math.max(this.#parts.limits.freshRows, freshShare * rows);
    });
  }
}

function keyOf(collection: string, shard: number): string {
  return `${collection} ${shard}`;
}
