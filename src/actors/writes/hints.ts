/** Where coordinators leave what a replica did not confirm, so that it gets it later, whatever dies. */
import type { WriteMessage } from "../replica/messages.js";

export interface Hints {
  /**
   * `message` goes to the shard's replica on `node` as soon as that answers again: rule `late`, so that
   * it changes nothing that is newer there. Never throws; what finds no room is left to anti-entropy.
   */
  missed(node: string, shard: number, message: WriteMessage): void;
}

/** Of a node that is alone: what its replica did not confirm nobody else has to bring. */
export const noHints: Hints = { missed: () => undefined };
