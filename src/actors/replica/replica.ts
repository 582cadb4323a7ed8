/** One shard's data on this node, by what it is asked. `Committer` makes it so; nobody else writes it. */
import { sleep } from "../../base/index.js";
import { merkleBuckets, merkleLeafBytes, rootOfLeaves } from "../../consistency/index.js";
import { readSnapshot } from "../../storage/index.js";
import { BucketIndex } from "./bucket-index.js";
import { Committer } from "./committer.js";
import type { CommitterParts } from "./committer.js";
import { recorded } from "./group-plan.js";
import type { GroupPlan } from "./group-plan.js";
import type { ReplicaStatus, WriteMessage, WriteOutcome } from "./messages.js";
import type { PlannedRows } from "./planned-rows.js";
import type {
  BucketCounts,
  DamagedRows,
  DecideReply,
  FenceReply,
  MerkleState,
  PreparedRows,
  Refusal,
  RegisterReply,
  RegisterState,
  ReplicationMessage,
  StagedBatch,
  StageReply,
  VersionedRows,
  WriteReply,
} from "./replication-messages.js";
import { applyWork } from "./apply-work.js";
import { damagedRows, soundness } from "./damage.js";
import { ChangeBook } from "./change-book.js";
import type { CopiedMemory, CopyMessage } from "./copy-messages.js";
import { CopySource } from "./copy-source.js";
import { takeCopyWork, takeMemoryWork } from "./copy-work.js";
import { convergedWork, dropWork } from "./converged-work.js";
import { fenceWork, floorWork, prepareWork } from "./promise-work.js";
import { readRegisters } from "./register-record.js";
import { learnRegistersWork, registerAcceptWork, registerPrepareWork } from "./register-work.js";
import { ReplicaMemory, stagedBytesDefault } from "./replica-memory.js";
import { decideWork, stageWork } from "./stage-work.js";
import { packVersionedRows, soundVectors } from "./versioned-rows.js";
import type { VectorOf } from "./versioned-rows.js";
import { writeWork } from "./write-work.js";

export interface ReplicaParts extends Omit<CommitterParts, "committed" | "moved" | "memory"> {
  /**
   * Called after each commit that a write caused, when it is durable and visible. `isCopy`: nothing of it
   * is new to this node.
   */
  readonly committed: (rows: PlannedRows, version: string, isCopy: boolean) => void;
  /** Called after rows were moved to new ordinals, without being changed. */
  readonly moved: () => void;
  /** Bytes of undecided batches that it takes; default 256 MiB. */
  readonly stagedBytesMax?: number;
}

type MessageOf<Type> = Extract<ReplicationMessage, { type: Type }>;

const countLooks = 10;

interface UnderWay {
  readonly version: string;
  readonly reply: Promise<WriteReply>;
}

export class Replica {
  readonly #parts: ReplicaParts;
  readonly #committer: Committer;
  readonly #buckets: BucketIndex;
  readonly #memory: ReplicaMemory;
  readonly #vectorOf: VectorOf;
  readonly #book = new ChangeBook();
  /** For who copies all that is here. */
  readonly source: CopySource;
  readonly #underWay = new Map<string, UnderWay>();

