/** The questions that repair asks a replica, typed; each rejects when there is no answer. */
import type { Version } from "../../consistency/index.js";
import { answerOf } from "../../runtime/index.js";
import type { ReplicaAccess } from "../replicas/access.js";
import type {
  DamagedRows,
  FenceReply,
  MerkleState,
  RegisterState,
  ReplicationMessage,
  StagedBatch,
  VersionedRows,
} from "../replica/replication-messages.js";

export class ReplicaQuestions {
  readonly #access: ReplicaAccess;
  readonly #askMs: number;

  constructor(access: ReplicaAccess, askMs: number) {
    this.#access = access;
    this.#askMs = askMs;
  }

  get node(): string {
    return this.#access.place.node;
  }

  state(): Promise<MerkleState> {
    return this.#ask({ type: "merkle" });
  }

  leaves(): Promise<Uint8Array> {
    return this.#ask({ type: "merkle_leaves" });
  }

  entries(buckets: readonly number[]): Promise<VersionedRows> {
    return this.#ask({ type: "bucket_entries", buckets: Uint16Array.from(buckets) });
  }

  /** With contents; version "" for an id that is not there. */
  async rows(ids: Uint8Array): Promise<VersionedRows> {
    const message = { type: "rows", ids, contents: true } as const;
    return answerOf(await this.#access.read<VersionedRows>(message, this.#askMs), this.#name);
  }

  damaged(from: number, limit: number): Promise<DamagedRows> {
    return this.#ask({ type: "damaged", from, limit });
  }

  apply(rows: VersionedRows): Promise<MerkleState> {
    return this.#ask({ type: "apply", rows });
  }

  fence(epoch: number): Promise<FenceReply> {
    return this.#ask({ type: "fence", epoch });
  }

  floor(version: Version): Promise<unknown> {
    return this.#ask({ type: "floor", version });
  }

  staged(): Promise<readonly StagedBatch[]> {
    return this.#ask({ type: "staged" });
  }

  registers(after: string, limit: number): Promise<readonly RegisterState[]> {
    return this.#ask({ type: "registers", after, limit });
  }

  learnRegisters(registers: readonly RegisterState[]): Promise<unknown> {
    return this.#ask({ type: "learn_registers", registers });
  }

  converged(version: Version, drop?: Version): Promise<unknown> {
    return this.#ask({ type: "converged", version, ...(drop !== undefined && { drop }) });
  }

  get #name(): string {
    return `the replica of ${this.node}`;
  }

  async #ask<Answer>(message: ReplicationMessage): Promise<Answer> {
    return answerOf(await this.#access.ask<Answer>(message, this.#askMs), this.#name);
  }
}
