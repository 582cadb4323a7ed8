/**
 * Marks a node as one that is being taken out. The others have to be enough for all replicas, also when
 * several are asked to go at the same moment: each looks again once its mark is there, and the one who then
 * finds too few takes its mark back, so that at least one of them, and perhaps both, are refused.
 */
import { DvespError, invalid } from "../base/index.js";
import type { ClusterStore } from "./cluster-store.js";
import { memberKey, memberPrefix } from "./member-record.js";
import type { MemberRecord } from "./member-record.js";

/**
 * `needed`: nodes that must stay. Errors: `INVALID_ARGUMENT` for no such node, `NOT_ENOUGH_REPLICAS` when the
 * others are too few, `VERSION_CONFLICT` when its record changes meanwhile.
 */
export async function markDraining(
  store: ClusterStore,
  node: string,
  needed: number,
): Promise<void> {
  const entry = await store.get(memberKey(node));
  if (!entry) throw invalid(`there is no node ${node}`, "node");
  const record = entry.value as MemberRecord;
  if (record.draining === true) return;
  await checkOthers(store, node, needed);
  const marked = await store.put(
    memberKey(node),
    { ...record, draining: true },
    { ifRevision: entry.revision },
  );
  try {
    await checkOthers(store, node, needed);
  } catch (error) {
    await store.put(memberKey(node), record, { ifRevision: marked.revision });
    throw error;
  }
}

async function checkOthers(store: ClusterStore, node: string, needed: number): Promise<void> {
  const members = (await store.list(memberPrefix)).map(({ value }) => value as MemberRecord);
  const staying = members.filter((one) => one.node !== node && one.draining !== true);
  if (staying.length >= Math.max(1, needed)) return;
  const message = `the ${staying.length} other nodes cannot keep all replicas`;
  throw new DvespError("NOT_ENOUGH_REPLICAS", message);
}