  constructor(parts: ReplicaParts) {
    this.#parts = parts;
    const { stagedBytesMax = stagedBytesDefault } = parts;
    this.#buckets = new BucketIndex(parts.store, parts.clock);
    this.#memory = readSnapshot(
      this.#parts.store,
      (snapshot) => new ReplicaMemory(snapshot, stagedBytesMax),
    );
    this.#vectorOf = soundVectors(parts.rows);
    this.source = new CopySource({
      ...{ store: parts.store, memory: this.#memory, book: this.#book, vectorOf: this.#vectorOf },
      now: () => parts.clock.now(),
    });
    this.#committer = new Committer({
      ...parts,
      memory: this.#memory,
      committed: (plan) => this.#committed(plan),
      moved: (rows) => {
        this.#buckets.advance(rows);
        parts.moved();
      },
    });
  }

  /**
   * Applies a write once, however often it is asked for. Rejects with why it was refused; with `TIMEOUT` when it
   * did not begin until `dueMs` of steady time.
   */
  write(message: WriteMessage, dueMs = Infinity): Promise<WriteReply> {
    const { operation_id, version, replicated } = message;
    const known = this.#underWay.get(operation_id);
    if (known && (!replicated || known.version >= version)) return known.reply;
    const isOverdue = (): boolean => this.#parts.clock.monotonic() >= dueMs;
    const reply = this.#committer.do(writeWork(message, isOverdue));
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
    const now = this.#parts.clock.now();
    const end = readSnapshot(this.#parts.store, (snapshot) => recorded(snapshot, operationId, now));
    return end && !("aborted" in end) ? end : undefined;
  }

  /** Takes rows of other replicas, where they are newer. */
  apply({ rows }: MessageOf<"apply">): Promise<MerkleState> {
    const isSound = soundness(this.#parts.rows);
    return this.#committer.do(applyWork(rows, isSound, () => this.merkle()));
  }

  damaged(message: MessageOf<"damaged">): DamagedRows {
    const { store, rows } = this.#parts;
    return damagedRows(store, soundness(rows), message);
  }

  prepare(message: MessageOf<"prepare">): Promise<PreparedRows | Refusal> {
    return this.#committer.do(prepareWork(message, this.#vectorOf));
  }

  fence(epoch: number): Promise<FenceReply> {
    return this.#committer.do(fenceWork(epoch, () => this.#parts.store.appliedVersion));
  }

  floor(version: string): Promise<{ readonly floor: string }> {
    return this.#committer.do(floorWork(version));
  }

  stage(message: MessageOf<"stage">): Promise<StageReply> {
    return this.#committer.do(stageWork(message));
  }

  decide(message: MessageOf<"decide">): Promise<DecideReply> {
    const bytes = this.#memory.stages.get(message.operation_id)?.bytes ?? 0;
    return this.#committer.do(decideWork(message, bytes));
  }

  /** Batches that wait for their decision. */
  staged(): StagedBatch[] {
    const now = this.#parts.clock.now();
    return [...this.#memory.stages].map(([operation_id, { version, home, stagedMs }]) => {
      return { operation_id, version, home, age_ms: Math.max(0, now - stagedMs) };
    });
  }

  registerPrepare(message: MessageOf<"register_prepare">): Promise<RegisterReply | Refusal> {
    return this.#committer.do(registerPrepareWork(message));
  }

  registerAccept(message: MessageOf<"register_accept">): Promise<RegisterReply | Refusal> {
    return this.#committer.do(registerAcceptWork(message));
  }

  registers(page: MessageOf<"registers">): RegisterState[] {
    const now = this.#parts.clock.now();
    return readSnapshot(this.#parts.store, (snapshot) => readRegisters(snapshot, page, now));
  }

  learnRegisters(registers: readonly RegisterState[]): Promise<{ readonly learned: number }> {
    return this.#committer.do(learnRegistersWork(registers));
  }

  /** Remembers what all replicas have, and drops the tombstones that nobody needs any more. */
  async converged({ version, drop }: MessageOf<"converged">): Promise<MerkleState> {
    await this.#committer.do(convergedWork(version, drop));
    if (drop !== undefined) await this.#dropTombstones();
    return this.merkle();
  }

  async #dropTombstones(): Promise<void> {
    let after: Uint8Array | undefined;
    do after = await this.#committer.do(dropWork(after));
    while (after);
  }

  beginCopy(copy: string): Record<string, never> {
    this.#book.begin(copy);
    return {};
  }

  takeCopy(message: Extract<CopyMessage, { type: "take_copy" }>): Promise<{ taken: number }> {
    return this.#committer.do(takeCopyWork(message));
  }

  async takeMemory(memory: CopiedMemory): Promise<Record<string, never>> {
    await this.#committer.do(takeMemoryWork(memory));
    if (memory.standing.dropped !== "") await this.#dropTombstones();
    return {};
  }

  merkle(): MerkleState {
    const { rows, appliedVersion } = this.#parts.store;
    const { converged } = this.#memory.standing;
    const versions = { applied_version: appliedVersion, converged_version: converged };
    return { root: this.#committer.root, rows, ...versions };
  }

  /** All leaves, of 32 bytes each, as of the newest commit. */
  merkleLeaves(): Uint8Array {
    const leaves = new Uint8Array(merkleBuckets * merkleLeafBytes);
    readSnapshot(this.#parts.store, (snapshot) => {
      for (const { bucket, leaf } of snapshot.leaves()) leaves.set(leaf, bucket * merkleLeafBytes);
    });
    return leaves;
  }

  /** Ids, versions and tombstones of some leaves. */
  async bucketEntries(buckets: Uint16Array): Promise<VersionedRows> {
    return packVersionedRows(await this.#buckets.entries(buckets), undefined);
  }

  /**
   * Leaves and counts of one commit; undefined when none could be had: what is on the disk may be a moment
   * ahead of what this thread knows of.
   */
  async bucketCounts(): Promise<BucketCounts | undefined> {
    const countNow = await this.#buckets.counts();
    for (let look = 0; look < countLooks; look++) {
      const leaves = this.merkleLeaves();
      if (rootOfLeaves(leaves) === this.#committer.root) return { leaves, counts: countNow() };
      await sleep(this.#parts.clock, 0);
    }
    return undefined;
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
    this.#book.note(plan);
    if (!plan.isWrite) return;
    this.#buckets.advance(plan.rows);
    this.#parts.committed(plan.rows, this.#parts.store.appliedVersion, plan.isCopy);
  }
}
