/** Spoilt bytes, in records, vectors and LMDB's own file: found, and named. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { present, seededRandom, systemDisk } from "../../../src/base/index.js";
import { openRowStore, verifyRowStore } from "../../../src/storage/index.js";
import {
  emptyBatch,
  emptyContent,
  insertion,
  replaceMetadata,
  storeContent,
} from "../../conformance/storage-rows.js";
import { dimension, seed, world } from "./faulty-world.js";

describe(`spoilt bytes (SEED=${seed})`, () => {
  const tableDirectory = "/store/table";
  const rowKey = (ordinal: number) => Uint8Array.of(7, 0, 0, 0, ordinal);

  it("of a vector are found by verification", async () => {
    const { disk, open, insert, verify } = world();
    const store = await open();
    const batch = insert(0, 60);
    await store.commit(batch);
    const removed = { ordinal: 7, id: present(batch.puts[7], "put").id, keepId: false };
    await store.commit({ ...emptyBatch, removes: [removed] });
    await store.close();
    expect(await verify()).toMatchObject({ rows: 59, ids: 59, vectors: 59, nextOrdinal: 60 });
    const positionOf = (row: number) => 4096 + row * dimension * 4;
    disk.corrupt("/store/vectors-0000000000.f32", positionOf(3) + 5, 0x10);
    disk.corrupt("/store/vectors-0000000000.f32", positionOf(7), 0x10);
    disk.corrupt("/store/vectors-0000000050.f32", positionOf(9) + 63, 0x80);
    const report = await verify();
    expect(report.problems).toEqual([
      "row 3: its vector does not match its checksum",
      "row 59: its vector does not match its checksum",
    ]);
    expect(report.problemCount).toBe(2);
  });

  it("of a record are found by reading it, and by verification", async () => {
    const { disk, tables, open, insert, verify } = world();
    const store = await open();
    const batch = insert(0, 4);
    const good = replaceMetadata(present(batch.puts[1], "put"), "v", Buffer.from("precious"));
    const lying = { ...present(batch.puts[3], "put"), metadataCrc: 1 };
    await store.commit({
      ...batch,
      puts: [present(batch.puts[0], "put"), good, present(batch.puts[2], "put"), lying],
    });
    const table = await tables.open(tableDirectory, disk, "read");
    const snapshot = table.snapshot();
    const value = present(snapshot.get(rowKey(1)), "record");
    for (let at = 0; at < value.length; at++) {
      const spoilt = value.slice();
      spoilt[at] = (spoilt[at] as number) ^ 1;
      tables.corrupt(tableDirectory, { key: rowKey(1), value: spoilt });
      const reading = store.snapshot();
      expect(() => reading.row(1)).toThrow(/row 1/);
      expect(() => [...reading.scan(0)]).toThrow(/row 1/);
      expect(reading.row(0)).toBeDefined();
      expect(() => reading.row(3)).toThrow(/row 3: its metadata/);
      reading.release();
    }
    tables.corrupt(tableDirectory, { key: rowKey(2), value });
    await store.close();
    const { problems } = await verify();
    expect(problems).toEqual([
      "row 1: its record does not match its checksum",
      "row 2: its record does not match its checksum",
      "row 3: its metadata does not match its checksum",
      `id ${Buffer.from(present(batch.puts[2], "put").id).toString("hex")} names row 2, which has another id`,
    ]);
  });

  it("of links between ids and rows are found by verification", async () => {
    const { tables, open, insert, verify } = world();
    const store = await open();
    const batch = insert(0, 3);
    await store.commit(batch);
    await store.close();
    const [first, second] = batch.puts.map(({ id }) => id) as [Uint8Array, Uint8Array];
    tables.corrupt(tableDirectory, { key: Uint8Array.of(2, ...first), value: undefined });
    tables.corrupt(tableDirectory, { key: rowKey(1), value: undefined });
    const { problems } = await verify();
    expect(problems).toEqual([
      "row 0: its id names no row",
      `id ${Buffer.from(second).toString("hex")} names row 1, which is not there`,
      "the head record counts 3 live rows, 2 are there",
      "vector file 0 counts 3 live rows, 2 are there",
    ]);
  });

  it("of operations and their times of expiry are found by verification", async () => {
    const { tables, open, verify } = world();
    const store = await open();
    const operations = ["a", "b"].map((key) => ({ key, expiresMs: 5, value: Buffer.from(key) }));
    await store.commit({ ...emptyBatch, operations, nowMs: 0 });
    await store.close();
    expect(await verify()).toMatchObject({ operations: 2, problems: [] });
    const expiry = Uint8Array.of(6, 0, 0, 0, 0, 0, 0, 0, 5, "a".charCodeAt(0));
    tables.corrupt(tableDirectory, { key: expiry, value: undefined });
    tables.corrupt(tableDirectory, { key: Uint8Array.of(5, "b".charCodeAt(0)), value: undefined });
    const { problems } = await verify();
    expect(problems).toEqual(["operation b is not there", "operation a would never expire"]);
  });

  it("of promises and staged batches are found by verification", async () => {
    const { tables, open, insert, verify } = world();
    const store = await open();
    const batch = insert(0, 2);
    const [kept, other] = batch.puts.map(({ id }) => id) as [Uint8Array, Uint8Array];
    const promises = [
      { id: kept, promise: { ballot: "a", base: "" } },
      { id: other, promise: { ballot: "w", base: "v" } },
    ];
    const stages = ["s", "t"].map((operation) => {
      return { operation, stage: { info: new Uint8Array(3), body: new Uint8Array(200_000) } };
    });
    await store.commit({ ...batch, promises, stages, standing: Buffer.from("x") });
    await store.close();
    const partKey = (stage: number, part: number) =>
      Uint8Array.of(13, 0, 0, 0, stage, 0, 0, 0, part);
    tables.corrupt(tableDirectory, { key: partKey(0, 1), value: undefined });
    tables.corrupt(tableDirectory, { key: Uint8Array.of(12, 0x74), value: undefined });
    tables.corrupt(tableDirectory, { key: Uint8Array.of(11), value: new Uint8Array(9) });
    const report = await verify();
    expect(report).toMatchObject({ promises: 2, stages: 1 });
    expect(report.problems).toEqual([
      `id ${Buffer.from(kept).toString("hex")}: its promise was kept, and is still there`,
      "staged batch s: part 1 is not there",
      "part 0000000100000000 belongs to no staged batch",
      "part 0000000100000001 belongs to no staged batch",
      "the standing of the replica: its record does not match its checksum",
    ]);
  });

  it("of the head record stop the opening, and not the verification", async () => {
    const { tables, open, insert, verify } = world();
    const store = await open();
    await store.commit(insert(0, 3));
    await store.close();
    tables.corrupt(tableDirectory, { key: Uint8Array.of(1), value: new Uint8Array(40) });
    await expect(open()).rejects.toMatchObject({ code: "DATA_CORRUPTED" });
    expect((await verify()).problems[0]).toMatch(/head record/);
    expect((await verify()).rows).toBe(3);
  });

  it("of LMDB's file as a whole stop the opening, unless nothing was ever in it", async () => {
    const root = await mkdtemp(join(tmpdir(), "dvesp-spoilt-"));
    const options = { directory: root, disk: systemDisk, dimension } as const;
    const path = join(root, "table", "data.mdb");
    const store = await openRowStore({ ...options, mode: "write" });
    await store.commit(insertion(seededRandom(seed), { firstOrdinal: 0, dimension, count: 3 }));
    await store.close();
    const sound = await readFile(path);

    const spoilt = Buffer.from(sound);
    spoilt.fill(0xa5, 0, 64);
    for (const bytes of [spoilt, Buffer.concat([Buffer.alloc(4096), Buffer.alloc(1_000_000, 7)])]) {
      await writeFile(path, bytes);
      for (const mode of ["write", "read"] as const) {
        const opening = openRowStore({ ...options, mode });
        await expect(opening).rejects.toMatchObject({ code: "DATA_CORRUPTED" });
        await expect(openRowStore({ ...options, mode })).rejects.toThrow(/not a file of LMDB/);
      }
      expect(Buffer.compare(await readFile(path), bytes)).toBe(0);
    }

    await rm(join(root, "vectors-0000000000.f32"));
    for (const bytes of [Buffer.alloc(0), Buffer.alloc(8192), sound.subarray(0, 5000)]) {
      await writeFile(path, bytes);
      const reading = openRowStore({ ...options, mode: "read" });
      await expect(reading).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
      const fresh = await openRowStore({ ...options, mode: "write" });
      expect(storeContent(fresh)).toEqual(emptyContent);
      await fresh.close();
    }

    await writeFile(path, sound);
    await expect(openRowStore({ ...options, mode: "write" })).rejects.toThrow(/is missing/);
    await rm(root, { recursive: true });
  });

  it("in LMDB's own pages are found by reading", async () => {
    const root = await mkdtemp(join(tmpdir(), "dvesp-spoilt-"));
    const options = { directory: root, disk: systemDisk, dimension, mode: "write" } as const;
    const store = await openRowStore(options);
    const batch = insertion(seededRandom(seed), { firstOrdinal: 0, dimension, count: 20 });
    const marked = batch.puts.map((row, index) =>
      index === 5 ? replaceMetadata(row, "v", Buffer.from("find-me-in-the-page")) : row,
    );
    await store.commit({ ...batch, puts: marked });
    await store.close();
    const path = join(root, "table", "data.mdb");
    const bytes = await readFile(path);
    for (let at = 0; (at = bytes.indexOf("find-me-in", at)) >= 0;) bytes[at] = 0x46;
    await writeFile(path, bytes);
    const again = await openRowStore(options);
    const snapshot = again.snapshot();
    expect(() => snapshot.row(5)).toThrow("row 5: its record does not match its checksum");
    expect(snapshot.row(4)).toBeDefined();
    snapshot.release();
    await again.close();
    const report = await verifyRowStore({ directory: root, disk: systemDisk });
    expect(report.problems).toEqual(["row 5: its record does not match its checksum"]);
    await rm(root, { recursive: true });
  });
});
