import { MemoryNetwork, seededRandom } from "../../../src/base/index.js";
import { MemoryStorage } from "../../../src/storage/index.js";
import { describeApi } from "../../conformance/api-suite.js";
import { loadActorModules } from "../../sim/actor-modules.js";
import { DriftingClock } from "../../sim/drifting-clock.js";
import { drivenStore } from "../../sim/driven-store.js";
import { Machine } from "../../sim/machine.js";
import { SimTime } from "../../sim/sim-time.js";

describeApi("a node on a simulated machine", async () => {
  const time = new SimTime(Date.now());
  const machine = new Machine({
    name: "n1",
    clock: new DriftingClock(time.clock, 1, 0),
    random: seededRandom(1),
    network: new MemoryNetwork({ clock: time.clock }),
    load: await loadActorModules(),
    storage: new MemoryStorage(),
  });
  await time.until(machine.start());
  const { store } = machine.running!;
  const driven = drivenStore(store, time);
  return { store: driven, close: () => driven.close() };
});
