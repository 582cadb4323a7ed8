/** Messages that nobody will handle, counted by reason: a drop is never silent. */

export const deadLetterReasons = [
  /** No actor of that name on that host. */
  "no_actor",
  /** No way to that host. */
  "no_route",
  /** The receiver's mailbox was full. */
  "mailbox_full",
  /** The link's window was used up. */
  "link_full",
  /** Its deadline passed while it waited. */
  "expired",
  /** It waited for an actor that stopped or crashed. */
  "actor_ended",
  /** The answer came after the ask had ended. */
  "late_answer",
  /** It could not be encoded. */
  "not_sendable",
  /** What came in was no frame, or its payload no message. */
  "malformed",
] as const;

export type DeadLetterReason = (typeof deadLetterReasons)[number];

export class DeadLetters {
  readonly #counts = new Map<DeadLetterReason, number>();

  count(reason: DeadLetterReason): void {
    this.#counts.set(reason, this.of(reason) + 1);
  }

  of(reason: DeadLetterReason): number {
    return this.#counts.get(reason) ?? 0;
  }

  /** Every reason with its count since the start, zeros included. */
  snapshot(): Record<DeadLetterReason, number> {
    const entries = deadLetterReasons.map((reason) => [reason, this.of(reason)]);
    return Object.fromEntries(entries) as Record<DeadLetterReason, number>;
  }
}
