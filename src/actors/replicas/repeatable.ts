/**
 * Whether a question may be asked again behind the back of who asks. Not one that writes rows: after an
 * attempt that may have been applied, a refusal of another one does not mean what it says.
 */
import type { ReplicaMessage } from "../replica/messages.js";
import type { ReplicationMessage } from "../replica/replication-messages.js";

export function isRepeatable({ type }: ReplicaMessage | ReplicationMessage): boolean {
  return type !== "write" && type !== "stage";
}
