/** The inside of an embedded store, as its users reach it: refs, events, live queries, own actors. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { filter, firstValueFrom, map } from "rxjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { open } from "../../dist/index.js";
import type { OpenStore, StoreEvent, WatchChange } from "../../dist/index.js";

/** An actor that counts what it is told, and fails when asked to. */
const counterModule = `
  import { defineActor } from ${JSON.stringify(new URL("../../dist/index.js", import.meta.url).href)};
  export default defineActor({
    start: (context, args) => {
      let count = args?.from ?? 0;
      return {
        receive(message) {
          if (message.type === "fail") throw new Error("as asked");
          if (message.type === "thread") return context.self.address.host;
          return ++count;
        },
      };
    },
  });
`;

/** Resolves with the first \`count\` values of a stream; call before what causes them. */
function take<Value>(
  stream: { subscribe(listener: (value: Value) => void): { unsubscribe(): void } },
  count: number,
  wanted: (value: Value) => boolean = () => true,
): Promise<Value[]> {
  return new Promise((resolve) => {
    const taken: Value[] = [];
    const subscription = stream.subscribe((value) => {
      if (taken.length === count || !wanted(value)) return;
      taken.push(value);
      if (taken.length < count) return;
      resolve(taken);
      queueMicrotask(() => subscription.unsubscribe());
    });
  });
}

