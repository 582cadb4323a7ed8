/**
 * What a replica keeps in memory of its durable promises, staged batches and standing, so that judging a
 * write looks nothing up on the disk for them. Changed by commits alone.
 */
import type { IdPromise, RowSnapshot } from "../../storage/index.js";
import { present } from "../../base/index.js";
import { BallotMemory } from "./ballot-memory.js";
import { keyOf } from "./packed-rows.js";
import { decodeBody, decodeInfo, idKeys } from "./staged-write.js";
import type { HeldStage } from "./staged-write.js";
import { decodeStanding, noStanding } from "./standing.js";
import type { Standing } from "./standing.js";

/** As much as one request may bring. */
export const stagedBytesDefault = 256 * 1024 * 1024;

export class ReplicaMemory {
  /** By `keyOf` the id. */
  readonly promises = new Map<string, IdPromise>();
  /** By operation. */
  readonly stages = new Map<string, HeldStage>();
  readonly ballots: BallotMemory;
  /** Bytes of undecided batches that the replica takes. */
  readonly stagedBytesMax: number;
  standing: Standing = noStanding;

  /** As of a snapshot. Errors: `DATA_CORRUPTED`. */
  constructor(snapshot: RowSnapshot, stagedBytesMax: number) {
    this.stagedBytesMax = stagedBytesMax;
    for (const promise of snapshot.promises()) this.promises.set(keyOf(promise.id), promise);
    for (const { operation, info } of snapshot.stages()) {
      const { ids } = decodeBody(present(snapshot.stage(operation), "a staged batch").body);
      this.stages.set(operation, { ...decodeInfo(info), ids: idKeys(ids) });
    }
    const { standing } = snapshot;
    if (standing) this.standing = decodeStanding(standing);
    this.ballots = new BallotMemory(this.standing.ballots);
  }
}
