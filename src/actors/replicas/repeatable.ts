/** Whether a question can be asked again: its memory may have moved away with the first attempt. */
import type { ReplicaMessage } from "../replica/messages.js";
import type { ReplicationMessage } from "../replica/replication-messages.js";

export function isRepeatable(message: ReplicaMessage | ReplicationMessage): boolean {
  if (message.type !== "write" && message.type !== "stage") return true;
  const { write } = message;
  if (write.kind === "delete" || !write.vectors) return true;
  return write.vectors.length > 0;
}
