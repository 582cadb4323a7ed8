/**
 * The shards of a collection that have a replica on this node: opened and closed, under supervision,
 * as the map says. The halves of a shard that is being split run here too, and are kept from everybody
 * but who fills them, until the shard itself is closed: then they are shown.
 */
import { DvespError } from "../../base/index.js";
import type { Supervisor } from "../../supervisors/index.js";
import type { Shard } from "../shard/shard.js";
import type { ShardTree } from "../shard/tree.js";

export interface LocalShardsParts {
  readonly supervisor: () => Supervisor;
  /** The tree of a shard; `whyClosed` says why it is not served here any more, if so. */
  readonly makeTree: (shard: number, whyClosed: () => DvespError | undefined) => ShardTree;
  /** Called when one is shown that was hidden. */
  readonly onShown: (shard: Shard) => Promise<void>;
  /** Why the collection is not served any more, if so. */
  readonly whyClosed: () => DvespError | undefined;
}

export class LocalShards {
  readonly #parts: LocalShardsParts;
  readonly #open = new Map<number, ShardTree>();
  /** Those that are open, or are being opened. */
  readonly #wanted = new Set<number>();
  /** Those of them that nobody is to ask yet. */
  readonly #hidden = new Set<number>();

  constructor(parts: LocalShardsParts) {
    this.#parts = parts;
  }

  get(id: number): Shard | undefined {
    return this.#hidden.has(id) ? undefined : this.#open.get(id)?.shard;
  }

  /** Also one that is hidden. */
  half(id: number): Shard | undefined {
    return this.#open.get(id)?.shard;
  }

  /** Whether it runs, and will be shown. */
  isHidden(id: number): boolean {
    return this.#hidden.has(id);
  }

  list(): Shard[] {
    return [...this.#open.keys()].flatMap((id) => this.get(id) ?? []);
  }

  /** Of all that run, hidden or not. */
  ids(): number[] {
    return [...this.#open.keys()];
  }

  /**
   * Starts the actors of a shard, or shows one that is hidden. Resolves when it can be asked. Errors: why
   * it cannot.
   */
  async open(id: number): Promise<void> {
    const half = this.half(id);
    const wasHidden = this.#hidden.delete(id);
    if (wasHidden && half) await this.#parts.onShown(half);
    await this.#start(id);
  }

  /** Starts the actors of a half. Errors: why that cannot be. */
  async openHidden(id: number): Promise<void> {
    if (this.#wanted.has(id)) return;
    this.#hidden.add(id);
    await this.#start(id);
  }

  async #start(id: number): Promise<void> {
    if (this.#wanted.has(id)) return;
    this.#wanted.add(id);
    const tree = this.#parts.makeTree(id, () => this.#whyClosed(id));
    const supervisor = this.#parts.supervisor();
    try {
      await supervisor.startChild(tree.supervisor.asChild());
      await tree.ready();
      this.#open.set(id, tree);
    } catch (error) {
      this.#wanted.delete(id);
      this.#hidden.delete(id);
      await supervisor.stopChild(tree.supervisor.address.name);
      throw error;
    }
  }

  /** Stops the actors of a shard; resolves when its files are free. */
  async close(id: number): Promise<void> {
    const tree = this.#open.get(id);
    if (!tree) return;
    this.#wanted.delete(id);
    this.#hidden.delete(id);
    this.#open.delete(id);
    await this.#parts.supervisor().stopChild(tree.supervisor.address.name);
  }

  #whyClosed(id: number): DvespError | undefined {
    const closed = this.#parts.whyClosed();
    if (closed || this.#wanted.has(id)) return closed;
    return new DvespError("NOT_ENOUGH_REPLICAS", `shard ${id} is not on this node any more`);
  }
}
