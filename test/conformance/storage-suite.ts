/** What every row store promises; run on LMDB with real files, and on the twin in memory. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { present, seededRandom } from "../../src/base/index.js";
import type { RowStore } from "../../src/storage/index.js";
import {
  allVectors,
  applied,
  emptyBatch,
  emptyContent,
  hexOf,
  insertion,
  randomBatch,
  randomBytes,
  replaceMetadata,
  storeContent,
} from "./storage-rows.js";

export interface StorageFixture {
  /** Opens the one store of the fixture; small vector files, so that tests cross them. */
  open(mode: "write" | "read", changes?: { dimension?: number }): Promise<RowStore>;
  dispose(): Promise<void>;
}

const dimension = 8;
const seed = Number(process.env.SEED ?? 20_250_101);

export function storageSuite(name: string, make: () => Promise<StorageFixture>): void {
  describe(`row store: ${name} (SEED=${seed})`, () => {
    let fixture: StorageFixture;
    let store: RowStore;
    const random = seededRandom(seed);
    const insert = (count: number, firstOrdinal = store.nextOrdinal) =>
      insertion(random, { firstOrdinal, dimension, count });

    beforeEach(async () => {
      fixture = await make();
      store = await fixture.open("write");
    });
    afterEach(async () => {
      await store.close();
      await fixture.dispose();
    });

    async function reopen(): Promise<void> {
      await store.close();
      store = await fixture.open("write");
    }

    it("is empty at first", async () => {
      expect(storeContent(store)).toEqual(emptyContent);
      expect(store).toMatchObject({ dimension, nextOrdinal: 0, rows: 0, appliedVersion: "" });
      expect(store.bytes().vectors_disk).toBe(0);
      expect(store.bytes().rows_disk).toBeGreaterThan(0);
      expect(await allVectors(store)).toEqual(new Float32Array(0));
    });

    it("holds rows with their vectors, and still does when opened anew", async () => {
      const batch = insert(5);
      await store.commit(batch);
      for (let round = 0; round < 2; round++) {
        expect(store).toMatchObject({ nextOrdinal: 5, rows: 5 });
        expect(store.appliedVersion).toBe(batch.appliedVersion);
        expect(await allVectors(store)).toEqual(batch.vectors);
        const snapshot = store.snapshot();
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
        expect(snapshot.ordinalOf(randomBytes(random, 16))).toBeUndefined();
        snapshot.release();
        await reopen();
      }
    });

    it("follows a plain model through a random history, across vector files", async () => {
      let content = emptyContent;
      const vectors: number[] = [];
      for (let step = 0; step < 40; step++) {
        const batch = randomBatch(random, store, { rowsMax: 20 });
        await store.commit(batch);
        content = applied(content, batch, dimension);
        vectors.push(...(batch.vectors ?? []));
        expect(storeContent(store)).toEqual(content);
        expect(store.rows).toBe(Object.keys(content.rows).length);
        if (step % 8 === 0) await reopen();
      }
      expect(await allVectors(store)).toEqual(Float32Array.from(vectors));
      expect(store.nextOrdinal).toBeGreaterThan(200);
    });

    it("gives a snapshot of one commit, whatever comes after, in the same turn", async () => {
      const first = insert(3);
      await store.commit(first);
      const old = store.snapshot();
      const second = insert(3);
      await store.commit(second);
      const fresh = store.snapshot();
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
      await store.commit(insert(200));
      const snapshot = store.snapshot();
      const scan = snapshot.scan(0)[Symbol.iterator]();
      expect(scan.next().value).toMatchObject({ ordinal: 0 });
      await store.commit(insert(200));
      const rest: number[] = [];
      for (let next = scan.next(); !next.done; next = scan.next()) rest.push(next.value.ordinal);
      expect(rest).toEqual(Array.from({ length: 199 }, (_, index) => index + 1));
      snapshot.release();
      expect(() => snapshot.row(0)).toThrow(/released snapshot/);
      expect(() => [...snapshot.scan(0)]).toThrow(/released snapshot/);
    });

    it("shows a reader of its own every commit at once", async () => {
      const reader = await fixture.open("read");
      await store.commit(insert(3));
      expect(storeContent(reader)).toEqual(storeContent(store));
      await store.commit(insert(300));
      expect(reader).toMatchObject({ nextOrdinal: 303, rows: 303 });
      expect(storeContent(reader)).toEqual(storeContent(store));
      expect(await allVectors(reader)).toEqual(await allVectors(store));
      expect(reader.bytes()).toEqual(store.bytes());
      await expect(reader.commit(emptyBatch)).rejects.toThrow(/does not commit/);
      await reader.close();
      await store.commit(insert(1));
    });

    it("walks ids in order, from any id on", async () => {
      await store.commit(insert(150));
      const snapshot = store.snapshot();
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

    it("rewrites a record under its ordinal", async () => {
      const batch = insert(2);
      await store.commit(batch);
      const row = replaceMetadata(present(batch.puts[1], "put"), "v-new", Buffer.from("new"));
      await store.commit({ ...emptyBatch, puts: [row], appliedVersion: "v-new" });
      expect(store).toMatchObject({ rows: 2, nextOrdinal: 2 });
      const snapshot = store.snapshot();
      expect(Buffer.from(present(snapshot.row(1), "row").metadata).toString()).toBe("new");
      snapshot.release();
    });

    it("moves an id to its new row, and forgets one that is deleted", async () => {
      const batch = insert(2);
      await store.commit(batch);
      const [kept, gone] = batch.puts.map(({ id }) => id) as [Uint8Array, Uint8Array];
      const next = insert(1);
      await store.commit({
        ...next,
        puts: [{ ...present(next.puts[0], "put"), id: kept }],
        removes: [
          { ordinal: 0, id: kept, keepId: true },
          { ordinal: 1, id: gone, keepId: false },
        ],
        tombstones: [{ id: gone, version: "d1" }],
      });
      const snapshot = store.snapshot();
      expect(snapshot.ordinalOf(kept)).toBe(2);
      expect(snapshot.ordinalOf(gone)).toBeUndefined();
      expect(snapshot.tombstone(gone)).toBe("d1");
      expect(snapshot.tombstone(kept)).toBeUndefined();
      expect(snapshot).toMatchObject({ rows: 1, nextOrdinal: 3 });
      snapshot.release();
      await store.commit({ ...emptyBatch, untombstone: [gone] });
      const later = store.snapshot();
      expect([...later.tombstones()]).toEqual([]);
      later.release();
    });

    it("never gives an ordinal again, also when its row and all after it are gone", async () => {
      const batch = insert(3);
      await store.commit(batch);
      const removes = batch.puts.map(({ ordinal, id }) => ({ ordinal, id, keepId: false }));
      await store.commit({ ...emptyBatch, removes });
      await reopen();
      expect(store).toMatchObject({ nextOrdinal: 3, rows: 0 });
      await store.commit(insert(1));
      const snapshot = store.snapshot();
      expect([...snapshot.scanOrdinals(0)]).toEqual([3]);
      snapshot.release();
    });

    it("remembers operations until they expire, and sweeps them a few per commit", async () => {
      const operations = Array.from({ length: 40 }, (_, index) => ({
        key: `key-${index}-é`,
        expiresMs: 5000 + index,
        value: Buffer.from(`answer ${index}`),
      }));
      await store.commit({ ...emptyBatch, operations });
      const renewed = { key: "key-0-é", expiresMs: 9000, value: Buffer.from("renewed") };
      await store.commit({ ...emptyBatch, operations: [renewed] });
      const answer = (key: string, nowMs: number): string | undefined => {
        const snapshot = store.snapshot();
        const value = snapshot.operation(key, nowMs);
        snapshot.release();
        return value && Buffer.from(value).toString();
      };
      expect(answer("key-0-é", 5000)).toBe("renewed");
      expect(answer("key-1-é", 5000)).toBe("answer 1");
      expect(answer("key-1-é", 5001)).toBeUndefined();
      expect(answer("none", 0)).toBeUndefined();
      for (let round = 0; round < 3; round++) await store.commit({ ...emptyBatch, nowMs: 8000 });
      expect(answer("key-0-é", 0)).toBe("renewed");
      for (let index = 1; index < 40; index++) expect(answer(`key-${index}-é`, 0)).toBeUndefined();
    });

    it("keeps settings until they are replaced", async () => {
      const settings = (): string => {
        const snapshot = store.snapshot();
        const text = Buffer.from(snapshot.settings).toString();
        snapshot.release();
        return text;
      };
      expect(settings()).toBe("first");
      await store.commit({ ...emptyBatch, settings: Buffer.from("second") });
      await store.commit(emptyBatch);
      await reopen();
      expect(settings()).toBe("second");
    });

    it("loads any run of vectors", async () => {
      const batch = insert(1000);
      await store.commit(batch);
      for (const [first, count] of [
        [0, 0],
        [0, 1],
        [999, 1],
        [1000, 0],
        [17, 500],
      ] as const) {
        const got: number[] = [];
        await store.loadVectors(first, count, (_, rows) => got.push(...rows));
        expect(got).toEqual([
          ...batch.vectors.subarray(first * dimension, (first + count) * dimension),
        ]);
      }
      await expect(store.loadVectors(1, 1000, () => undefined)).rejects.toThrow(/committed/);
      const stopping = store.loadVectors(0, 1000, () => {
        throw new Error("enough");
      });
      await expect(stopping).rejects.toThrow("enough");
    });

    it("takes metadata of 64 KiB and values of megabytes whole", async () => {
      const { vectors, puts } = insert(1);
      const big = replaceMetadata(present(puts[0], "put"), "v", randomBytes(random, 64 * 1024));
      const value = randomBytes(random, 4 * 1024 * 1024);
      const operations = [{ key: "big", expiresMs: 9000, value }];
      await store.commit({ ...emptyBatch, vectors, puts: [big], operations });
      const snapshot = store.snapshot();
      expect(Buffer.compare(present(snapshot.row(0), "row").metadata, big.metadata)).toBe(0);
      expect(Buffer.compare(present(snapshot.operation("big", 0), "value"), value)).toBe(0);
      snapshot.release();
    });

    it("refuses what contradicts the rows that are there, and stays as it was", async () => {
      const batch = insert(2);
      await store.commit(batch);
      const row = present(batch.puts[0], "put");
      const before = storeContent(store);
      const gone = { ordinal: 7, id: row.id, keepId: false };
      const wrong = { ordinal: 1, id: row.id, keepId: false };
      const beyond = { ...row, ordinal: 2 };
      const refused = [
        { ...insert(2), removes: [gone] },
        { ...insert(2), removes: [wrong] },
        { ...emptyBatch, puts: [beyond] },
        { ...emptyBatch, puts: [row, row] },
        { ...emptyBatch, puts: [row], removes: [{ ...gone, ordinal: 0 }] },
        { ...emptyBatch, vectors: new Float32Array(dimension + 1) },
      ];
      for (const bad of refused) await expect(store.commit(bad)).rejects.toThrow();
      expect(storeContent(store)).toEqual(before);
      await store.commit(insert(2));
      expect(store.rows).toBe(4);
    });

    it("commits one batch at a time", async () => {
      const first = store.commit(insert(1));
      await expect(store.commit(emptyBatch)).rejects.toThrow(/one commit at a time/);
      await first;
      expect(store.rows).toBe(1);
    });

    it("waits with closing for the commit under way, and refuses what comes later", async () => {
      const committing = store.commit(insert(3));
      await store.close();
      await committing;
      await expect(store.commit(emptyBatch)).rejects.toMatchObject({ code: "CLOSED" });
      expect(() => store.snapshot()).toThrow(/is closed/);
      await reopen();
      expect(store.rows).toBe(3);
    });

    it("releases open snapshots when it is closed", async () => {
      await store.commit(insert(1));
      const snapshot = store.snapshot();
      await store.close();
      expect(() => snapshot.row(0)).toThrow(/released snapshot/);
      snapshot.release();
    });

    it("refuses another dimension", async () => {
      await store.close();
      const other = fixture.open("write", { dimension: dimension + 1 });
      await expect(other).rejects.toMatchObject({ code: "DATA_CORRUPTED" });
      await reopen();
    });
  });
}
