/**
 * Ends batches whose coordinator died, on the replicas of this node: what waits there for too long is
 * looked up in its register, where abort is proposed if nothing stands there yet, and done as it says.
 */
import { isDvespError } from "../../base/index.js";
import type { Timer } from "../../base/index.js";
import type { StagedBatch } from "../replica/replication-messages.js";
import type { ReplicaAccess } from "../replicas/access.js";
import { proposal, readDecision } from "./decision.js";
import { decideRegister } from "./registers.js";
import type { WriteParts } from "./write-parts.js";

const lookMs = 1000;
/** A coordinator that lives decides long before. */
const patienceMs = 2000;
const askMs = 2000;

export class UndecidedBatches {
  readonly #parts: WriteParts;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(parts: WriteParts) {
    this.#parts = parts;
  }

  /** Looks every second from now on. */
  start(): void {
    this.#timer = this.#parts.clock.after(lookMs, () => void this.#lookAgain());
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  async #lookAgain(): Promise<void> {
    // Without a majority, or a replica, the next look goes on.
    await this.#look().catch(ignoreOperating);
    if (!this.#isStopped) this.start();
  }

  async #look(): Promise<void> {
    const shards = this.#parts.access.shards();
    const local = shards.flatMap(({ replicas }) => replicas.filter((one) => one.local));
    for (const replica of local) if (replica.isAlive()) await this.#lookAt(replica);
  }

  async #lookAt(replica: ReplicaAccess): Promise<void> {
    const end = await replica.ask<readonly StagedBatch[]>({ type: "staged" }, askMs);
    if (end.outcome !== "ok") return;
    const late = end.value.filter(({ age_ms }) => age_ms >= patienceMs);
    for (const batch of late) {
      if (!this.#isStopped) await this.#resolve(replica, batch).catch(ignoreOperating);
    }
  }

  async #resolve(replica: ReplicaAccess, { operation_id, home }: StagedBatch): Promise<void> {
    const endMs = this.#parts.clock.monotonic() + askMs;
    const question = { ...proposal(operation_id, home, { kind: "abort" }), endMs };
    const { kind } = readDecision(await decideRegister(this.#parts, question));
    await replica.ask({ type: "decide", operation_id, commit: kind === "commit" }, askMs);
  }
}

function ignoreOperating(error: unknown): void {
  if (!isDvespError(error)) throw error;
}
