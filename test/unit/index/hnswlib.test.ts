/** What is particular to engine `hnswlib`; what holds for every index is in the index suite. */
import { readdir, symlink, truncate } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { seededRandom, SystemDisk } from "../../../src/base/index.js";
import { assertCompleteGraph } from "../../../src/index/hnswlib-file.js";
import {
  AllowList,
  attachReader,
  openBuilder,
  selectIndex,
  SharedRows,
} from "../../../src/index/index.js";
import {
  Replica,
  clusteredRows,
  looseRows,
  sharedRowsOf,
} from "../../conformance/index-fixture.js";

const dimension = 12;
const rowCount = 3000;
const spec = selectIndex(
  { dimension, metric: "l2", index: { type: "hnsw", engine: "hnswlib" } },
  0,
);

describe("engine hnswlib", () => {
  let replica: Replica;
  beforeEach(async () => {
    replica = await Replica.open(spec);
    replica.append(clusteredRows(seededRandom(1), rowCount, dimension));
    await replica.build();
  });
  afterEach(() => replica.close());

  const newestFile = async (kind: string): Promise<string> => {
    const names = (await readdir(replica.directory)).filter((name) => name.endsWith(kind));
    return join(replica.directory, names.at(-1)!);
  };

  it("walks the graph by default, and is measured to reach its recall", async () => {
    const query = replica.vectors[0]!;
    expect(replica.search({ query, k: 10, effort: {} }).route.kind).toBe("walk");
    const publication = await replica.builder.publish();
    if (publication.engine !== "hnswlib") throw new Error("a publication of this engine");
    const { calibration } = publication;
    expect(calibration.at(-1)!.recallAt10).toBeGreaterThan(0.98);
    expect(calibration.map(({ ef }) => ef)).toEqual(
      calibration.map(({ ef }) => ef).sort((left, right) => left - right),
    );
  });

  it("starts from the snapshot, and builds only what came after", async () => {
    await replica.builder.close();
    replica.append(looseRows(seededRandom(2), 10, dimension));
    await replica.openBuilder();
    expect(replica.builder.indexed).toBe(rowCount);
    expect(await replica.builder.add(1000)).toBe(10);
  });

  it("ignores a snapshot of other rows, of other settings, or of more rows than there are", async () => {
    const other = clusteredRows(seededRandom(3), rowCount, dimension);
    const reopen = async (packed: Float32Array, m = 16): Promise<number> => {
      const rows = sharedRowsOf(dimension, packed);
      const changed = selectIndex(
        { dimension, metric: "l2", index: { type: "hnsw", engine: "hnswlib", m } },
        0,
      );
      const { directory } = replica;
      const builder = await openBuilder({ spec: changed, rows, directory, disk: new SystemDisk() });
      const { indexed } = builder;
      await builder.close();
      return indexed;
    };
    const own = clusteredRows(seededRandom(1), rowCount, dimension);
    expect(await reopen(own)).toBe(rowCount);
    expect(await reopen(other)).toBe(0);
    expect(await reopen(own, 24)).toBe(0);
    expect(await reopen(own.subarray(0, (rowCount - 1) * dimension))).toBe(0);
  });

  it("builds anew when a row that lives is not in the snapshot", async () => {
    await replica.builder.close();
    const rows = SharedRows.create({ dimension });
    const { directory } = replica;
    rows.reserve(rowCount);
    rows.write(0, clusteredRows(seededRandom(1), rowCount, dimension));
    rows.publish(rowCount);
    rows.commit(rowCount);
    rows.markDead(7);
    const disk = new SystemDisk();
    const empty = selectIndex(
      { dimension, metric: "l2", index: { type: "hnsw", engine: "hnswlib", m: 8 } },
      0,
    );
    const builder = await openBuilder({ spec: empty, rows, directory, disk });
    await builder.add(rowCount);
    await builder.publish();
    await builder.close();
    const again = await openBuilder({ spec: empty, rows: replica.rows, directory, disk });
    expect(again.indexed).toBe(0);
    await again.close();
    await replica.openBuilder();
  });

  it("notices a file that was cut short, wherever", async () => {
    const disk = new SystemDisk();
    const path = await newestFile(".index");
    await assertCompleteGraph(disk, path);
    const file = await disk.open(path, "read");
    const size = await file.size();
    await file.close();
    for (const left of [size - 1, size - rowCount, Math.floor(size / 2), 95, 0]) {
      await truncate(path, left);
      await expect(assertCompleteGraph(disk, path)).rejects.toMatchObject({ code: "STORAGE_FULL" });
    }
  });

  it("keeps the last publication when the disk is full, and publishes when there is room", async () => {
    const before = await replica.builder.publish();
    replica.append(looseRows(seededRandom(4), 10, dimension));
    await replica.builder.add(10);
    const draft = `${String(before.generation + 1).padStart(12, "0")}.draft`;
    await symlink("/dev/full", join(replica.directory, draft));
    await expect(replica.builder.publish()).rejects.toMatchObject({ code: "STORAGE_FULL" });
    expect(await readdir(replica.directory)).not.toContain(draft);
    const reader = await attachReader(before, replica.rows);
    expect(reader.indexed).toBe(rowCount);
    reader.close();
    const after = await replica.builder.publish();
    expect(after.indexed).toBe(rowCount + 10);
    expect(after.generation).toBeGreaterThan(before.generation);
  });

  it("refuses a publication whose file is gone or damaged, and searches the old one", async () => {
    const query = replica.vectors[9]!;
    const publication = await replica.builder.publish();
    if (publication.engine !== "hnswlib") throw new Error("a publication of this engine");
    const path = await newestFile(".index");
    const gone = { ...publication, generation: 99, path: `${path}.gone` };
    await expect(replica.reader.refresh(gone)).rejects.toMatchObject({ code: "DATA_CORRUPTED" });
    await truncate(path, 5000);
    await expect(attachReader(publication, replica.rows)).rejects.toMatchObject({
      code: "DATA_CORRUPTED",
    });
    expect(replica.check({ query, k: 10, effort: { ef: 100 } }).recall).toBeGreaterThan(0.9);
  });

  it("does not open what it has closed meanwhile", async () => {
    replica.append(looseRows(seededRandom(5), 10, dimension));
    await replica.builder.add(10);
    const publication = await replica.builder.publish();
    const reader = await attachReader(publication, replica.rows);
    const refreshing = reader.refresh({ ...publication, generation: publication.generation + 1 });
    reader.close();
    await refreshing;
    const query = { query: replica.vectors[0]!, k: 1, effort: {} };
    expect(() => reader.search(query)).toThrow("an open reader");
  });

  it("walks with a filter that admits much, and scans when the walk comes back short", async () => {
    const rows = 12_000;
    replica.append(clusteredRows(seededRandom(6), rows - rowCount, dimension));
    await replica.builder.add(rows);
    const half = AllowList.of(
      [...Array(rows).keys()].filter((ordinal) => ordinal % 2 === 0),
      rows,
    );
    await replica.build();
    const query = replica.vectors[100]!;
    const walked = replica.check({ query, k: 10, effort: { ef: 64 }, allow: half });
    expect(walked.answer.route.kind).toBe("walk");
    // Every row near the query dies without the graph being told, more than walks can step over.
    const nearest = replica.truth("l2", query).slice(0, 4000);
    for (const ordinal of nearest) {
      replica.rows.markDead(ordinal);
      replica.dead.add(ordinal);
    }
    const short = replica.check({ query, k: 10, effort: { ef: 10 } });
    expect(short.answer.route.kind).toBe("walk_then_scan");
    expect(short.recall).toBe(1);
  });

  it("meets each dead row once, and walks again when it has met them", () => {
    const query = replica.vectors[50]!;
    for (const ordinal of replica.truth("l2", query).slice(0, 400)) {
      replica.rows.markDead(ordinal);
      replica.dead.add(ordinal);
    }
    const routes = [1, 2, 3, 4].map(
      () => replica.check({ query, k: 10, effort: { ef: 10 } }).answer.route.kind,
    );
    expect([routes[0], routes.at(-1)]).toEqual(["walk_then_scan", "walk"]);
  });

  it("refuses to be changed while it is published", async () => {
    replica.append(looseRows(seededRandom(7), 10, dimension));
    await replica.builder.add(5);
    const publishing = replica.builder.publish();
    await expect(replica.builder.add(5)).rejects.toThrow("nothing is added");
    expect(() => replica.builder.remove(Uint32Array.of(1))).toThrow("nothing is removed");
    await expect(replica.builder.publish()).rejects.toThrow("one publication at a time");
    await publishing;
    expect(await replica.builder.add(5)).toBe(5);
  });
});
