/** One message on its way into an actor, whichever way it came: from this thread or in a frame. */
import type { Address, Lane, RefTo } from "../mailbox/index.js";
import type { AskResult } from "./actor.js";

/** How the receiving side ends an ask; only the asking side knows `timeout`. */
export type Answer = Exclude<AskResult<unknown>, { readonly outcome: "timeout" }>;

export interface Delivery {
  readonly lane: Lane;
  readonly from: Address;
  readonly deadlineMs: number | undefined;
  readonly attachments: readonly unknown[];
  /** The message; decoded only when its turn has come. Throws a `DvespError` when malformed. */
  readonly open: (refTo: RefTo) => unknown;
  /** Ends the ask; undefined for a tell. */
  readonly answer: ((answer: Answer) => void) | undefined;
}

/** The name of a host's system itself, which spawns and stops the actors of that host. */
export const systemName = "";
