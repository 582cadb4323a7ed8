/** Writes of a collection that has one shard with one replica, on this node: one message each. */
import { present } from "../../base/index.js";
import type { ClusterView } from "../../cluster/index.js";
import type { CollectionAccess } from "../replicas/access.js";
import type { CollectionWrites } from "./collection.js";
import type { LocalShards } from "./local-shards.js";
import type { PreparedWrite } from "./prepared-write.js";
import type { WriteResult } from "./write-answer.js";
import { WriteCoordinator, identify } from "./write-coordinator.js";
import type { WriteParts } from "./write-coordinator.js";

export interface OneReplicaParts extends Pick<WriteParts, "clock" | "random" | "versions"> {
  readonly view: ClusterView;
  readonly access: CollectionAccess;
  readonly local: LocalShards;
}

export class OneReplicaWrites implements CollectionWrites {
  readonly #parts: OneReplicaParts;

  constructor(parts: OneReplicaParts) {
    this.#parts = parts;
  }

  async write(prepared: PreparedWrite): Promise<WriteResult> {
    const { access, local, view, clock } = this.#parts;
    const [place] = access.shards();
    const shard = present(place && local.get(place.shard.id), "the shard on this node");
    const { replica } = shard;
    const coordinator = new WriteCoordinator({
      ...this.#parts,
      replica,
      ended: () => shard.ended(),
    });
    const operation = identify(prepared, this.#parts.random);
    const outcome = await coordinator.write(prepared, operation);
    if (outcome) shard.root = outcome.root;
    return {
      collection: access.settings.collection,
      node: view.self,
      operation: prepared.write.kind,
      outcome,
      operation_id: operation.operation_id,
      shards: [shard.id],
      root: shard.root,
      now_ms: clock.now(),
    };
  }
}
