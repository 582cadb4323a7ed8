/** What keeps the replicas of a node like those of the others, put together from the node's parts. */
import { join } from "node:path";
import { NodeRepair, hintsModule } from "../actors/index.js";
import type { CollectionAccess, HintsMessage, RepairLimits } from "../actors/index.js";
import type { HybridClock } from "../consistency/index.js";
import type { ActorSystem, Address } from "../runtime/index.js";
import type { ChildSpec } from "../supervisors/index.js";
import type { Standing } from "./standing.js";

export interface RepairPlan {
  readonly system: ActorSystem;
  readonly standing: Standing;
  readonly versions: HybridClock;
  /** Where hints are kept. */
  readonly hints: Address;
  readonly limits: RepairLimits;
  readonly access: (collection: string) => CollectionAccess | undefined;
}

export function makeRepair({
  system,
  standing,
  versions,
  hints,
  limits,
  access,
}: RepairPlan): NodeRepair {
  const { clock, random } = system;
  return new NodeRepair({
    ...{ clock, random, versions, access, limits },
    view: standing.view,
    places: () => standing.places(),
    keeper: system.ref<HintsMessage>(hints),
    emit: ({ type, ...details }) => system.emit(type, details),
  });
}

/** The actor that keeps hints, on the disk of the data directory. */
export function hintsChild({ host, name }: Address, path: string): ChildSpec {
  return { name, start: { module: hintsModule, host, args: { directory: join(path, "hints") } } };
}
