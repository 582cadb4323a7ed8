/**
 * Promises, as pieces of commits: of single ids (the prepare of CASPaxos, Rystsov 2018, with versions as
 * ballots), and of everything below a version or an epoch.
 */
import { invalid, uuidBytes } from "../../base/index.js";
import { isVersion } from "../../consistency/index.js";
import type { Work } from "./write-queue.js";
import type { Done, GroupPlan } from "./group-plan.js";
import { isBehind, isStaged, staleMap } from "./judge.js";
import { keyOf } from "./packed-rows.js";
import type {
  FenceReply,
  PreparedRows,
  Refusal,
  ReplicationMessage,
} from "./replication-messages.js";
import { versionAfter } from "./row-change.js";
import type { RowChange } from "./row-change.js";
import { packVersionedRows } from "./versioned-rows.js";
import type { VectorOf, VersionedEntry } from "./versioned-rows.js";

type PrepareMessage = Extract<ReplicationMessage, { type: "prepare" }>;

export function prepareWork(
  message: PrepareMessage,
  vectorOf: VectorOf,
): Work<PreparedRows | Refusal> {
  return { bytes: message.ids.byteLength, plan: (group) => prepare(group, message, vectorOf) };
}

function prepare(
  group: GroupPlan,
  { epoch, ids, ballot, contents }: PrepareMessage,
  vectorOf: VectorOf,
): Done<PreparedRows | Refusal> {
  if (!isVersion(ballot)) throw invalid("a ballot is a version", "ballot");
  if (ids.length % uuidBytes !== 0) throw invalid("whole ids expected", "ids");
  const refusal = staleMap(group, epoch) ?? isBehind(group, ids, ballot) ?? isStaged(group, ids);
  if (refusal) return () => refusal;
  const promised: string[] = [];
  const late: number[] = [];
  const entries = group.rows.ofAll(ids).map((change): VersionedEntry => {
    promised.push(promiseId(group, change, ballot));
    late.push(cameLate(group, change) ? 1 : 0);
    return { id: change.id, row: change.after, tombstone: change.afterTombstone };
  });
  group.replication.raise({ ballots: ballot });
  return () => ({
    ...packVersionedRows(entries, contents ? vectorOf : undefined),
    late: Uint8Array.from(late),
    promised,
  });
}

/** Promises one id; the largest ballot promised for it before. */
function promiseId(group: GroupPlan, change: RowChange, ballot: string): string {
  const { replication } = group;
  const key = keyOf(change.id);
  const held = replication.promises.get(key);
  // What came past the promise before came past this one too.
  const base = held && cameLate(group, change) ? held.base : (versionAfter(change) ?? "");
  if (held?.ballot !== ballot) replication.promises.set(key, { id: change.id, ballot, base });
  const before = replication.memory.ballots.promise(key, ballot);
  const known = held && held.ballot !== ballot && held.ballot > before ? held.ballot : before;
  const { floor } = replication.standing;
  return floor > known ? floor : known;
}

/**
 * Whether the row or tombstone came past a larger promise, which it did when it was not there yet as that
 * was made. Below the floor promises are forgotten: there everything may have.
 */
function cameLate({ replication }: GroupPlan, change: RowChange): boolean {
  const version = versionAfter(change);
  if (version === undefined) return false;
  if (version < replication.standing.floor) return true;
  const held = replication.promises.get(keyOf(change.id));
  return held !== undefined && version > held.base && version < held.ballot;
}

/** Refuses who knows only older maps; answers what this replica has seen. */
export function fenceWork(epoch: number, appliedVersion: () => string): Work<FenceReply> {
  return {
    bytes: 0,
    plan: (group) => {
      if (!Number.isInteger(epoch) || epoch < 0 || epoch >= 2 ** 32) {
        throw invalid("an epoch is a whole number below 2^32", "epoch");
      }
      group.replication.raise({ epoch });
      const inForce = group.replication.standing;
      return () => {
        const applied = appliedVersion();
        const seen_version = applied > inForce.ballots ? applied : inForce.ballots;
        return { epoch: inForce.epoch, seen_version };
      };
    },
  };
}

/** Refuses ballots and ordered writes below a version; answers the floor in force. */
export function floorWork(version: string): Work<{ readonly floor: string }> {
  return {
    bytes: 0,
    plan: (group) => {
      if (!isVersion(version)) throw invalid("not a version of this store", "version");
      group.replication.raise({ floor: version });
      const { floor } = group.replication.standing;
      return () => ({ floor });
    },
  };
}
