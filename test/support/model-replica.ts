/**
 * A replica as the rules of `replication-messages.ts` say it, on maps: what coordinators are tried against,
 * and what the real one is compared with. All that was answered is durable; a restart forgets the rest.
 */
import { createHash } from "node:crypto";
import { DvespError, packBytes, packedItem } from "../../src/base/index.js";
import { mergeMetadata } from "../../src/protocol/index.js";
import type {
  PackedWrite,
  ReplicaMessage,
  WriteMessage,
  WriteOutcome,
} from "../../src/actors/replica/messages.js";
import { concatIds, idAt, idCount, keyOf } from "../../src/actors/replica/packed-rows.js";
import type {
  PreparedRows,
  Refusal,
  RegisterReply,
  ReplicationMessage,
  VersionedRows,
} from "../../src/actors/replica/replication-messages.js";

export interface ModelRow {
  readonly id: Uint8Array;
  readonly version: string;
  /** Undefined: a tombstone. */
  readonly content: { readonly vector: Float32Array; readonly metadata: Uint8Array } | undefined;
}

interface DurablePromise {
  readonly ballot: string;
  /** Version of the row when it was made. */
  readonly row: string;
}

interface Staged {
  readonly message: Extract<ReplicationMessage, { type: "stage" }>;
  readonly atMs: number;
}

/** Rules that a test breaks on purpose, to see that somebody notices. */
export interface ModelFaults {
  readonly ignorePromises?: boolean;
  readonly smallerVersionWins?: boolean;
}

export class ModelReplica {
  readonly rows = new Map<string, ModelRow>();
  readonly #promises = new Map<string, DurablePromise>();
  readonly #operations = new Map<string, WriteOutcome>();
  readonly #staged = new Map<string, Staged>();
  readonly #registers = new Map<
    string,
    { promised: string; accepted?: { ballot: string; value: Uint8Array } }
  >();
  #epoch = 0;
  /** Lost by a restart. */
  #promised = new Map<string, string>();
  #forgotten = "";
  readonly #now: () => number;
  readonly #dimension: number;
  readonly #faults: ModelFaults;

  constructor(now: () => number, dimension: number, faults: ModelFaults = {}) {
    this.#now = now;
    this.#dimension = dimension;
    this.#faults = faults;
  }

  restart(): void {
    const seen = [...this.#promised.values(), ...[...this.rows.values()].map((row) => row.version)];
    this.#forgotten = seen.reduce((best, one) => (one > best ? one : best), this.#forgotten);
    this.#promised = new Map();
  }

  /** Throws a `DvespError` where the real one refuses with it. */
  receive(message: ReplicaMessage | ReplicationMessage): unknown {
    switch (message.type) {
      case "write":
        return this.#write(message);
      case "outcome":
        return this.#operations.get(message.operation_id);
      case "prepare":
        return this.#prepare(message);
      case "stage":
        return this.#stage(message);
      case "decide":
        return this.#decide(message.operation_id, message.commit);
      case "staged":
        return [...this.#staged.values()].map(({ message: one, atMs }) => ({
          ...{ operation_id: one.operation_id, version: one.version, home: one.home },
          age_ms: this.#now() - atMs,
        }));
      case "register_prepare":
      case "register_accept":
        return this.#register(message);
      case "fence":
        this.#epoch = Math.max(this.#epoch, message.epoch);
        return { epoch: this.#epoch, seen_version: "" };
      default:
        throw new DvespError("INVALID_ARGUMENT", `the model does not know ${message.type}`);
    }
  }

  /** All rows and tombstones, as a text that is equal when two replicas are. */
  contents(): string {
    const rows = [...this.rows].map(([key, { version, content }]) => {
      const text = content ? Buffer.from(content.metadata).toString("hex") : "-";
      return `${Buffer.from(key, "utf16le").toString("hex")} ${version} ${text}`;
    });
    return rows.sort().join("\n");
  }

  #write(message: WriteMessage): WriteOutcome | Refusal {
    const known = this.#operations.get(message.operation_id);
    if (known && known.version >= message.version) return known;
    const { replicated, version, write } = message;
    if (!replicated) throw new DvespError("INVALID_ARGUMENT", "the model is one of several");
    if (replicated.epoch < this.#epoch) return { refused: "stale", epoch: this.#epoch };
    if (replicated.rule === "ordered") {
      const behind = this.#judge(write.ids ?? new Uint8Array(0), version);
      if (behind) return behind;
    }
    return this.#apply(message.operation_id, write, version);
  }

