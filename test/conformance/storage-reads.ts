/** What readers of a row store see: snapshots, walks, vectors. */
import { expect, it } from "vitest";
import { present } from "../../src/base/index.js";
import type { RowStore } from "../../src/storage/index.js";
import { dimension, type StorageContext } from "./storage-context.js";
import { allVectors, emptyBatch, hexOf, randomBytes, storeContent } from "./storage-rows.js";

export function storageReads(suite: StorageContext): void {
  it("gives a snapshot of one commit, whatever comes after, in the same turn", async () => {
    const first = suite.insert(3);
    await suite.store.commit(first);
    const old = suite.store.snapshot();
    const second = suite.insert(3);
    await suite.store.commit(second);
    const fresh = suite.store.snapshot();
    expect(old).toMatchObject({ rows: 3, appliedVersion: first.appliedVersion });
    expect(fresh).toMatchObject({ rows: 6, appliedVersion: second.appliedVersion });
    expect([...old.scanOrdinals(0)]).toEqual([0, 1, 2]);
    expect([...fresh.scanOrdinals(0)]).toEqual([0, 1, 2, 3, 4, 5]);
    expect(old.ordinalOf(present(second.puts[0], "put").id)).toBeUndefined();
    old.release();
    expect([...fresh.scanOrdinals(4)]).toEqual([4, 5]);
    fresh.release();
    fresh.release();
  });

  it("keeps a snapshot usable between two steps of its iterators", async () => {
    await suite.store.commit(suite.insert(200));
    const snapshot = suite.store.snapshot();
    const scan = snapshot.scan(0)[Symbol.iterator]();
    expect(scan.next().value).toMatchObject({ ordinal: 0 });
    await suite.store.commit(suite.insert(200));
    const rest: number[] = [];
    for (let next = scan.next(); !next.done; next = scan.next()) rest.push(next.value.ordinal);
    expect(rest).toEqual(Array.from({ length: 199 }, (_, index) => index + 1));
    snapshot.release();
    expect(() => snapshot.row(0)).toThrow(/released snapshot/);
    expect(() => [...snapshot.scan(0)]).toThrow(/released snapshot/);
  });

  it("shows a reader of its own every commit at once", async () => {
    const reader = await suite.fixture.open("read");
    await suite.store.commit(suite.insert(3));
    expect(storeContent(reader)).toEqual(storeContent(suite.store));
    await suite.store.commit(suite.insert(300));
    expect(reader).toMatchObject({ nextOrdinal: 303, rows: 303 });
    expect(storeContent(reader)).toEqual(storeContent(suite.store));
    expect(await allVectors(reader)).toEqual(await allVectors(suite.store));
    expect(reader.bytes()).toEqual(suite.store.bytes());
    await expect(reader.commit(emptyBatch)).rejects.toThrow(/does not commit/);
    await reader.close();
    await suite.store.commit(suite.insert(1));
  });

  it("knows of many ids whether any has a row or a tombstone", async () => {
    const batch = suite.insert(3);
    const [live, buried, gone] = batch.puts.map(({ id }) => id) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    await suite.store.commit(batch);
    const removes = [buried, gone].map((id, at) => ({ ordinal: 1 + at, id, keepId: false }));
    const tombstones = [{ id: buried, version: "v2" }];
    await suite.store.commit({ ...emptyBatch, removes, tombstones });
    const others = randomBytes(suite.random, 16 * 2000);
    const check = (store: RowStore): void => {
      const snapshot = store.snapshot();
      const knows = (...ids: Uint8Array[]): boolean => snapshot.knowsAny(Buffer.concat(ids));
      expect([knows(), knows(others), knows(others, gone)]).toEqual([false, false, false]);
      expect([knows(live), knows(others, buried), knows(live, others)]).toEqual([true, true, true]);
      snapshot.release();
    };
    check(suite.store);
    const reader = await suite.fixture.open("read");
    check(reader);
    await reader.close();
  });

  it("walks ids in order, from any id on", async () => {
    await suite.store.commit(suite.insert(150));
    const snapshot = suite.store.snapshot();
    const all = [...snapshot.scanIds(undefined)];
    const sorted = all.map(({ id }) => hexOf(id));
    expect(sorted).toEqual([...sorted].sort());
    expect(all).toHaveLength(150);
    for (const from of [0, 63, 64, 100, 149]) {
      const after = present(all[from], "entry").id;
      expect([...snapshot.scanIds(after)]).toEqual(all.slice(from + 1));
    }
    for (const { id, ordinal } of all) expect(snapshot.ordinalOf(id)).toBe(ordinal);
    snapshot.release();
  });

  it("remembers operations until they expire, and sweeps them a few per commit", async () => {
    const operations = Array.from({ length: 40 }, (_, index) => ({
      key: `key-${index}-é`,
      expiresMs: 5000 + index,
      value: Buffer.from(`answer ${index}`),
    }));
    await suite.store.commit({ ...emptyBatch, operations });
    const renewed = { key: "key-0-é", expiresMs: 9000, value: Buffer.from("renewed") };
    await suite.store.commit({ ...emptyBatch, operations: [renewed] });
    const answer = (key: string, nowMs: number): string | undefined => {
      const snapshot = suite.store.snapshot();
      const value = snapshot.operation(key, nowMs);
      snapshot.release();
      return value && Buffer.from(value).toString();
    };
    expect(answer("key-0-é", 5000)).toBe("renewed");
    expect(answer("key-1-é", 5000)).toBe("answer 1");
    expect(answer("key-1-é", 5001)).toBeUndefined();
    expect(answer("none", 0)).toBeUndefined();
    for (let round = 0; round < 3; round++)
      await suite.store.commit({ ...emptyBatch, nowMs: 8000 });
    expect(answer("key-0-é", 0)).toBe("renewed");
    for (let index = 1; index < 40; index++) expect(answer(`key-${index}-é`, 0)).toBeUndefined();
  });

  it("loads any run of vectors", async () => {
    const batch = suite.insert(1000);
    await suite.store.commit(batch);
    for (const [first, count] of [
      [0, 0],
      [0, 1],
      [999, 1],
      [1000, 0],
      [17, 500],
    ] as const) {
      const got: number[] = [];
      await suite.store.loadVectors(first, count, (_, rows) => got.push(...rows));
      expect(got).toEqual([
        ...batch.vectors.subarray(first * dimension, (first + count) * dimension),
      ]);
    }
    await expect(suite.store.loadVectors(1, 1000, () => undefined)).rejects.toThrow(/committed/);
    const stopping = suite.store.loadVectors(0, 1000, () => {
      throw new Error("enough");
    });
    await expect(stopping).rejects.toThrow("enough");
  });

  it("releases open snapshots when it is closed", async () => {
    await suite.store.commit(suite.insert(1));
    const snapshot = suite.store.snapshot();
    await suite.store.close();
    expect(() => snapshot.row(0)).toThrow(/released snapshot/);
    snapshot.release();
  });
}
