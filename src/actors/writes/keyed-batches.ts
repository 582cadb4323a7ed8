/**
 * Idempotency keys, on whichever nodes their caller tries. Each attempt at a key's write claims the next
 * of the key's slots, registers on one shard (that of the key's hash) that hold the attempt's name and the digest of the request.
 * Who finds a slot claimed learns what became of that attempt from the register of its batch, where it
 * proposes abort: a committed one is answered, an aborted one frees the next slot. So at most one attempt
 * of a key is ever committed.
 */
import { invalid, randomUuid, sleep } from "../../base/index.js";
import { hashOfId } from "../../cluster/index.js";
import { createHash } from "node:crypto";
import { proposal, readDecision } from "./decision.js";
import type { BatchName, BatchNames } from "./operation.js";
import { decideRegister } from "./registers.js";
import type { WriteParts } from "./write-parts.js";

/** How long a key is remembered. */
export const keyMemoryMs = 24 * 3600 * 1000;
/** How long an attempt that another coordinator has under way is left alone. */
const patienceMs = 500;
/** How long a refusal waits at most for its slots to be given up. */
const releaseMs = 500;

export interface KeyedRequest {
  /** What it is a key for, and the key. */
  readonly key: string;
  /** Of all that the request says. */
  readonly digest: string;
  /** Monotonic time. */
  readonly endMs: number;
  /** Throws when an attempt of this name could not be carried out: then it claims nothing. */
  readonly check: (operationId: string) => void;
}

interface Claim {
  readonly operation_id: string;
  readonly digest: string;
}

/** An earlier attempt was committed: its result is the answer. */
export class AnsweredEarlier extends Error {
  constructor(
    readonly operation_id: string,
    readonly places: readonly number[],
  ) {
    super("the key's write has happened");
  }
}

export class KeyedBatches implements BatchNames {
  readonly always = true;
  readonly #parts: WriteParts;
  readonly #request: KeyedRequest;
  readonly #home: number;
  #slot = 0;
  /** Claimed, and not yet taken by an attempt. */
  #claimed: BatchName | undefined;
  /** All that were claimed here. */
  readonly #names: string[] = [];

  constructor(parts: WriteParts, request: KeyedRequest) {
    this.#parts = parts;
    this.#request = request;
    this.#home = hashOfId(createHash("sha256").update(request.key).digest());
  }

  /**
   * Before anything is looked at: what the first result rested on may be no more. Errors:
   * `AnsweredEarlier`; those of `check`; `INVALID_ARGUMENT` when the key stands for another request; `TIMEOUT` when no
   * majority could be asked: then nothing was begun.
   */
  async begin(): Promise<void> {
    this.#claimed = await this.#claimNext();
  }

  /** Errors: as `begin`. */
  async next(): Promise<BatchName> {
    const name = this.#claimed ?? (await this.#claimNext());
    this.#claimed = undefined;
    return name;
  }

  /**
   * Aborts what was claimed here, but for the attempt that was committed, so that who asks again need not
   * wait for it. Call when nothing is under way any more: only who staged a batch proposes to commit it.
   */
  async release(committed: string | undefined): Promise<void> {
    const endMs = Math.min(this.#request.endMs, this.#parts.clock.monotonic() + releaseMs);
    const open = this.#names.filter((name) => name !== committed);
    const aborts = open.map((name) => {
      const abort = proposal(name, this.#home, { kind: "abort" });
      return decideRegister(this.#parts, { ...abort, endMs });
    });
    // What cannot be released now is aborted by who comes upon it.
    await Promise.allSettled(aborts);
  }

  async #claimNext(): Promise<BatchName> {
    const { digest } = this.#request;
    for (;;) {
      const own: Claim = { operation_id: `k:${randomUuid(this.#parts.random)}`, digest };
      const claim = await this.#claim(own);
      if (claim.digest !== digest) {
        throw invalid("the key was used for another request", "idempotency_key");
      }
      this.#slot++;
      if (claim.operation_id === own.operation_id) {
        this.#names.push(own.operation_id);
        return { id: own.operation_id, home: this.#home };
      }
      await this.#passBy(claim.operation_id);
    }
  }

  async #claim(own: Claim): Promise<Claim> {
    const { key, endMs, check } = this.#request;
    const value = await decideRegister(this.#parts, {
      place: this.#home,
      key: `key/${key}/${this.#slot}`,
      value: Buffer.from(JSON.stringify(own)),
      beforeOwn: () => check(own.operation_id),
      endMs,
      rememberMs: keyMemoryMs,
    });
    return JSON.parse(Buffer.from(value).toString("utf8")) as Claim;
  }

  async #passBy(operationId: string): Promise<void> {
    const { clock } = this.#parts;
    const { endMs } = this.#request;
    const patientEndMs = clock.monotonic() + Math.min(patienceMs, (endMs - clock.monotonic()) / 2);
    const beforeOwn = (): Promise<void> =>
      sleep(clock, Math.max(0, patientEndMs - clock.monotonic()));
    const abort = proposal(operationId, this.#home, { kind: "abort" });
    const decision = readDecision(
      await decideRegister(this.#parts, { ...abort, endMs, beforeOwn }),
    );
    if (decision.kind === "commit") throw new AnsweredEarlier(operationId, decision.places);
  }
}
