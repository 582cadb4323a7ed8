/** Which replicas are asked, when further ones are, and what is said when they do not answer. */
import { describe, expect, it } from "vitest";
import type { ConsistencyLevel, SearchMetrics } from "../../../../src/protocol/index.js";
import { LatencyQuantile } from "../../../../src/actors/reads/latency-quantile.js";
import { ReadWorld, versionOf } from "./model-reader.js";
import type { ModelReader } from "./model-reader.js";
import { getOf, searchAt } from "./requests.js";

function world(replicas = 3) {
  const made = new ReadWorld({ seed: 1, shards: 1, replicas });
  const readers = made.readers[0] as ModelReader[];
  const id = made.newId();
  for (const reader of readers) reader.rows.set(id, { version: versionOf(1), position: 1 });
  const search = (consistency_level: ConsistencyLevel, timeout_ms = 5000) =>
    made.reads.read(searchAt(0, { consistency_level, timeout_ms }));
  const asked = (): string[] =>
    readers.filter((one) => one.asked.length > 0).map(({ place }) => place.node);
  return { made, readers, search, asked };
}

async function metricsOf(made: ReadWorld, read: Promise<unknown>): Promise<SearchMetrics> {
  return ((await made.ended(read)) as { readonly metrics: SearchMetrics }).metrics;
}

describe("a level", () => {
  it.each([
    ["ONE", ["n0"]],
    ["QUORUM", ["n0", "n1"]],
    ["ALL", ["n0", "n1", "n2"]],
  ] as const)("%s asks %j, and says so", async (level, nodes) => {
    const { made, search, asked } = world();
    const metrics = await metricsOf(made, search(level));
    expect(asked()).toEqual(nodes);
    expect(metrics).toMatchObject({
      nodes_queried: nodes.length,
      consistency_level_achieved: level,
    });
  });

  it("asks the least busy where none is here, and none that is not active or alive", async () => {
    const { made, readers, search, asked } = world(5);
    const [own, busy, dead] = readers;
    Object.assign(own!, { place: { ...own!.place, state: "recovering" } });
    busy!.outstanding = 9;
    dead!.alive = false;
    readers[3]!.outstanding = 1;
    await made.ended(search("ONE"));
    expect(asked()).toEqual(["n4"]);
  });

  it("that cannot be met is refused at once, and nobody is asked", async () => {
    const { readers, search, asked } = world();
    readers[1]!.alive = false;
    readers[2]!.alive = false;
    await expect(search("QUORUM")).rejects.toMatchObject({ code: "NOT_ENOUGH_REPLICAS" });
    expect(asked()).toEqual([]);
  });

  it("counts recovering replicas as members, and asks none of them", async () => {
    const { readers, search } = world();
    for (const one of readers.slice(1)) {
      Object.assign(one, { place: { ...one.place, state: "recovering" } });
    }
    await expect(search("QUORUM")).rejects.toMatchObject({ code: "NOT_ENOUGH_REPLICAS" });
  });
});

describe("a late answer", () => {
  it("has a further replica asked, and the first answers that are enough are taken", async () => {
    const { made, readers, search, asked } = world();
    readers[1]!.delayMs = () => 10_000;
    const answer = search("QUORUM");
    await made.clock.advance(49);
    expect(asked()).toEqual(["n0", "n1"]);
    await made.clock.advance(2);
    expect(asked()).toEqual(["n0", "n1", "n2"]);
    const metrics = await metricsOf(made, answer);
    expect(metrics).toMatchObject({ nodes_queried: 3, time_ms: 51 });
    expect(made.clock.pending).toBe(0);
  });

  it("is one that takes longer than recent ones did, in bounds", () => {
    const latency = new LatencyQuantile();
    expect(latency.lateMs).toBe(50);
    for (let n = 0; n < 256; n++) latency.note(1);
    expect(latency.lateMs).toBe(20);
    for (let n = 0; n < 256; n++) latency.note(n % 10 === 0 ? 200 : 30);
    expect(latency.lateMs).toBe(200);
    for (let n = 0; n < 256; n++) latency.note(4000);
    expect(latency.lateMs).toBe(500);
  });
});

describe("a replica that does not answer", () => {
  it.each([
    { outcome: "gone" },
    { outcome: "timeout" },
    { outcome: "refused", error: { code: "OVERLOADED", message: "full" } },
    { outcome: "refused", error: { code: "DATA_CORRUPTED", message: "damaged" } },
  ] as const)("as $outcome has another one asked at once", async (end) => {
    const { made, readers, search, asked } = world();
    readers[0]!.end = end;
    const metrics = await metricsOf(made, search("QUORUM"));
    expect(asked()).toEqual(["n0", "n1", "n2"]);
    expect(metrics.time_ms).toBe(2);
  });

  it("because of a damaged row is given what the others have of it", async () => {
    const { made, readers } = world();
    const id = made.newId();
    for (const reader of readers) reader.rows.set(id, { version: versionOf(1), position: 1 });
    readers[0]!.end = { outcome: "refused", error: { code: "DATA_CORRUPTED", message: "damaged" } };
    const found = await made.ended(made.reads.read(getOf([id], { consistency_level: "QUORUM" })));
    expect(found).toMatchObject({ rows: [{ id }] });
    expect(made.stale).toMatchObject([{ shard: 0, place: { node: "n0" }, ids: [id] }]);
  });

  it.each([
    [{ outcome: "gone" }, "NOT_ENOUGH_REPLICAS"],
    [{ outcome: "timeout" }, "TIMEOUT"],
    [{ outcome: "refused", error: { code: "OVERLOADED", message: "full" } }, "OVERLOADED"],
  ] as const)("as %j fails the read once no other is left", async (end, code) => {
    const { made, readers, search } = world();
    for (const one of readers.slice(1)) one.end = end;
    await expect(made.ended(search("QUORUM"))).rejects.toMatchObject({ code });
  });

  it("for a reason that all would have ends the read", async () => {
    const { made, readers, search, asked } = world();
    const error = { code: "INVALID_ARGUMENT", message: "no" } as const;
    readers[0]!.end = { outcome: "refused", error };
    await expect(made.ended(search("ONE"))).rejects.toMatchObject(error);
    expect(asked()).toEqual(["n0"]);
  });
});

describe("a batch", () => {
  it("is answered in order, or with the error of its first query that has one", async () => {
    const { made, readers } = world();
    const queries = Array.from({ length: 40 }, (_, n) => searchAt(n));
    const batch = { operation: "search_batch", collection: "c", queries } as const;
    const answers = await made.ended(made.reads.read(batch));
    const distances = (answers as unknown as { answers: { rows: { distance: number }[] }[] })
      .answers;
    expect(distances.map(({ rows }) => rows[0]?.distance)).toEqual(
      queries.map((_, n) => Math.abs(1 - n)),
    );
    readers[2]!.end = { outcome: "timeout" };
    await expect(made.ended(made.reads.read(batch))).rejects.toMatchObject({ code: "TIMEOUT" });
  });
});
