/**
 * Ends batches whose coordinator died, on one replica of this node: what waits there for too long is
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
  /** This node's replica, when it has one. */
  readonly #replica: () => ReplicaAccess | undefined;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(parts: WriteParts, replica: () => ReplicaAccess | undefined) {
    this.#parts = parts;
    this.#replica = replica;
  }

  start(): void {
    if (this.#stopped) return;
    this.#timer = this.#parts.clock.after(lookMs, () => {
      void this.look().finally(() => this.start());
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** Ends those that have waited for too long; the next look goes on with what could not be learned. */
  async look(): Promise<void> {
    const replica = this.#replica();
    if (!replica?.isAlive()) return;
    const end = await replica.ask<readonly StagedBatch[]>({ type: "staged" }, askMs);
    if (end.outcome !== "ok") return;
    const late = end.value.filter(({ age_ms }) => age_ms >= patienceMs);
    for (const batch of late) {
      if (!this.#stopped) await this.#resolve(replica, batch).catch(ignoreOperating);
    }
  }

  async #resolve(replica: ReplicaAccess, { operation_id, home }: StagedBatch): Promise<void> {
    const endMs = this.#parts.clock.monotonic() + askMs;
    const question = { ...proposal(operation_id, home, { kind: "abort" }), endMs };
    const { kind } = readDecision(await decideRegister(this.#parts, question));
    await replica.ask({ type: "decide", operation_id, commit: kind === "commit" }, askMs);
  }
}

/** No majority, or the collection is closing. */
function ignoreOperating(error: unknown): void {
  if (!isDvespError(error)) throw error;
}
