import { describe, expect, it } from "vitest";
import { MemoryDisk, VirtualClock, seededRandom } from "../../../src/base/index.js";
import { LocalClusterStore, markDraining, memberKey } from "../../../src/cluster/index.js";
import type { MemberRecord } from "../../../src/cluster/index.js";

async function openStore(nodes: number) {
  const [disk, clock, random] = [new MemoryDisk(), new VirtualClock(), seededRandom(1)];
  await disk.makeDirectory("/d");
  const store = await LocalClusterStore.open({ disk, path: "/d/store.json", clock, random });
  const names = Array.from({ length: nodes }, (_, number) => `n${number + 1}`);
  for (const node of names) {
    await store.put(memberKey(node), { node, address: node, client_address: node });
  }
  const draining = async (): Promise<string[]> => {
    const records = await Promise.all(names.map((node) => store.get(memberKey(node))));
    const values = records.map((entry) => entry?.value as MemberRecord);
    return values.filter((one) => one.draining === true).map(({ node }) => node);
  };
  return { store, draining };
}

const tooFew = { code: "NOT_ENOUGH_REPLICAS" };

describe("markDraining", () => {
  it("marks a node while the others are enough, and does so once", async () => {
    const { store, draining } = await openStore(4);
    await markDraining(store, "n4", 3);
    await markDraining(store, "n4", 3);
    await expect(markDraining(store, "n1", 3)).rejects.toMatchObject(tooFew);
    expect(await draining()).toEqual(["n4"]);
  });

  it("never leaves too few where several are asked to go at once", async () => {
    const { store, draining } = await openStore(5);
    const asked = ["n1", "n2", "n3", "n4", "n5"].map((node) => markDraining(store, node, 3));
    const ends = await Promise.allSettled(asked);
    const refused = ends.filter((end) => end.status === "rejected");
    expect(refused.length).toBeGreaterThanOrEqual(3);
    expect((await draining()).length).toBe(5 - refused.length);
    for (const { reason } of refused) expect(reason).toMatchObject(tooFew);
  });

  it("keeps the last node, and knows which nodes there are", async () => {
    const { store } = await openStore(1);
    await expect(markDraining(store, "n1", 0)).rejects.toMatchObject(tooFew);
    await expect(markDraining(store, "n9", 1)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});
