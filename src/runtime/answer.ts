/** For callers that want an answer or an error, not the four ends of an ask. */
import { DvespError, errorFromPlain } from "../base/index.js";
import type { AskResult } from "./actor.js";

/** The answer of `who`. Errors: the refusal; `TIMEOUT`; `CLOSED` when it was gone. */
export function answerOf<Answer>(result: AskResult<Answer>, who = "the actor"): Answer {
  switch (result.outcome) {
    case "ok":
      return result.value;
    case "refused":
      throw errorFromPlain(result.error);
    case "timeout":
      throw new DvespError("TIMEOUT", `${who} did not answer in time`);
    case "gone":
      throw new DvespError("CLOSED", `${who} is gone`);
  }
}
