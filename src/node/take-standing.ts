/** Which cluster a node belongs to, from its options: its own, or that of others. */
import type { ActorSystem } from "../runtime/index.js";
import type { Catalog } from "./catalog.js";
import { ClusterLink } from "./cluster-link.js";
import type { NodeEnvironment } from "./environment.js";
import { nodeIdentity } from "./identity.js";
import type { NodeOptions } from "./node-options.js";
import { SoloView } from "./solo-view.js";
import { aloneWith } from "./standing.js";
import type { Standing } from "./standing.js";

/** Names of hosts begin with it, so that they differ from those of other nodes. */
export function prefixOf({ cluster }: NodeOptions): string {
  return cluster ? `${cluster.node}/` : "";
}

/** Errors: those of `ClusterLink.join`, and `DATA_CORRUPTED`. */
export async function takeStanding(
  { path, cluster }: NodeOptions,
  system: ActorSystem,
  environment: NodeEnvironment,
  catalog: Catalog,
): Promise<Standing> {
  if (cluster) return ClusterLink.join({ options: cluster, system, environment, catalog, path });
  const { random, storage } = environment;
  const self = await nodeIdentity(storage.disk, path, random);
  const alone = { self, hub: system.host, pid: process.pid, catalog, random };
  return aloneWith(await SoloView.open(alone));
}
