/**
 * Crashes exactly at the steps of the protocol: just before or after a replica commits one, and when the map
 * of a collection changes. Chance, and nothing else, decides which of them strike.
 */
import { randomBelow, randomFraction } from "../../src/base/index.js";
import type { Random } from "../../src/base/index.js";
import type { CollectionMap } from "../../src/cluster/index.js";
import type { CommitPoint } from "../../src/storage/index.js";
import { batchesOf, stagedBy, stepOf } from "./commit-steps.js";
import type { CommitStep } from "./commit-steps.js";
import type { Fault, FaultKind } from "./faults.js";
import { deadWriter, faultOf, kill, powerCut } from "./machine-faults.js";
import type { Machine } from "./machine.js";

/** How likely a crash is, each time. */
export interface CrashChances {
  readonly steps?: Partial<Readonly<Record<CommitStep, number>>>;
  /** At each commit while some shard is being cut. */
  readonly whileCutting?: number;
  /** When a shard begins to be split, or to be cut, or was. */
  readonly map?: number;
}

export interface CrashPointParts {
  readonly chances: CrashChances;
  readonly random: Random;
  readonly machines: readonly Machine[];
  /** What befalls who keeps the cluster store. */
  readonly loseStore: () => Fault | undefined;
}

const lastsMsMax = 3000;
/** Who hears of a change of the map is struck a moment later at most. */
const manners = [kill, kill, powerCut, deadWriter];

export class CrashPoints {
  readonly #parts: CrashPointParts;
  /** Which node coordinates a batch. */
  readonly #coordinators = new Map<string, string>();
  /** By collection: how its shards stand. */
  readonly #phases = new Map<string, string>();
  #isCutting = false;
  /** Nothing strikes before it is set. */
  strike: (kind: FaultKind) => void = () => undefined;

  constructor(parts: CrashPointParts) {
    this.#parts = parts;
  }

  onCommit(machine: Machine, point: CommitPoint): void {
    const { steps = {}, whileCutting = 0 } = this.#parts.chances;
    for (const [batch, node] of stagedBy(point)) this.#coordinators.set(batch, node);
    const step = stepOf(point);
    const chance = (step === undefined ? 0 : (steps[step] ?? 0)) + this.#ifCutting(whileCutting);
    if (!this.#happens(chance)) return;
    const coordinator = batchesOf(point).flatMap((one) => this.#coordinators.get(one) ?? [])[0];
    const isOther = coordinator !== undefined && this.#happens(0.75);
    const { machines } = this.#parts;
    const struck = isOther ? machines.find(({ name }) => name === coordinator) : machine;
    const where = `${point.when} ${step ?? "commit"} on ${machine.name}${this.#isCutting ? ", cutting" : ""}`;
    if (struck) this.#crash(struck, where);
  }

  onMap({ settings, shards }: CollectionMap): void {
    const { map = 0 } = this.#parts.chances;
    const phase = shards.map(({ id, split }) => `${id} ${split?.phase ?? ""}`).join();
    const before = this.#phases.get(settings.collection);
    this.#phases.set(settings.collection, phase);
    this.#isCutting = [...this.#phases.values()].some((one) => one.includes("cutting"));
    if (before === undefined || before === phase || !this.#happens(map)) return;
    const { machines, random, loseStore } = this.#parts;
    const struck = machines[randomBelow(random, machines.length + 1)];
    if (struck) this.#crash(struck, `at the map ${phase}`);
    else this.strike({ name: "lost_at_map", weight: 0, lastsMsMax, begin: loseStore });
  }

  #crash(machine: Machine, where: string): void {
    const manner = manners[randomBelow(this.#parts.random, manners.length)] ?? kill;
    const begin = (): Fault | undefined => {
      const fault = faultOf(machine, manner);
      return fault && { ...fault, where: `${fault.where}, ${where}` };
    };
    this.strike({ name: "crash_point", weight: 0, lastsMsMax, begin });
  }

  #ifCutting(chance: number): number {
    return this.#isCutting ? chance : 0;
  }

  #happens(chance: number): boolean {
    return chance > 0 && randomFraction(this.#parts.random) < chance;
  }
}
