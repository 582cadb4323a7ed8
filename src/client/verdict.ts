/** What follows from one attempt: an answer, an error for the caller, or another attempt. */
import { DvespError, unreachable } from "../base/index.js";
import { answerError } from "./answer-error.js";
import type { Attempt, WireAnswer } from "./transport.js";

/**
 * `patient`: worth waiting for as long as there is time, as the node itself says when. `elsewhere`: another
 * node may do better, this one has said what it can.
 */
export type Verdict =
  | { readonly kind: "done"; readonly answer: WireAnswer }
  | { readonly kind: "fail"; readonly error: DvespError }
  | { readonly kind: "again"; readonly error: DvespError; readonly patient: boolean }
  | { readonly kind: "elsewhere"; readonly error: DvespError };

export interface Circumstances {
  /** Executing the request twice is the same as once. */
  readonly repeatable: boolean;
  /** Whether another node could finish in the time that is left. */
  readonly hasTime: boolean;
}

export function judge(attempt: Attempt, { repeatable, hasTime }: Circumstances): Verdict {
  switch (attempt.outcome) {
    case "answer":
      return judgeAnswer(attempt.answer, repeatable && hasTime);
    case "unsent": {
      const message = `no node could be reached: ${attempt.error.message}`;
      const error = new DvespError("NOT_ENOUGH_REPLICAS", message, { cause: attempt.error });
      return { kind: "again", error, patient: false };
    }
    case "lost": {
      const error = outcomeUnknown(`the connection broke: ${attempt.error.message}`);
      return repeatable ? { kind: "again", error, patient: false } : { kind: "fail", error };
    }
    case "timeout":
      return { kind: "fail", error: outcomeUnknown("no answer in time") };
    default:
      return unreachable(attempt);
  }
}

function judgeAnswer(answer: WireAnswer, mayRepeat: boolean): Verdict {
  if (answer.status >= 200 && answer.status < 300) return { kind: "done", answer };
  const error = answerError(answer);
  switch (error.code) {
    case "OVERLOADED":
      return { kind: "again", error, patient: true };
    // Refused before anything was done; another node, or this one a little later, may do it.
    case "NOT_ENOUGH_REPLICAS":
    case "CLOSED":
    case "DIRECTORY_LOCKED":
      return { kind: "again", error, patient: false };
    // Before the time is over: the node has lost the others, and other nodes may have each other.
    case "TIMEOUT":
      return mayRepeat ? { kind: "elsewhere", error } : { kind: "fail", error };
    default:
      return { kind: "fail", error };
  }
}

function outcomeUnknown(why: string): DvespError {
  return new DvespError("TIMEOUT", `${why}; whether the request was executed is unknown`);
}
