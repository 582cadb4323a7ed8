import { describe, expect, it } from "vitest";
import { MemoryDisk, seededRandom } from "../../../src/base/index.js";
import type { CollectionSettings } from "../../../src/protocol/index.js";
import { Catalog } from "../../../src/node/catalog.js";
import { writeJsonFile } from "../../../src/base/index.js";

const seed = Number(process.env.SEED ?? 17);

function settingsOf(collection: string, dimension = 8): CollectionSettings {
  const fixed = { distance_metric: "l2", shards: 1, replication_factor: 1 } as const;
  return { collection, dimension, index: { type: "flat" }, ...fixed };
}

/** Puts a file where a collection keeps its rows. */
async function addFile(disk: MemoryDisk, catalog: Catalog, collection: string): Promise<string> {
  const directory = `${catalog.directoryOf(collection)}/shard-0`;
  await disk.makeDirectory(directory);
  const file = await disk.open(`${directory}/rows`, "create");
  await file.write(Buffer.from("rows"), 0);
  await file.datasync();
  await file.close();
  await disk.syncDirectory(directory);
  return `${directory}/rows`;
}

async function catalogWith(...names: string[]) {
  const disk = new MemoryDisk();
  const catalog = new Catalog(disk, "/data");
  await catalog.load();
  for (const name of names) await catalog.add(settingsOf(name));
  return { disk, catalog };
}

function namesOf(settings: readonly CollectionSettings[]): string[] {
  return settings.map(({ collection }) => collection);
}

/** Images of the disk at both sides of every sync of `run`. */
async function imagesOf(disk: MemoryDisk, run: () => Promise<void>): Promise<MemoryDisk[]> {
  const random = seededRandom(seed);
  const images: MemoryDisk[] = [];
  const take = (): void => {
    for (let index = 0; index < 20; index++) images.push(disk.crash(random));
  };
  disk.medium.onSync = take;
  take();
  await run();
  disk.medium.onSync = () => undefined;
  return images;
}

describe("Catalog", () => {
  it("begins empty, also in a directory that is not there yet", async () => {
    const { catalog, disk } = await catalogWith();
    expect(await catalog.load()).toEqual([]);
    expect(await catalog.list()).toEqual([]);
    expect(await disk.list("/data")).toEqual(["collections"]);
  });

  it("keeps collections with all of their settings", async () => {
    const { disk } = await catalogWith("b", "a");
    expect(await new Catalog(disk, "/data").load()).toEqual([settingsOf("a"), settingsOf("b")]);
  });

  it("forgets a collection with its files, and only that one", async () => {
    const { disk, catalog } = await catalogWith("a", "b");
    const [gone, kept] = [await addFile(disk, catalog, "a"), await addFile(disk, catalog, "b")];
    await catalog.remove("a");
    expect(namesOf(await catalog.list())).toEqual(["b"]);
    await expect(disk.open(gone, "read")).rejects.toMatchObject({ code: "ENOENT" });
    await expect(disk.open(kept, "read")).resolves.toBeDefined();
    expect(await disk.list("/data/collections")).toEqual(["b"]);
  });

  it("makes a collection of a name used before without what was left of the old one", async () => {
    const { disk, catalog } = await catalogWith();
    const left = await addFile(disk, catalog, "a");
    await catalog.add(settingsOf("a", 3));
    await expect(disk.open(left, "read")).rejects.toMatchObject({ code: "ENOENT" });
    expect(await catalog.list()).toEqual([settingsOf("a", 3)]);
  });

  it("clears away what a creation or a drop left behind, when it loads", async () => {
    const { disk, catalog } = await catalogWith("whole");
    const kept = await addFile(disk, catalog, "whole");
    await addFile(disk, catalog, "half");
    expect(namesOf(await catalog.list())).toEqual(["whole"]);
    expect(namesOf(await catalog.load())).toEqual(["whole"]);
    expect(await disk.list("/data/collections")).toEqual(["whole"]);
    await expect(disk.open(kept, "read")).resolves.toBeDefined();
  });

  it.each([
    { collection: "b", dimension: 8, index: { type: "flat" } },
    { collection: "a", dimension: "8", index: { type: "flat" } },
    { collection: "a", dimension: 8 },
    {},
    [],
    "a",
  ])("says that the settings %j of a collection are damaged, and clears nothing", async (value) => {
    const { disk, catalog } = await catalogWith("a");
    const rows = await addFile(disk, catalog, "a");
    await writeJsonFile(disk, "/data/collections/a/collection.json", value);
    for (const load of [() => catalog.load(), () => catalog.list()]) {
      await expect(load()).rejects.toMatchObject({
        code: "DATA_CORRUPTED",
        message: expect.stringContaining("collection a") as string,
      });
    }
    await expect(disk.open(rows, "read")).resolves.toBeDefined();
  });

  it("clears nothing of a collection whose settings are not JSON", async () => {
    const { disk, catalog } = await catalogWith("a");
    const rows = await addFile(disk, catalog, "a");
    disk.corrupt("/data/collections/a/collection.json", 0, 1);
    await expect(catalog.load()).rejects.toMatchObject({
      code: "DATA_CORRUPTED",
      message: expect.stringContaining("collections/a/") as string,
    });
    await expect(disk.open(rows, "read")).resolves.toBeDefined();
  });

  it("leaves nothing of a collection for which there was no room", async () => {
    const { disk, catalog } = await catalogWith("a");
    disk.medium.limitBytes(disk.medium.usedBytes + 5);
    await expect(catalog.add(settingsOf("b"))).rejects.toMatchObject({ code: "STORAGE_FULL" });
    expect(namesOf(await catalog.list())).toEqual(["a"]);
    disk.medium.limitBytes(Infinity);
    expect(namesOf(await catalog.load())).toEqual(["a"]);
    expect(await disk.list("/data/collections")).toEqual(["a"]);
  });
});

describe(`after a power cut (SEED=${seed})`, () => {
  it("a collection being made is whole or absent; once made, it stays", async () => {
    const { disk, catalog } = await catalogWith("a");
    const images = await imagesOf(disk, () => catalog.add(settingsOf("b", 5)));
    const seen = new Set<string>();
    for (const image of images) {
      const again = new Catalog(image, "/data");
      const found = await again.load();
      const expected = namesOf(found).length === 2 ? [settingsOf("b", 5)] : [];
      expect(found).toEqual([settingsOf("a"), ...expected]);
      expect(await image.list("/data/collections")).toEqual(namesOf(found));
      seen.add(namesOf(found).join());
    }
    expect(seen).toEqual(new Set(["a", "a,b"]));
    const later = await imagesOf(disk, () => Promise.resolve());
    for (const image of later) {
      expect(namesOf(await new Catalog(image, "/data").load())).toEqual(["a", "b"]);
    }
  });

  it("a collection being dropped is whole or absent; once dropped, it stays away", async () => {
    const { disk, catalog } = await catalogWith("a", "b");
    const rows = await addFile(disk, catalog, "b");
    const images = await imagesOf(disk, () => catalog.remove("b"));
    const seen = new Set<string>();
    for (const image of images) {
      const found = namesOf(await new Catalog(image, "/data").load());
      const reading = image.open(rows, "read").then(
        () => true,
        () => false,
      );
      expect(await reading).toBe(found.includes("b"));
      seen.add(found.join());
    }
    expect(seen).toEqual(new Set(["a", "a,b"]));
    for (const image of await imagesOf(disk, () => Promise.resolve())) {
      expect(namesOf(await new Catalog(image, "/data").load())).toEqual(["a"]);
    }
  });
});
