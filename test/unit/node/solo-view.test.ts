import { describe, expect, it } from "vitest";
import { MemoryDisk, seededRandom } from "../../../src/base/index.js";
import { completeSettings } from "../../../src/actors/index.js";
import { withSplit } from "../../../src/cluster/index.js";
import { Catalog } from "../../../src/node/catalog.js";
import { SoloView } from "../../../src/node/solo-view.js";

const fixed = { distance_metric: "l2", shards: undefined, replication_factor: undefined } as const;
const defaults = { collection: "a", dimension: 4, index: { type: "flat" }, ...fixed } as const;

describe("the map of a node that is alone", () => {
  it("does not bring a collection back by a change that was under way when it was dropped", async () => {
    const catalog = new Catalog(new MemoryDisk(), "/data");
    const view = await SoloView.open({
      ...{ self: "n1", hub: "main", pid: 1, catalog, random: seededRandom(1) },
    });
    await view.create(completeSettings(defaults));
    const changing = view.changeShard("a", 0, (now, map) => withSplit(now, map, "s"));
    const dropping = view.drop("a");
    await Promise.allSettled([changing, dropping]);
    expect(view.collections()).toEqual([]);
    expect(await catalog.list()).toEqual([]);
    await expect(view.changeShard("a", 0, () => undefined)).rejects.toMatchObject({
      code: "COLLECTION_NOT_FOUND",
    });
  });
});
