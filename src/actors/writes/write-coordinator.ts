/**
 * Takes writes of one collection to where its rows lie, and says truthfully what became of them, whatever
 * dies on the way. docs/CONSISTENCY.md says what each level promises, and why it holds.
 */
import type { PackedInsert, PackedWrite } from "../replica/messages.js";
import { idCount } from "../replica/packed-rows.js";
import type { PreparedWrite } from "../collection/prepared-write.js";
import { matchedDelete } from "./filter-delete.js";
import type { FindMatches } from "./filter-delete.js";
import type { NamedWrite } from "./ids.js";
import { idsNamedBy, writeKeyed } from "./keyed-write.js";
import { newOperation } from "./operation.js";
import type { Operation } from "./operation.js";
import { isDependent, writeBatch, writeReplicated } from "./replicated-writes.js";
import { endOfSingle, singleReplica, writeSingle } from "./single-replica.js";
import type { WriteEnd } from "./write-end.js";
import type { WriteParts } from "./write-parts.js";

export interface CoordinatorParts extends WriteParts {
  readonly find: FindMatches;
}

export class WriteCoordinator {
  readonly #parts: CoordinatorParts;

  constructor(parts: CoordinatorParts) {
    this.#parts = parts;
  }

  /**
   * Undefined: nothing of it is or will be stored. Errors: a refusal (nothing stored), or `TIMEOUT` when
   * the outcome could not be learned.
   */
  async write(prepared: PreparedWrite): Promise<WriteEnd | undefined> {
    const parts = this.#parts;
    const { consistency_level: level, idempotency_key: key, timeout_ms, write } = prepared;
    const endMs = parts.clock.monotonic() + timeout_ms;
    if (singleReplica(parts)) {
      const end = await writeSingle(parts, prepared);
      if (end !== "moved") return end;
      return this.write({ ...prepared, timeout_ms: Math.max(1, endMs - parts.clock.monotonic()) });
    }
    if (key === undefined) {
      return this.#perform(newOperation(parts, { level, endMs }), write);
    }
    const earlier = wasSingle(parts) && (await endOfSingle(parts, prepared));
    if (earlier) return earlier;
    const { has_made_ids: hasMadeIds } = prepared;
    const keyed = { key, write, hasMadeIds, level, endMs };
    return writeKeyed(parts, keyed, (operation) => {
      if (write.kind !== "insert") return this.#perform(operation, write);
      return this.#insertKeyed(operation, write, hasMadeIds);
    });
  }

  async #perform(operation: Operation, write: PackedWrite): Promise<WriteEnd | undefined> {
    const named = await this.#named(operation, write);
    if (operation.batches.always && !isDependent(named)) {
      return writeBatch(this.#parts, operation, () => named);
    }
    return writeReplicated(this.#parts, operation, named);
  }

  async #named({ level, endMs }: Operation, write: PackedWrite) {
    if (write.kind !== "delete" || !write.filter) return write as NamedWrite;
    const { filter } = write;
    const timeoutMs = Math.max(1, endMs - this.#parts.clock.monotonic());
    return matchedDelete(this.#parts.find, { filter, level, timeoutMs });
  }

  /** Ids that the caller did not give follow from the attempt, so that whoever asks again learns them. */
  #insertKeyed(
    operation: Operation,
    write: PackedInsert,
    hasMadeIds: boolean,
  ): Promise<WriteEnd | undefined> {
    const count = idCount(write.ids);
    return writeBatch(this.#parts, operation, ({ id }) =>
      hasMadeIds ? { ...write, ids: idsNamedBy(id, count) } : write,
    );
  }
}

/** Whether one replica did all writes, and remembers those with a key, before its shard was split. */
function wasSingle({ access }: WriteParts): boolean {
  const { shards, replication_factor } = access.settings;
  return shards === 1 && replication_factor === 1;
}