describe("the actor API", () => {
  let path: string;
  let module: URL;
  let store: OpenStore;
  const ids: string[] = [];

  beforeAll(async () => {
    path = await mkdtemp(join(tmpdir(), "dvesp-actors-"));
    module = pathToFileURL(join(path, "counter.mjs"));
    await writeFile(module, counterModule);
    store = await open({ path: join(path, "data"), threads: 2, test_hooks: true });
    const vectors = [0, 1, 2, 3].map((row) => [row, 1]);
    const metadata = vectors.map((_, row) => ({ row }));
    await store.create_collection({ collection: "docs", dimension: 2, distance_metric: "l2" });
    ids.push(...(await store.insert({ collection: "docs", vectors, metadata })).vector_ids);
  });
  afterAll(async () => {
    await store.close();
    await rm(path, { recursive: true, force: true });
  });

  describe("a collection's ref", () => {
    it("answers each operation as the store does", async () => {
      const docs = store.actors.collection("docs");
      const search = { query_vector: Float32Array.of(2, 1), top_k: 1 };
      const answer = await docs.ask({ type: "search", ...search }, { timeout_ms: 5000 });
      expect(answer).toMatchObject({ outcome: "ok", value: { results: [{ id: ids[2] }] } });
      const count = await docs.ask({ type: "count" }, { timeout_ms: 5000 });
      expect(count).toMatchObject({ outcome: "ok", value: { count: 4 } });
    });

    it("refuses what the store refuses, as a value", async () => {
      const docs = store.actors.collection("docs");
      const wrong = { type: "search", query_vector: [1, 2, 3], top_k: 1 } as const;
      expect(await docs.ask(wrong, { timeout_ms: 5000 })).toMatchObject({
        outcome: "refused",
        error: { code: "INVALID_ARGUMENT" },
      });
      const unknown = { type: "nonsense" } as unknown as typeof wrong;
      for (const message of [unknown, null, 7, { type: "rows_extended" }, {}]) {
        const nonsense = message as unknown as typeof wrong;
        expect((await docs.ask(nonsense, { timeout_ms: 5000 })).outcome).toBe("refused");
      }
      expect(await docs.ask({ type: "count" }, { timeout_ms: 5000 })).toMatchObject({
        outcome: "ok",
      });
    });

    it("is not to be had for a collection that is not there", () => {
      expect(() => store.actors.collection("nothing")).toThrow(
        expect.objectContaining({ code: "COLLECTION_NOT_FOUND" }) as Error,
      );
    });
  });

  describe("events$", () => {
    it("tells of writes, with what they changed", async () => {
      const writes = take<StoreEvent>(store.events$, 1, (event) => event.type === "write");
      await store.update({
        collection: "docs",
        ids: [ids[0]!],
        metadata: [{ row: 0, seen: true }],
      });
      expect(await writes).toMatchObject([{ collection: "docs", inserted: 0, updated: 1 }]);
    });

    it("goes through the operators of the user's own rxjs, which is another copy", async () => {
      const written = firstValueFrom(
        store.events$.pipe(
          filter(({ type }) => type === "write"),
          map((event) => event["collection"]),
        ),
      );
      await store.update({ collection: "docs", ids: ids.slice(0, 1), metadata: [{ row: 0 }] });
      expect(await written).toBe("docs");
    });

    it("tells of a thread that was lost and replaced, and of what restarts", async () => {
      const lost = take<StoreEvent>(store.events$, 1, (event) => event.type === "host_lost");
      const back = take<StoreEvent>(store.events$, 1, (event) => event.type === "host_replaced");
      await store.kill_thread("search-1", "exit");
      expect(await lost).toMatchObject([{ host: "main" }]);
      await back;
    });
  });

  describe("watch", () => {
    it("tells what enters, changes within, and leaves a query with filter and distance", async () => {
      const changes = take<WatchChange>(
        store.watch({
          collection: "docs",
          filter: { kind: "a" },
          near: { vector: [10, 0], max_distance: 2 },
        }),
        3,
      );
      await new Promise((resolve) => setTimeout(resolve, 100));
      const insert = (vector: number[], kind: string) =>
        store.insert({ collection: "docs", vectors: [vector], metadata: [{ kind }] });
      await insert([10, 9], "a");
      await insert([10, 1], "b");
      const [id] = (await insert([10, 1], "a")).vector_ids;
      await store.update({ collection: "docs", ids: [id!], vectors: [[11, 0]] });
      await store.update({ collection: "docs", ids: [id!], vectors: [[50, 0]] });
      expect(await changes).toMatchObject([
        { change: "enter", id, distance: 1, metadata: { kind: "a" } },
        { change: "update", id, distance: 1 },
        { change: "leave", id },
      ]);
    });

    it("goes on after the replica's thread died", async () => {
      const changes = take<WatchChange>(
        store.watch({ collection: "docs", filter: { kind: "after" } }),
        1,
      );
      await new Promise((resolve) => setTimeout(resolve, 100));
      const running = take<StoreEvent>(
        store.events$,
        1,
        (event) => event.type === "child_started" && event["child"] === "replica/docs/0",
      );
      await store.kill_thread("write-0", "exit");
      await running;
      await new Promise((resolve) => setTimeout(resolve, 200));
      const metadata = [{ kind: "after" }];
      await store.insert({ collection: "docs", vectors: [[0, 0]], metadata });
      expect(await changes).toMatchObject([{ change: "enter" }]);
    });

    it("ends with an error for a filter that is none, and for no such collection", async () => {
      const error = (options: Parameters<OpenStore["watch"]>[0]): Promise<unknown> =>
        new Promise((resolve) => store.watch(options).subscribe({ error: resolve }));
      expect(await error({ collection: "docs", filter: { a: { $near: 1 } } })).toMatchObject({
        code: "INVALID_ARGUMENT",
      });
      expect(await error({ collection: "nothing" })).toMatchObject({
        code: "COLLECTION_NOT_FOUND",
      });
      const near = { vector: [1, 2, 3], max_distance: 1 };
      expect(await error({ collection: "docs", near })).toMatchObject({
        code: "INVALID_ARGUMENT",
        field: "near.vector",
      });
      expect((await store.insert({ collection: "docs", vectors: [[5, 5]] })).status).toBe(
        "success",
      );
    });

    it("ends with an error when its collection is dropped", async () => {
      await store.insert({ collection: "passing", vectors: [[1, 1]] });
      const ended = new Promise((resolve) => {
        store.watch({ collection: "passing" }).subscribe({ error: resolve });
      });
      await store.drop_collection({ collection: "passing" });
      expect(await ended).toMatchObject({ code: "COLLECTION_NOT_FOUND" });
    });
  });

  describe("spawn", () => {
    it("runs an actor of one's own on a worker thread, with its arguments", async () => {
      const counter = await store.actors.spawn({ name: "counter", module, args: { from: 40 } });
      const ask = (type: string) => counter.ask({ type }, { timeout_ms: 5000 });
      expect(await ask("add")).toEqual({ outcome: "ok", value: 41 });
      const onThread = expect.stringMatching(/^search-/) as string;
      expect(await ask("thread")).toMatchObject({ value: onThread });
      expect(await ask("add")).toEqual({ outcome: "ok", value: 42 });
      await store.actors.stop("counter");
      expect((await ask("add")).outcome).toBe("gone");
    });

    it("starts a permanent one anew after a crash and after its thread's death", async () => {
      const counter = await store.actors.spawn({ name: "again", module });
      const ask = (type: string) => counter.ask({ type }, { timeout_ms: 5000 });
      const { host } = counter.address;
      for (const end of [() => ask("fail"), () => store.kill_thread(host, "exit")]) {
        expect(await ask("add")).toEqual({ outcome: "ok", value: 1 });
        const again = take<StoreEvent>(
          store.events$,
          1,
          (event) => event.type === "child_started" && event["child"] === "user/again",
        );
        await end();
        await again;
      }
      expect(await ask("add")).toEqual({ outcome: "ok", value: 1 });
    });

    it("refuses a name that is taken and a module that is no actor", async () => {
      await store.actors.spawn({ name: "taken", module });
      const code = (wanted: string): Error => expect.objectContaining({ code: wanted }) as Error;
      await expect(store.actors.spawn({ name: "taken", module })).rejects.toEqual(
        code("ALREADY_EXISTS"),
      );
      const missing = pathToFileURL(join(path, "missing.mjs"));
      await expect(store.actors.spawn({ name: "x", module: missing })).rejects.toThrow();
      await expect(
        store.actors.spawn({ name: "y", module: "counter.mjs" as unknown as URL }),
      ).rejects.toEqual(code("INVALID_ARGUMENT"));
    });
  });
});
