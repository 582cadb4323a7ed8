/** What commits of a row store do, and refuse. */
import { expect, it } from "vitest";
import { present } from "../../src/base/index.js";
import { dimension, type StorageContext } from "./storage-context.js";
import {
  allVectors,
  applied,
  emptyBatch,
  emptyContent,
  hexOf,
  randomBatch,
  randomBytes,
  randomColumns,
  replaceMetadata,
  storeContent,
} from "./storage-rows.js";

export function storageWrites(suite: StorageContext): void {
  it("is empty at first", async () => {
    expect(storeContent(suite.store)).toEqual(emptyContent);
    expect(suite.store).toMatchObject({ dimension, nextOrdinal: 0, rows: 0, appliedVersion: "" });
    expect(suite.store.bytes().vectors_disk).toBe(0);
    expect(suite.store.bytes().rows_disk).toBeGreaterThan(0);
    expect(await allVectors(suite.store)).toEqual(new Float32Array(0));
  });

  it("holds rows with their vectors, and still does when opened anew", async () => {
    const batch = suite.insert(5);
    await suite.store.commit(batch);
    for (let round = 0; round < 2; round++) {
      expect(suite.store).toMatchObject({ nextOrdinal: 5, rows: 5 });
      expect(suite.store.appliedVersion).toBe(batch.appliedVersion);
      expect(await allVectors(suite.store)).toEqual(batch.vectors);
      const snapshot = suite.store.snapshot();
      for (const row of batch.puts) {
        const found = present(snapshot.row(row.ordinal), "row");
        expect(found.metadata).toEqual(Buffer.from(row.metadata));
        expect({ ...found, id: hexOf(found.id), metadata: "" }).toEqual({
          ...row,
          id: hexOf(row.id),
          metadata: "",
        });
        expect(snapshot.ordinalOf(row.id)).toBe(row.ordinal);
      }
      expect(snapshot.row(5)).toBeUndefined();
      expect(snapshot.row(2 ** 32 - 1)).toBeUndefined();
      expect(snapshot.ordinalOf(randomBytes(suite.random, 16))).toBeUndefined();
      snapshot.release();
      await suite.reopen();
    }
  });

  it("follows a plain model through a random history, across vector files", async () => {
    let content = emptyContent;
    const vectors: number[] = [];
    for (let step = 0; step < 40; step++) {
      const batch = randomBatch(suite.random, suite.store, { rowsMax: 20 });
      await suite.store.commit(batch);
      for (let upkeep = step % 5; upkeep > 0; upkeep--) await suite.store.maintain();
      content = applied(content, batch, dimension);
      vectors.push(...(batch.vectors ?? []));
      expect(storeContent(suite.store)).toEqual(content);
      expect(suite.store.rows).toBe(Object.keys(content.rows).length);
      if (step % 8 === 0) await suite.reopen();
    }
    const stored = await allVectors(suite.store);
    // A file whose rows are all gone may have been given back.
    for (const ordinal of Object.keys(content.rows).map(Number)) {
      const at = [ordinal * dimension, (ordinal + 1) * dimension] as const;
      expect([...stored.subarray(...at)]).toEqual(vectors.slice(...at));
    }
    expect(suite.store.nextOrdinal).toBeGreaterThan(200);
  });

  it("rewrites a record under its ordinal", async () => {
    const batch = suite.insert(2);
    await suite.store.commit(batch);
    const row = replaceMetadata(present(batch.puts[1], "put"), "v-new", Buffer.from("new"));
    await suite.store.commit({ ...emptyBatch, puts: [row], appliedVersion: "v-new" });
    expect(suite.store).toMatchObject({ rows: 2, nextOrdinal: 2 });
    const snapshot = suite.store.snapshot();
    expect(Buffer.from(present(snapshot.row(1), "row").metadata).toString()).toBe("new");
    snapshot.release();
  });

  it("moves an id to its new row, and forgets one that is deleted", async () => {
    const batch = suite.insert(2);
    await suite.store.commit(batch);
    const [kept, gone] = batch.puts.map(({ id }) => id) as [Uint8Array, Uint8Array];
    const next = suite.insert(1);
    await suite.store.commit({
      ...next,
      puts: [{ ...present(next.puts[0], "put"), id: kept }],
      removes: [
        { ordinal: 0, id: kept, keepId: true },
        { ordinal: 1, id: gone, keepId: false },
      ],
      tombstones: [{ id: gone, version: "d1" }],
    });
    const snapshot = suite.store.snapshot();
    expect(snapshot.ordinalOf(kept)).toBe(2);
    expect(snapshot.ordinalOf(gone)).toBeUndefined();
    expect(snapshot.tombstone(gone)).toBe("d1");
    expect(snapshot.tombstone(kept)).toBeUndefined();
    expect(snapshot).toMatchObject({ rows: 1, nextOrdinal: 3 });
    snapshot.release();
    await suite.store.commit({ ...emptyBatch, untombstone: [gone] });
    const later = suite.store.snapshot();
    expect([...later.tombstones()]).toEqual([]);
    later.release();
  });

  it("never gives an ordinal again, also when its row and all after it are gone", async () => {
    const batch = suite.insert(3);
    await suite.store.commit(batch);
    const removes = batch.puts.map(({ ordinal, id }) => ({ ordinal, id, keepId: false }));
    await suite.store.commit({ ...emptyBatch, removes });
    await suite.reopen();
    expect(suite.store).toMatchObject({ nextOrdinal: 3, rows: 0 });
    await suite.store.commit(suite.insert(1));
    const snapshot = suite.store.snapshot();
    expect([...snapshot.scanOrdinals(0)]).toEqual([3]);
    snapshot.release();
  });

  it("keeps settings until they are replaced", async () => {
    const settings = (): string => {
      const snapshot = suite.store.snapshot();
      const text = Buffer.from(snapshot.settings).toString();
      snapshot.release();
      return text;
    };
    expect(settings()).toBe("first");
    await suite.store.commit({ ...emptyBatch, settings: Buffer.from("second") });
    await suite.store.commit(emptyBatch);
    await suite.reopen();
    expect(settings()).toBe("second");
  });

  it("takes metadata of 64 KiB and values of megabytes whole", async () => {
    const { vectors, puts } = suite.insert(1);
    const big = replaceMetadata(present(puts[0], "put"), "v", randomBytes(suite.random, 64 * 1024));
    const value = randomBytes(suite.random, 4 * 1024 * 1024);
    const operations = [{ key: "big", expiresMs: 9000, value }];
    await suite.store.commit({ ...emptyBatch, vectors, puts: [big], operations });
    const snapshot = suite.store.snapshot();
    expect(Buffer.compare(present(snapshot.row(0), "row").metadata, big.metadata)).toBe(0);
    expect(Buffer.compare(present(snapshot.operation("big", 0), "value"), value)).toBe(0);
    snapshot.release();
  });

  it("refuses what contradicts the rows that are there, and stays as it was", async () => {
    const batch = suite.insert(2);
    await suite.store.commit(batch);
    const row = present(batch.puts[0], "put");
    const before = storeContent(suite.store);
    const gone = { ordinal: 7, id: row.id, keepId: false };
    const wrong = { ordinal: 1, id: row.id, keepId: false };
    const beyond = { ...row, ordinal: 2 };
    const at = { firstOrdinal: 2, dimension, count: 3 };
    const { columns, vectors } = randomColumns(suite.random, at);
    const refused = [
      { ...emptyBatch, columns },
      { ...emptyBatch, columns: { ...columns, firstOrdinal: 1 }, vectors },
      { ...emptyBatch, columns: { ...columns, firstOrdinal: 3 }, vectors },
      { ...emptyBatch, columns: { ...columns, vectorCrcs: new Uint32Array(2) }, vectors },
      { ...emptyBatch, columns, puts: [{ ...row, ordinal: 4 }], vectors },
      { ...suite.insert(2), removes: [gone] },
      { ...suite.insert(2), removes: [wrong] },
      { ...emptyBatch, puts: [beyond] },
      { ...emptyBatch, puts: [row, row] },
      { ...emptyBatch, puts: [row], removes: [{ ...gone, ordinal: 0 }] },
      { ...emptyBatch, vectors: new Float32Array(dimension + 1) },
    ];
    for (const bad of refused) await expect(suite.store.commit(bad)).rejects.toThrow();
    expect(storeContent(suite.store)).toEqual(before);
    await suite.store.commit(suite.insert(2));
    expect(suite.store.rows).toBe(4);
  });

  it("commits one batch at a time", async () => {
    const first = suite.store.commit(suite.insert(1));
    await expect(suite.store.commit(emptyBatch)).rejects.toThrow(/one commit at a time/);
    await first;
    expect(suite.store.rows).toBe(1);
  });

  it("takes vectors that are on their way already", async () => {
    const batch = suite.insert(40);
    suite.store.stageVectors(batch.vectors);
    const ready: number[] = [];
    await suite.store.commit(batch, () => ready.push(suite.store.nextOrdinal));
    expect(ready).toEqual([0]);
    expect(await allVectors(suite.store)).toEqual(batch.vectors);
    suite.store.stageVectors(suite.insert(3).vectors);
    await expect(suite.store.commit(suite.insert(3))).rejects.toThrow(/that were staged/);
  });

  it("waits with closing for the commit under way, and refuses what comes later", async () => {
    const committing = suite.store.commit(suite.insert(3));
    await suite.store.close();
    await committing;
    await expect(suite.store.commit(emptyBatch)).rejects.toMatchObject({ code: "CLOSED" });
    expect(() => suite.store.snapshot()).toThrow(/is closed/);
    await suite.reopen();
    expect(suite.store.rows).toBe(3);
  });

  it("refuses another dimension", async () => {
    await suite.store.close();
    const other = suite.fixture.open("write", { dimension: dimension + 1 });
    await expect(other).rejects.toMatchObject({ code: "DATA_CORRUPTED" });
    await suite.reopen();
  });
}
