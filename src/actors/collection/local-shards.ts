/**
 * The shards of a collection that have a replica on this node: opened and closed, under supervision,
 * as the map says.
 */
import { DvespError } from "../../base/index.js";
import type { Supervisor } from "../../supervisors/index.js";
import type { Shard } from "../shard/shard.js";
import type { ShardTree } from "../shard/tree.js";

export interface LocalShardsParts {
  readonly supervisor: () => Supervisor;
  /** The tree of a shard; `whyClosed` says why it is not served here any more, if so. */
  readonly makeTree: (shard: number, whyClosed: () => DvespError | undefined) => ShardTree;
  /** Why the collection is not served any more, if so. */
  readonly whyClosed: () => DvespError | undefined;
}

export class LocalShards {
  readonly #parts: LocalShardsParts;
  readonly #open = new Map<number, ShardTree>();
  /** Those that are open, or are being opened. */
  readonly #wanted = new Set<number>();

  constructor(parts: LocalShardsParts) {
    this.#parts = parts;
  }

  get(id: number): Shard | undefined {
    return this.#open.get(id)?.shard;
  }

  list(): Shard[] {
    return [...this.#open.values()].map(({ shard }) => shard);
  }

  /** Starts the actors of a shard. Resolves when it can be asked. Errors: why it cannot. */
  async open(id: number): Promise<void> {
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
      await supervisor.stopChild(tree.supervisor.address.name);
      throw error;
    }
  }

  /** Stops the actors of a shard; resolves when its files are free. */
  async close(id: number): Promise<void> {
    const tree = this.#open.get(id);
    if (!tree) return;
    this.#wanted.delete(id);
    this.#open.delete(id);
    await this.#parts.supervisor().stopChild(tree.supervisor.address.name);
  }

  #whyClosed(id: number): DvespError | undefined {
    const closed = this.#parts.whyClosed();
    if (closed || this.#wanted.has(id)) return closed;
    return new DvespError("NOT_ENOUGH_REPLICAS", `shard ${id} is not on this node any more`);
  }
}
