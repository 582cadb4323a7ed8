/**
 * Which nodes belong to the cluster, whether they run or not: kept in the cluster store under
 * `members/<node>` from the day a node is added until it is taken out. (Who runs now is told by
 * membership.ts, under leases.)
 */

export interface MemberRecord {
  readonly node: string;
  /** Where other nodes reach it. */
  readonly address: string;
  /** Where clients reach it; port 0 while only the node itself knows. */
  readonly client_address: string;
  /** It is being taken out: nothing new is placed on it. */
  readonly draining?: boolean;
}

export const memberPrefix = "members/";

/** Where the store keeps the name of the cluster, made once: directories of nodes carry it too. */
export const clusterIdKey = "cluster-id";

export function memberKey(node: string): string {
  return `${memberPrefix}${node}`;
}
