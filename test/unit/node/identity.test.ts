import { describe, expect, it } from "vitest";
import { MemoryDisk, seededRandom } from "../../../src/base/index.js";
import { nodeIdentity } from "../../../src/node/identity.js";
import { writeJsonFile } from "../../../src/base/index.js";

async function emptyDisk(): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  await disk.makeDirectory("/data");
  return disk;
}

describe("nodeIdentity", () => {
  it("makes a name once, and keeps it through a power cut", async () => {
    const disk = await emptyDisk();
    const name = await nodeIdentity(disk, "/data", seededRandom(1));
    expect(name).toMatch(/^n[0-9a-f]{8}$/);
    expect(await nodeIdentity(disk, "/data", seededRandom(2))).toBe(name);
    for (let seed = 3; seed < 20; seed++) {
      const left = disk.crash(seededRandom(seed));
      expect(await nodeIdentity(left, "/data", seededRandom(seed))).toBe(name);
    }
  });

  it("makes different names on different nodes", async () => {
    const names = [1, 2, 3].map(async (seed) =>
      nodeIdentity(await emptyDisk(), "/data", seededRandom(seed)),
    );
    expect(new Set(await Promise.all(names)).size).toBe(3);
  });

  it.each([{ format: 2, node_id: "n1" }, { format: 1 }, { format: 1, node_id: 5 }, {}, [], "n1"])(
    "does not take %j for a name, nor replaces it",
    async (kept) => {
      const disk = await emptyDisk();
      await writeJsonFile(disk, "/data/node.json", kept);
      for (let time = 0; time < 2; time++) {
        await expect(nodeIdentity(disk, "/data", seededRandom(1))).rejects.toMatchObject({
          code: "DATA_CORRUPTED",
        });
      }
    },
  );

  it("says when there is no room for its name", async () => {
    const disk = await emptyDisk();
    disk.medium.limitBytes(3);
    await expect(nodeIdentity(disk, "/data", seededRandom(1))).rejects.toMatchObject({
      code: "STORAGE_FULL",
    });
    disk.medium.limitBytes(Infinity);
    await expect(nodeIdentity(disk, "/data", seededRandom(1))).resolves.toMatch(/^n/);
  });
});
