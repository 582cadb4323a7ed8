/** One shard's data on this node, by what it is asked. `Committer` makes it so; nobody else writes it. */
import { merkleBuckets, merkleLeafBytes } from "../../consistency/index.js";
import { BucketIndex } from "./bucket-index.js";
import { Committer } from "./committer.js";
import type { CommitterParts } from "./committer.js";
import { recorded } from "./group-plan.js";
import type { GroupPlan } from "./group-plan.js";
import type { ReplicaStatus, WriteMessage, WriteOutcome } from "./messages.js";
import type { PlannedRows } from "./planned-rows.js";
import type {
  MerkleState,
  ReplicationMessage,
  VersionedRows,
  WriteReply,
} from "./replication-messages.js";
import { applyWork } from "./apply-work.js";
import { packVersionedRows } from "./versioned-rows.js";
import { writeWork } from "./write-work.js";

export interface ReplicaParts extends Omit<CommitterParts, "committed" | "moved"> {
  /** Called after each commit that a write caused, when it is durable and visible. */
  readonly committed: (rows: PlannedRows, version: string) => void;
  /** Called after rows were moved to new ordinals, without being changed. */
  readonly moved: () => void;
}

type ApplyMessage = Extract<ReplicationMessage, { type: "apply" }>;

interface UnderWay {
  readonly version: string;
  readonly reply: Promise<WriteReply>;
}

export class Replica {
  readonly #parts: ReplicaParts;
  readonly #committer: Committer;
  readonly #buckets: BucketIndex;
  readonly #underWay = new Map<string, UnderWay>();

  constructor(parts: ReplicaParts) {
    this.#parts = parts;
    this.#buckets = new BucketIndex(parts.store, parts.clock);
    this.#committer = new Committer({
      ...parts,
      committed: (plan) => this.#committed(plan),
      moved: (rows) => {
        this.#buckets.advance(rows);
        parts.moved();
      },
    });
  }

  /** Applies a write once, however often it is asked for. Rejects with why it was refused. */
  write(message: WriteMessage): Promise<WriteReply> {
    const { operation_id, version, replicated } = message;
    const known = this.#underWay.get(operation_id);
    if (known && (!replicated || known.version >= version)) return known.reply;
    const reply = this.#committer.do(writeWork(message));
    const underWay = { version, reply };
    const forget = (): void => {
      if (this.#underWay.get(operation_id) === underWay) this.#underWay.delete(operation_id);
    };
    reply.then(forget, forget);
    this.#underWay.set(operation_id, underWay);
    return reply;
  }

  /** The outcome of an operation, waiting for one under way; undefined if it was never applied. */
  async outcome(operationId: string): Promise<WriteOutcome | undefined> {
    const reply = await this.#underWay.get(operationId)?.reply.catch(() => undefined);
    if (reply && !("refused" in reply)) return reply;
    // What was refused now may have been applied with an earlier stamp.
    const snapshot = this.#parts.store.snapshot();
    try {
      return recorded(snapshot, operationId, this.#parts.clock.now());
    } finally {
      snapshot.release();
    }
  }

  /** Takes rows of other replicas, where they are newer. */
  apply({ rows }: ApplyMessage): Promise<MerkleState> {
    return this.#committer.do(applyWork(rows, () => this.merkle()));
  }

  merkle(): MerkleState {
    const { store } = this.#parts;
    const { root } = this.#committer;
    return { root, rows: store.rows, applied_version: store.appliedVersion, converged_version: "" };
  }

  /** All leaves, of 32 bytes each, as of the newest commit. */
  merkleLeaves(): Uint8Array {
    const leaves = new Uint8Array(merkleBuckets * merkleLeafBytes);
    const snapshot = this.#parts.store.snapshot();
    try {
      for (const { bucket, leaf } of snapshot.leaves()) leaves.set(leaf, bucket * merkleLeafBytes);
      return leaves;
    } finally {
      snapshot.release();
    }
  }

  /** Ids, versions and tombstones of some leaves. */
  async bucketEntries(buckets: Uint16Array): Promise<VersionedRows> {
    return packVersionedRows(await this.#buckets.entries(buckets), undefined);
  }

  status(): ReplicaStatus {
    const { store, rows } = this.#parts;
    return {
      rows: store.rows,
      next_ordinal: store.nextOrdinal,
      applied_version: store.appliedVersion,
      root: this.#committer.root,
      bytes: { ...store.bytes(), vectors_memory: rows.bytes },
    };
  }

  /** Waits for the commit under way and closes storage; work still waiting is refused. */
  async close(): Promise<void> {
    await this.#committer.close();
    await Promise.allSettled([...this.#underWay.values()].map(({ reply }) => reply));
    await this.#parts.store.close();
  }

  #committed(plan: GroupPlan): void {
    this.#buckets.advance(plan.rows);
    this.#parts.committed(plan.rows, this.#parts.store.appliedVersion);
  }
}
