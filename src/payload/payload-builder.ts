/**
 * Builds the payload index of one replica, in the background, a slice of rows at a time.
 *
 * Rows are taken in the order of their ordinals, and noted in the layer of their block. Until all of its
 * 65,536 rows are there, small layers stand for it: the rows since the last one was closed, frozen at
 * every publication, and closed after `smallRows`. So a publication costs little, and a row is read and
 * noted once. A block whose rows are all there from the beginning goes without small layers.
 *
 * Rows that change later are taken again into the patch of their block, a layer over the others. A
 * patch of too many rows is replaced by building the block anew.
 *
 * Invariant: what the layers say of a row below `covered` is the row's state in some snapshot that
 * has all changes below `position`.
 */
import { decodeMetadata } from "../protocol/index.js";
import type { RowSnapshot } from "../storage/index.js";
import type { ChangeLog } from "./change-log.js";
import { Layer } from "./layer.js";
import { LayerWriter } from "./layer-writer.js";
import type { PayloadPublication, PublishedLayer } from "./publication.js";
import { blockRows, hasRow } from "./row-bits.js";

const smallRowsDefault = 4096;
/** Rows of a patch from which on the block is built anew. */
const patchRowsMax = 8192;
const foldedFromDefault = 256;

export interface PayloadBuilderOptions {
  /** Rows of a small layer, default 4,096. */
  readonly smallRows?: number;
  /** Changed rows are left to the readers, who look at each, until there are so many. Default 256. */
  readonly foldedFrom?: number;
}

interface Block {
  /** The whole block, once all of its rows were there. */
  whole: PublishedLayer | undefined;
  /** Rows taken again since. */
  readonly patched: Set<number>;
  patch: PublishedLayer | undefined;
}

/** A block that is being built anew. */
interface Rebuild {
  readonly block: number;
  readonly writer: LayerWriter;
  next: number;
  /** Rows patched while it goes on. */
  readonly patched: Set<number>;
}

export class PayloadBuilder {
  readonly #changes: ChangeLog;
  readonly #smallRows: number;
  readonly #foldedFrom: number;
  readonly #blocks: Block[] = [];
  /** Of the block that is not whole yet, in order. */
  #smalls: PublishedLayer[] = [];
  /** The first row of the open block that is in none of them. */
  #smallFrom = 0;
  #open = new LayerWriter(0);
  /** All rows of the open block were there when it was begun: it needs no small layers. */
  #isBulk = false;
  #covered = 0;
  #position: number;
  #published = { covered: 0, position: 0 };
  #rebuild: Rebuild | undefined;
  #isRebuilt = false;
  #nextId: number;

  /** Goes on from what an earlier builder published, with the blocks that are whole. */
  constructor(
    changes: ChangeLog,
    earlier?: PayloadPublication,
    { smallRows = smallRowsDefault, foldedFrom = foldedFromDefault }: PayloadBuilderOptions = {},
  ) {
    this.#changes = changes;
    this.#smallRows = smallRows;
    this.#foldedFrom = foldedFrom;
    this.#position = earlier?.position ?? changes.settled;
    this.#nextId = Math.max(0, ...(earlier?.layers ?? []).map(({ id }) => id)) + 1;
    if (!earlier) return;
    for (const whole of earlier.layers)
      if (whole.kind === "whole") this.#blocks.push(newBlock(whole));
    for (const patch of earlier.layers) if (patch.kind === "patch") this.#resume(patch);
    this.#covered = this.#blocks.length * blockRows;
    this.#open = new LayerWriter(this.#blocks.length);
    this.#published = { covered: earlier.covered, position: earlier.position };
  }

  get covered(): number {
    return this.#covered;
  }