  #judge(ids: Uint8Array, version: string): Refusal | undefined {
    let newest = "";
    for (const id of idsOf(ids)) {
      const promise = this.#faults.ignorePromises ? undefined : this.#promises.get(keyOf(id));
      if (promise && promise.ballot > version && promise.ballot > newest) newest = promise.ballot;
      const row = this.rows.get(keyOf(id));
      if (row && row.version > version && row.version > newest) newest = row.version;
    }
    return newest === "" ? undefined : { refused: "behind", version: newest };
  }

  #apply(operation: string, write: PackedWrite, version: string): WriteOutcome {
    const ids = write.ids ?? new Uint8Array(0);
    const missing: Uint8Array[] = [];
    idsOf(ids).forEach((id, index) => {
      const before = this.rows.get(keyOf(id));
      if (write.kind === "delete" && !before?.content) missing.push(id);
      const older = this.#faults.smallerVersionWins
        ? before && before.version < version
        : before && before.version >= version;
      if (older) return;
      this.rows.set(keyOf(id), { id, version, content: contentOf(write, index, this.#dimension) });
    });
    const root = createHash("sha256").update(this.contents()).digest("hex");
    const outcome = { version, ids, missing: concatIds(missing), root };
    this.#operations.set(operation, outcome);
    return outcome;
  }

  #prepare(message: Extract<ReplicationMessage, { type: "prepare" }>): PreparedRows | Refusal {
    const { ids, ballot, contents } = message;
    const refusal = this.#hindered(ids, message.epoch);
    if (refusal) return refusal;
    const behind = this.#judge(ids, ballot);
    if (behind) return behind;
    const rows = this.#versioned(ids, contents);
    const late = Uint8Array.from(idsOf(ids), (id) => (this.#isLate(id) ? 1 : 0));
    const promised = idsOf(ids).map((id) => this.#promisedBefore(id));
    idsOf(ids).forEach((id, index) => {
      const key = keyOf(id);
      const kept = late[index] === 1 ? this.#promises.get(key)?.row : undefined;
      const row = kept ?? this.rows.get(key)?.version ?? "";
      this.#promises.set(key, { ballot, row });
      this.#promised.set(key, ballot);
    });
    return { ...rows, late, promised };
  }

  #isLate(id: Uint8Array): boolean {
    const promise = this.#promises.get(keyOf(id));
    const version = this.rows.get(keyOf(id))?.version ?? "";
    return promise !== undefined && version > promise.row && version < promise.ballot;
  }

  #promisedBefore(id: Uint8Array): string {
    const known = this.#promised.get(keyOf(id)) ?? "";
    const durable = this.#promises.get(keyOf(id))?.ballot ?? "";
    return [known, durable, this.#forgotten].reduce((best, one) => (one > best ? one : best));
  }

  #hindered(ids: Uint8Array, epoch: number): Refusal | undefined {
    if (epoch < this.#epoch) return { refused: "stale", epoch: this.#epoch };
    const held = new Set(idsOf(ids).map(keyOf));
    const operations = [...this.#staged.values()].filter(({ message }) =>
      idsOf(message.write.ids ?? new Uint8Array(0)).some((id) => held.has(keyOf(id))),
    );
    if (operations.length === 0) return undefined;
    return {
      refused: "staged",
      operation_ids: operations.map(({ message }) => message.operation_id),
    };
  }

  #stage(message: Extract<ReplicationMessage, { type: "stage" }>): unknown {
    const known = this.#operations.get(message.operation_id);
    if (known) return known;
    if (this.#staged.has(message.operation_id)) return { staged: true };
    const ids = message.write.ids ?? new Uint8Array(0);
    const refusal = this.#hindered(ids, message.epoch) ?? this.#judge(ids, message.version);
    if (refusal) return refusal;
    this.#staged.set(message.operation_id, { message, atMs: this.#now() });
    return { staged: true };
  }

  #decide(operation: string, commit: boolean): unknown {
    const known = this.#operations.get(operation);
    const staged = this.#staged.get(operation);
    this.#staged.delete(operation);
    if (known) return known;
    if (!staged || !commit) return { aborted: true };
    return this.#apply(operation, staged.message.write, staged.message.version);
  }

  #register(
    message: Extract<ReplicationMessage, { type: "register_prepare" | "register_accept" }>,
  ): RegisterReply | Refusal {
    if (message.epoch < this.#epoch) return { refused: "stale", epoch: this.#epoch };
    const state = this.#registers.get(message.key) ?? { promised: "" };
    if (message.ballot < state.promised) return { promised: false, ballot: state.promised };
    if (message.type === "register_accept") {
      const { ballot, value } = message;
      this.#registers.set(message.key, { promised: ballot, accepted: { ballot, value } });
      return { promised: true };
    }
    this.#registers.set(message.key, { ...state, promised: message.ballot });
    return { promised: true, ...(state.accepted && { accepted: state.accepted }) };
  }

  #versioned(ids: Uint8Array, contents: boolean): VersionedRows {
    const rows = idsOf(ids).map((id) => this.rows.get(keyOf(id)));
    const live = rows.flatMap((row) => (row?.content ? [row.content] : []));
    const vectors = new Float32Array(live.length * this.#dimension);
    live.forEach(({ vector }, index) => vectors.set(vector, index * this.#dimension));
    return {
      ids,
      versions: rows.map((row) => row?.version ?? ""),
      live: Uint8Array.from(rows, (row) => (row?.content ? 1 : 0)),
      ...(contents && { vectors, metadata: packBytes(live.map(({ metadata }) => metadata)) }),
    };
  }
}

function contentOf(write: PackedWrite, index: number, dimension: number): ModelRow["content"] {
  if (write.kind === "delete") return undefined;
  if (write.kind === "update") throw new DvespError("INVALID_ARGUMENT", "replicas take whole rows");
  const vector = write.vectors.slice(index * dimension, (index + 1) * dimension);
  return { vector, metadata: mergeMetadata(packedItem(write.metadata, index), emptyMap) };
}

const emptyMap = Uint8Array.of(0x80);

function idsOf(ids: Uint8Array): Uint8Array[] {
  return Array.from({ length: idCount(ids) }, (_, index) => idAt(ids, index));
}
