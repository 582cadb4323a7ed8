/** A child of a shard's supervisor that lives on a worker thread. */
import type { Address } from "../../runtime/index.js";
import type { ChildSpec } from "../../supervisors/index.js";

/** Reading all rows from disk is part of a replica's start. */
const startMsMax = 600_000;

/** `attachments` is called at each start: a child is given the shared memory of that time. */
export function onHost(
  { host, name }: Address,
  module: string,
  args: unknown,
  attachments: () => readonly unknown[],
): ChildSpec {
  return { name, startMs: startMsMax, start: { module, host, args, attachments } };
}
