/** What a row store keeps of promises, staged batches and standing. */
import { expect, it } from "vitest";
import { present } from "../../src/base/index.js";
import type { StorageContext } from "./storage-context.js";
import { emptyBatch, randomBytes, storeContent } from "./storage-rows.js";

export function storageReplication(suite: StorageContext): void {
  it("keeps promises until they are removed, and replaces them", async () => {
    const id = randomBytes(suite.random, 16);
    const promise = (ballot: string, base: string) => [{ id, promise: { ballot, base } }];
    await suite.store.commit({ ...emptyBatch, promises: promise("b1", "") });
    await suite.store.commit({ ...emptyBatch, promises: promise("b2", "b1") });
    await suite.reopen();
    const snapshot = suite.store.snapshot();
    expect([...snapshot.promises()]).toEqual([{ id: Buffer.from(id), ballot: "b2", base: "b1" }]);
    snapshot.release();
    await suite.store.commit({ ...emptyBatch, promises: [{ id, promise: undefined }] });
    expect(storeContent(suite.store).promises).toEqual({});
  });

  it("keeps staged batches of several parts whole, apart from each other", async () => {
    const stageOf = (bytes: number) => ({
      info: randomBytes(suite.random, 20),
      body: randomBytes(suite.random, bytes),
    });
    const stages = [300_000, 0, 5, 131_072].map((bytes, index) => ({
      operation: `o:${index}`,
      stage: stageOf(bytes),
    }));
    await suite.store.commit({ ...emptyBatch, stages: stages.slice(0, 2) });
    await suite.store.commit({ ...emptyBatch, stages: stages.slice(2) });
    await suite.reopen();
    for (const { operation, stage } of stages) {
      const snapshot = suite.store.snapshot();
      const found = present(snapshot.stage(operation), operation);
      expect(Buffer.compare(found.info, stage.info)).toBe(0);
      expect(Buffer.compare(found.body, stage.body)).toBe(0);
      snapshot.release();
    }
    const [first, second] = [present(stages[0], "first"), present(stages[1], "second")];
    const shorter = { operation: first.operation, stage: stageOf(7) };
    const gone = { operation: second.operation, stage: undefined };
    const unknown = { operation: "o:unknown", stage: undefined };
    await suite.store.commit({ ...emptyBatch, stages: [shorter, gone, unknown] });
    const { stages: left } = storeContent(suite.store);
    expect(Object.keys(left)).toEqual(["o:0", "o:2", "o:3"]);
    expect(left["o:0"]?.split(" ")[1]).toHaveLength(14);
  });

  it("keeps the standing of the replica until it is replaced", async () => {
    const snapshot = suite.store.snapshot();
    expect(snapshot.standing).toBeUndefined();
    snapshot.release();
    await suite.store.commit({ ...emptyBatch, standing: Buffer.from("first") });
    await suite.store.commit(emptyBatch);
    await suite.reopen();
    expect(storeContent(suite.store).standing).toBe(Buffer.from("first").toString("hex"));
  });

  it("walks operations of a prefix in order, a page at a time", async () => {
    const operations = ["a", "r:1", "r:2", "r:30", "r:é", "s"].map((key, index) => ({
      key,
      expiresMs: index === 2 ? 1500 : 9000,
      value: Buffer.from(key),
    }));
    await suite.store.commit({ ...emptyBatch, operations });
    const snapshot = suite.store.snapshot();
    const keys = (after: string): string[] =>
      [...snapshot.operations("r:", after, 2000)].map(({ key }) => key);
    expect(keys("")).toEqual(["r:1", "r:30", "r:é"]);
    expect(keys("r:1")).toEqual(["r:30", "r:é"]);
    expect(keys("r:é")).toEqual([]);
    snapshot.release();
  });

  it("walks tombstones from any id on", async () => {
    const ids = Array.from({ length: 20 }, (_, index) => new Uint8Array(16).fill(index + 1));
    const tombstones = ids.map((id) => ({ id, version: "d" }));
    await suite.store.commit({ ...emptyBatch, tombstones });
    const snapshot = suite.store.snapshot();
    expect([...snapshot.tombstones(ids[4])].map(({ id }) => id[0])).toEqual(
      Array.from({ length: 15 }, (_, index) => index + 6),
    );
    snapshot.release();
  });
}
