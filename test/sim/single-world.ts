/** One machine of its own, with its faults. */
import {
  MemoryNetwork,
  present,
  randomBelow,
  randomFraction,
  seededRandom,
} from "../../src/base/index.js";
import type { Random } from "../../src/base/index.js";
import type { Loader } from "../../src/runtime/index.js";
import { MemoryStorage } from "../../src/storage/index.js";
import { CrashPoints } from "./crash-points.js";
import { DriftingClock } from "./drifting-clock.js";
import { machineFaults } from "./machine-faults.js";
import { collection, dimension } from "./requests.js";
import { Machine, endpointOf } from "./machine.js";
import { mixSpecs } from "./mix.js";
import type { Mix } from "./mix.js";
import type { SimTime } from "./sim-time.js";
import type { MakeWorld } from "./world.js";

/** Clocks are this much too fast or slow at most. */
const drift = 0.001;
const restMs = 5000;
const jumpMsMax = 10_000;
const skewMsMax = 100;

export interface SingleOptions {
  readonly load: Loader;
  readonly splitRows?: number | undefined;
  /** Of which only the crashes matter here. */
  readonly mix?: Mix;
  readonly makeStorage?: () => MemoryStorage;
}

export function singleWorld(options: SingleOptions): MakeWorld {
  const { load, splitRows, makeStorage, mix = "standard" } = options;
  const { crashes: chances } = mixSpecs[mix];
  return async ({ time, random, trace }) => {
    let splits = 0;
    const network = new MemoryNetwork({ clock: time.clock });
    const clock = driftingClock(time, random, skewMsMax);
    const storage = makeStorage?.() ?? new MemoryStorage();
    const onSplit = (): void => {
      splits++;
      trace.add("split");
    };
    const machine: Machine = new Machine({
      ...{ name: "n1", clock, random, network, load, storage, splitRows, onSplit },
      ...(chances && { onCommit: (one, at) => crashes?.onCommit(one, at) }),
    });
    const crashes =
      chances &&
      new CrashPoints({
        ...{ chances, random: fork(random), machines: [machine], loseStore: () => undefined },
      });
    await time.until(machine.start());
    const store = present(machine.running, "a node that serves").store;
    const type = randomBelow(random, 2) === 0 ? "flat" : "hnsw";
    await time.until(store.create_collection({ collection, dimension, index: { type } }));
    return {
      endpoints: [endpointOf(machine)],
      replicas: 1,
      faults: machineFaults({
        machines: [machine],
        clock: time.clock,
        random: fork(random),
        jumpMsMax,
      }),
      strikes: (strike) => {
        if (crashes) crashes.strike = strike;
      },
      splits: () => splits,
      settle: () => time.pass(restMs),
      close: async () => {
        await time.until(present(machine.running, "a node that serves").store.close());
      },
    };
  };
}

export function driftingClock(time: SimTime, random: Random, skewMs: number): DriftingClock {
  const rate = 1 + drift * (2 * randomFraction(random) - 1);
  return new DriftingClock(time.clock, rate, randomBelow(random, 2 * skewMs) - skewMs);
}

/** A stream of its own, so that what one part draws does not change what another does. */
export function fork(random: Random): Random {
  return seededRandom(random.uint32());
}
