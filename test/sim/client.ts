/**
 * How callers reach the nodes of a simulation: with a delay each way, and without an answer when the node
 * dies, stands still, or takes longer than the caller waits.
 */
import { isDvespError } from "../../src/base/index.js";
import type { Clock, DvespError } from "../../src/base/index.js";
import type { VectorStore } from "../../src/protocol/index.js";

/** A node as callers see it. */
export interface Endpoint {
  readonly name: string;
  /** The store of the node's present life; undefined while there is none that answers. */
  readonly store: () => VectorStore | undefined;
  /** Runs `action` as soon as the node runs: later when it stands still, never when it is dead. */
  readonly whenRunning: (action: () => void) => void;
}

export type Outcome<Answer> =
  | { readonly type: "answer"; readonly answer: Answer }
  | { readonly type: "refusal"; readonly error: DvespError }
  /** Nobody answered: it may have happened. */
  | { readonly type: "silence" }
  /** The node was not there: nothing was sent. */
  | { readonly type: "unsent" };

export interface CallOptions {
  readonly clock: Clock;
  readonly delayMs: () => number;
  /** How long the caller waits. */
  readonly patienceMs: number;
}

/** Never rejects but for what is no error of the store: that is a bug, wherever it comes from. */
export function callNode<Answer>(
  endpoint: Endpoint,
  call: (store: VectorStore) => Promise<Answer>,
  { clock, delayMs, patienceMs }: CallOptions,
): Promise<Outcome<Answer>> {
  return new Promise((resolve, reject) => {
    const patience = clock.after(patienceMs, () => resolve({ type: "silence" }));
    const end = (outcome: Outcome<Answer>): void => {
      patience.cancel();
      resolve(outcome);
    };
    clock.after(delayMs(), () => {
      const store = endpoint.store();
      if (!store) {
        end({ type: "unsent" });
        return;
      }
      // An answer of a life that has ended reaches nobody.
      const arrive = (outcome: Outcome<Answer>): void => {
        if (endpoint.store() !== store) return;
        endpoint.whenRunning(() => clock.after(delayMs(), () => end(outcome)));
      };
      const failed = (error: unknown): void => {
        if (isDvespError(error)) arrive({ type: "refusal", error });
        else reject(error instanceof Error ? error : new Error(String(error)));
      };
      endpoint.whenRunning(() => {
        call(store).then((answer) => arrive({ type: "answer", answer }), failed);
      });
    });
  });
}
