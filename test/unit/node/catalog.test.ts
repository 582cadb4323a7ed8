import { describe, expect, it } from "vitest";
import { MemoryDisk, seededRandom } from "../../../src/base/index.js";
import { evenRanges } from "../../../src/cluster/index.js";
import type { CollectionMap } from "../../../src/cluster/index.js";
import { Catalog } from "../../../src/node/catalog.js";
import { writeJsonFile } from "../../../src/base/index.js";

const seed = Number(process.env.SEED ?? 17);

function mapOf(collection: string, dimension = 8): CollectionMap {
  const fixed = { distance_metric: "l2", shards: 2, replication_factor: 1 } as const;
  const settings = { collection, dimension, index: { type: "flat" }, ...fixed } as const;
  const replicas = [{ node: "n1", state: "active", identity: "a" }] as const;
  const shards = evenRanges(2).map((range) => ({ ...range, epoch: 1, replicas }));
  return { settings, uid: `${collection}-${dimension}`, shards };
}

async function drop(catalog: Catalog, collection: string): Promise<void> {
  await catalog.forget(collection);
  await catalog.clear(collection);
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
  for (const name of names) await catalog.add(mapOf(name));
  return { disk, catalog };
}

function namesOf(maps: readonly CollectionMap[]): string[] {
  return maps.map(({ settings }) => settings.collection);
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

  it("keeps collections with all of their map", async () => {
    const { disk } = await catalogWith("b", "a");
    expect(await new Catalog(disk, "/data").load()).toEqual([mapOf("a"), mapOf("b")]);
  });

  it("forgets a collection with its files, and only that one", async () => {
    const { disk, catalog } = await catalogWith("a", "b");
    const [gone, kept] = [await addFile(disk, catalog, "a"), await addFile(disk, catalog, "b")];
    await drop(catalog, "a");
    expect(namesOf(await catalog.list())).toEqual(["b"]);
    await expect(disk.open(gone, "read")).rejects.toMatchObject({ code: "ENOENT" });
    await expect(disk.open(kept, "read")).resolves.toBeDefined();
    expect(await disk.list("/data/collections")).toEqual(["b"]);
  });

  it("keeps what a map was changed to, and the files beside it", async () => {
    const { disk, catalog } = await catalogWith("a");
    const rows = await addFile(disk, catalog, "a");
    const changed = { ...mapOf("a"), uid: "other" };
    await catalog.replace(changed);
    expect(await new Catalog(disk, "/data").load()).toEqual([changed]);
    await expect(disk.open(rows, "read")).resolves.toBeDefined();
  });

  it("makes a collection of a name used before without what was left of the old one", async () => {
    const { disk, catalog } = await catalogWith();
    const left = await addFile(disk, catalog, "a");
    await catalog.add(mapOf("a", 3));
    await expect(disk.open(left, "read")).rejects.toMatchObject({ code: "ENOENT" });
    expect(await catalog.list()).toEqual([mapOf("a", 3)]);
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
    mapOf("b"),
    { ...mapOf("a"), settings: { ...mapOf("a").settings, dimension: "8" } },
    { ...mapOf("a"), uid: undefined },
    { ...mapOf("a"), shards: 2 },
    mapOf("a").settings,
    {},
    [],
    "a",
  ])("says that the map %j of a collection are damaged, and clears nothing", async (value) => {
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

  it("clears nothing of a collection whose map is not JSON", async () => {
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
    await expect(catalog.add(mapOf("b"))).rejects.toMatchObject({ code: "STORAGE_FULL" });
    expect(namesOf(await catalog.list())).toEqual(["a"]);
    disk.medium.limitBytes(Infinity);
    expect(namesOf(await catalog.load())).toEqual(["a"]);
    expect(await disk.list("/data/collections")).toEqual(["a"]);
  });
});

describe(`after a power cut (SEED=${seed})`, () => {
  it("a collection being made is whole or absent; once made, it stays", async () => {
    const { disk, catalog } = await catalogWith("a");
    const images = await imagesOf(disk, () => catalog.add(mapOf("b", 5)));
    const seen = new Set<string>();
    for (const image of images) {
      const again = new Catalog(image, "/data");
      const found = await again.load();
      const expected = namesOf(found).length === 2 ? [mapOf("b", 5)] : [];
      expect(found).toEqual([mapOf("a"), ...expected]);
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
    const images = await imagesOf(disk, () => drop(catalog, "b"));
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
