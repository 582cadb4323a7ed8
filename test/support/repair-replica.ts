/**
 * A replica reduced to its rules: the larger version wins, tombstones included; what was promised,
 * fenced or dropped stays so. In memory, without the machinery of the real one.
 */
import { packBytes, packedItem, uuidBytes } from "../../src/base/index.js";
import { MerkleTree, merkleBucket, merkleBuckets } from "../../src/consistency/index.js";
import type {
  MerkleState,
  RegisterState,
  ReplicationMessage,
  StagedBatch,
  VersionedRows,
} from "../../src/actors/replica/replication-messages.js";
import type { ReplicaMessage, WriteMessage } from "../../src/actors/replica/messages.js";
import { idName, idsOf } from "../../src/actors/repair/versioned-rows.js";

export interface ModelRow {
  readonly version: string;
  /** Undefined: a tombstone. */
  readonly contents?: { readonly vector: readonly number[]; readonly metadata: string } | undefined;
}

export interface RowsMessage {
  readonly type: "rows";
  readonly ids: Uint8Array;
  readonly contents: boolean;
}

const dimension = 2;

export class PlainReplica {
  readonly rows = new Map<string, ModelRow>();
  readonly registers = new Map<string, RegisterState>();
  readonly floors: string[] = [];
  readonly late: WriteMessage[] = [];
  staged: StagedBatch[] = [];
  decided: string[] = [];
  epoch = 0;
  converged = "";
  applied = "";
  seen = "";
  readonly #tree = new MerkleTree();

  /** What of `rows` is newer than what is there. */
  take(id: string, row: ModelRow): void {
    const before = this.rows.get(id);
    if (before && before.version >= row.version) return;
    if (before) this.#tree.subtract(entry(id, before));
    this.#tree.add(entry(id, row));
    this.rows.set(id, row);
    if (row.version > this.applied) this.applied = row.version;
    this.#see(row.version);
  }

  root(): string {
    return this.#tree.root();
  }

  live(): string[] {
    return [...this.rows].flatMap(([id, { contents }]) => (contents ? [id] : [])).sort();
  }

  tombstones(): string[] {
    return [...this.rows].flatMap(([id, { contents }]) => (contents ? [] : [id])).sort();
  }

  handle(message: ReplicaMessage | ReplicationMessage | RowsMessage): unknown {
    switch (message.type) {
      case "merkle":
        return this.#state();
      case "merkle_leaves":
        return this.#leaves();
      case "damaged":
        return { ids: new Uint8Array(0) };
      case "bucket_entries":
        return this.#entries(new Set(message.buckets));
      case "rows":
        return this.#rowsOf(names(message.ids));
      case "apply":
        unpack(message.rows).forEach(([id, row]) => this.take(id, row));
        return this.#state();
      case "fence":
        this.epoch = Math.max(this.epoch, message.epoch);
        return { epoch: this.epoch, seen_version: this.seen };
      case "floor":
        this.floors.push(message.version);
        this.#see(message.version);
        return undefined;
      case "staged":
        return this.staged;
      case "decide":
        this.decided.push(message.operation_id);
        return { aborted: true };
      case "registers":
        return this.#registersAfter(message.after, message.limit);
      case "learn_registers":
        message.registers.forEach((one) => this.#learn(one));
        return undefined;
      case "converged":
        this.#converge(message.version, message.drop);
        return undefined;
      case "write":
        return this.#write(message);
      default:
        throw new Error(`a model replica is not asked ${message.type}`);
    }
  }

  #state(): MerkleState {
    return {
      root: this.root(),
      rows: this.live().length,
      applied_version: this.applied,
      converged_version: this.converged,
    };
  }

  #leaves(): Uint8Array {
    return Buffer.concat(Array.from({ length: merkleBuckets }, (_, n) => this.#tree.leaf(n)));
  }

  #entries(buckets: ReadonlySet<number>): VersionedRows {
    const found = [...this.rows].filter(([id]) => buckets.has(merkleBucket(idsOf([id]))));
    return {
      ids: idsOf(found.map(([id]) => id)),
      versions: found.map(([, { version }]) => version),
      live: Uint8Array.from(found, ([, { contents }]) => (contents ? 1 : 0)),
    };
  }

  #rowsOf(ids: readonly string[]): VersionedRows {
    return packRows(ids.map((id) => [id, this.rows.get(id) ?? { version: "" }]));
  }

  #write({ write, version, replicated, ...rest }: WriteMessage): unknown {
    if (replicated && replicated.epoch < this.epoch) return { refused: "stale", epoch: this.epoch };
    if (replicated?.rule === "late") this.late.push({ ...rest, write, version, replicated });
    const ids = names(write.ids ?? new Uint8Array(0));
    ids.forEach((id, index) => this.take(id, rowOf(write, version, index)));
    return { version, ids: write.ids, missing: new Uint8Array(0), root: this.root() };
  }

  #converge(version: string, drop: string | undefined): void {
    if (version > this.converged) this.converged = version;
    for (const [id, row] of this.rows) {
      if (drop === undefined || row.contents || row.version > drop) continue;
      this.#tree.subtract(entry(id, row));
      this.rows.delete(id);
    }
  }

  #registersAfter(after: string, limit: number): RegisterState[] {
    const above = [...this.registers.values()].filter(({ key }) => key > after);
    return above.sort((a, b) => (a.key < b.key ? -1 : 1)).slice(0, limit);
  }

  #learn(register: RegisterState): void {
    const here = this.registers.get(register.key);
    const isNewer = (register.accepted?.ballot ?? "") > (here?.accepted?.ballot ?? "");
    const accepted = isNewer ? register.accepted : here?.accepted;
    const promised =
      register.promised > (here?.promised ?? "") ? register.promised : here!.promised;
    this.registers.set(register.key, { ...register, promised, ...(accepted && { accepted }) });
  }

  #see(version: string): void {
    if (version > this.seen) this.seen = version;
  }
}

function entry(id: string, { version, contents }: ModelRow) {
  const checksums = contents && { vector: contents.vector[0]!, metadata: contents.metadata.length };
  return { id: idsOf([id]), version, checksums };
}

export function names(ids: Uint8Array): string[] {
  return Array.from({ length: ids.length / uuidBytes }, (_, index) => idName(ids, index));
}

export function packRows(rows: readonly (readonly [string, ModelRow])[]): VersionedRows {
  const live = rows.flatMap(([, { contents }]) => contents ?? []);
  return {
    ids: idsOf(rows.map(([id]) => id)),
    versions: rows.map(([, { version }]) => version),
    live: Uint8Array.from(rows, ([, { contents }]) => (contents ? 1 : 0)),
    vectors: Float32Array.from(live.flatMap(({ vector }) => vector)),
    metadata: packBytes(live.map(({ metadata }) => Buffer.from(metadata))),
  };
}

function unpack({ ids, versions, live, vectors, metadata }: VersionedRows): [string, ModelRow][] {
  let at = 0;
  return versions.map((version, index) => {
    if (live[index] === 0) return [idName(ids, index), { version }];
    const vector = [...vectors!.subarray(at * dimension, (at + 1) * dimension)];
    const contents = { vector, metadata: Buffer.from(packedItem(metadata!, at++)).toString() };
    return [idName(ids, index), { version, contents }];
  });
}

function rowOf(write: WriteMessage["write"], version: string, index: number): ModelRow {
  if (write.kind !== "insert") return { version };
  const vector = [...write.vectors.subarray(index * dimension, (index + 1) * dimension)];
  const metadata = Buffer.from(packedItem(write.metadata, index)).toString();
  return { version, contents: { vector, metadata } };
}
