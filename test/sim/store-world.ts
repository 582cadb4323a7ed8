/** A store without a machine around it, whose answers get lost at times: for trying the checkers. */
import { randomFraction } from "../../src/base/index.js";
import type { VectorStore } from "../../src/protocol/index.js";
import { collection, dimension } from "./requests.js";
import type { MakeWorld, WorldParts } from "./world.js";

export function storeWorld(makeStore: (parts: WorldParts) => VectorStore): MakeWorld {
  return async (parts) => {
    const { time, random } = parts;
    const store = makeStore(parts);
    await time.until(store.create_collection({ collection, dimension }));
    const state = { lossy: false };
    return {
      endpoints: [
        {
          name: "plain",
          store: () => store,
          whenRunning: (action) => {
            if (!state.lossy || randomFraction(random) < 0.5) action();
          },
        },
      ],
      replicas: 1,
      faults: [
        {
          name: "lossy",
          weight: 1,
          lastsMsMax: 2000,
          begin: () => {
            if (state.lossy) return undefined;
            state.lossy = true;
            return { where: "plain", mend: () => void (state.lossy = false) };
          },
        },
      ],
      settle: () => time.pass(1000),
      close: () => time.until(store.close()),
    };
  };
}