  /**
   * Rows and changes that a publication would bring. None while a builder that has started again has
   * not reached what the one before has published.
   */
  get unpublished(): number {
    const { covered, position } = this.#published;
    if (this.#covered < covered) return 0;
    return this.#covered - covered + (this.#position - position) + (this.#isRebuilt ? 1 : 0);
  }

  /**
   * Takes up to `count` rows; whether there is more to do. `takeSnapshot` gives the newest snapshot,
   * which is released before this returns.
   */
  step(takeSnapshot: () => RowSnapshot, count: number): boolean {
    const settled = this.#changes.settled;
    const snapshot = takeSnapshot();
    try {
      this.#fold(snapshot, settled);
      const { nextOrdinal } = snapshot;
      this.#take(snapshot, Math.min(nextOrdinal, this.#covered + count));
      if (this.#covered < nextOrdinal) return true;
      return this.#buildAnew(snapshot, count);
    } finally {
      snapshot.release();
    }
  }

  /** All that was taken so far. */
  publish(): PayloadPublication {
    const smalls = [...this.#smalls];
    if (this.#openRows > this.#smallFrom) smalls.push(this.#freezeSmall());
    const whole = this.#blocks.flatMap(({ whole }) => whole ?? []);
    const patches = this.#blocks.flatMap(({ patch }) => patch ?? []);
    this.#published = { covered: this.#covered, position: this.#position };
    this.#isRebuilt = false;
    return {
      covered: this.#covered,
      position: this.#position,
      layers: [...whole, ...smalls, ...patches],
    };
  }

  #take(snapshot: RowSnapshot, end: number): void {
    if (this.#covered >= end) return;
    if (this.#covered % blockRows === 0) {
      this.#isBulk = snapshot.nextOrdinal - this.#covered >= blockRows;
    }
    for (const { ordinal, metadata } of snapshot.scan(this.#covered)) {
      while (this.#covered < Math.min(ordinal, end)) this.#add(this.#covered, undefined);
      if (this.#covered < end) this.#add(ordinal, metadata);
      // Not a row further: the store would fetch dozens more.
      if (this.#covered >= end) return;
    }
    while (this.#covered < end) this.#add(this.#covered, undefined);
  }

  #add(ordinal: number, bytes: Uint8Array | undefined): void {
    const metadata = bytes && decodeMetadata(bytes);
    const row = ordinal % blockRows;
    if (row === 0) this.#blocks.push(newBlock(undefined));
    this.#open.add(row, metadata);
    this.#covered = ordinal + 1;
    if (row + 1 === blockRows) this.#closeBlock();
    else if (!this.#isBulk && row + 1 === this.#smallFrom + this.#smallRows) this.#closeSmall();
  }

  /** Rows of the open block. */
  get #openRows(): number {
    return this.#covered % blockRows;
  }

  #freezeSmall(): PublishedLayer {
    return this.#freeze(this.#open, "small", this.#smallFrom);
  }

  #closeSmall(): void {
    this.#smalls.push(this.#freezeSmall());
    this.#smallFrom = this.#openRows;
  }

  #closeBlock(): void {
    this.#isBulk = false;
    this.#blockAt(this.#covered - 1).whole = this.#freeze(this.#open, "whole");
    this.#openBlock();
  }

  #openBlock(): void {
    this.#smalls = [];
    this.#smallFrom = 0;
    this.#open = new LayerWriter(this.#blocks.length);
  }

  /** Takes changed rows again, as they are in the snapshot. */
  #fold(snapshot: RowSnapshot, settled: number): void {
    if (settled - this.#position < this.#foldedFrom) return;
    const changed = this.#changes.since(this.#position);
    if (!changed) {
      this.#startOver(settled);
      return;
    }
    const touched = new Set<number>();
    for (const ordinal of changed) {
      if (ordinal >= this.#covered) continue;
      const block = Math.floor(ordinal / blockRows);
      this.#blockAt(ordinal).patched.add(ordinal % blockRows);
      if (this.#rebuild?.block === block) this.#rebuild.patched.add(ordinal % blockRows);
      touched.add(block);
    }
    for (const block of touched) this.#patch(snapshot, block);
    this.#position = settled;
  }

  #patch(snapshot: RowSnapshot, number: number): void {
    const block = this.#blocks[number] as Block;
    const writer = new LayerWriter(number);
    for (const row of [...block.patched].sort((a, b) => a - b)) {
      writer.add(row, metadataAt(snapshot, number * blockRows + row));
    }
    block.patch = block.patched.size > 0 ? this.#freeze(writer, "patch") : undefined;
    if (this.#rebuild || !block.whole || block.patched.size <= patchRowsMax) return;
    const patched = new Set<number>();
    this.#rebuild = { block: number, writer: new LayerWriter(number), next: 0, patched };
  }

  /** Goes on with the block that is built anew, if there is one; whether it is not done. */
  #buildAnew(snapshot: RowSnapshot, count: number): boolean {
    const rebuild = this.#rebuild;
    if (!rebuild) return false;
    const end = Math.min(blockRows, rebuild.next + count);
    for (; rebuild.next < end; rebuild.next++) {
      const ordinal = rebuild.block * blockRows + rebuild.next;
      rebuild.writer.add(rebuild.next, metadataAt(snapshot, ordinal));
    }
    if (end < blockRows) return true;
    const whole = this.#freeze(rebuild.writer, "whole");
    this.#blocks[rebuild.block] = newBlock(whole, rebuild.patched);
    this.#rebuild = undefined;
    this.#isRebuilt = true;
    this.#patch(snapshot, rebuild.block);
    return false;
  }

  /** More has changed than the log remembers. */
  #startOver(settled: number): void {
    this.#blocks.length = 0;
    this.#openBlock();
    this.#isBulk = false;
    this.#rebuild = undefined;
    this.#covered = 0;
    this.#position = settled;
    this.#published = { covered: 0, position: settled };
  }

  #blockAt(ordinal: number): Block {
    return this.#blocks[Math.floor(ordinal / blockRows)] as Block;
  }

  /** Takes over a patch of an earlier builder, if its block is whole. */
  #resume(patch: PublishedLayer): void {
    const block = this.#blocks[patch.block];
    if (!block) return;
    block.patch = patch;
    const { covers } = new Layer(patch.buffer);
    for (let row = 0; row < blockRows; row++) if (hasRow(covers, row)) block.patched.add(row);
  }

  #freeze(writer: LayerWriter, kind: PublishedLayer["kind"], firstRow = 0): PublishedLayer {
    return { id: this.#nextId++, block: writer.block, kind, buffer: writer.freeze(firstRow) };
  }
}

function newBlock(whole: PublishedLayer | undefined, patched = new Set<number>()): Block {
  return { whole, patched, patch: undefined };
}

function metadataAt(snapshot: RowSnapshot, ordinal: number) {
  const row = snapshot.row(ordinal);
  return row && decodeMetadata(row.metadata);
}
