import { describe, expect, it, vi } from "vitest";
import { seededRandom } from "../../../src/base/index.js";
import { Deadline } from "../../../src/actors/searcher/deadline.js";
import { deleteOf, insertOf, uuidOf, vectorOf } from "../../support/replica-world.js";
import { SearcherWorld, metadataOf, numbersOf, searchFor } from "./searcher-world.js";

const seed = Number(process.env.SEED ?? 5);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

async function worldWith(count: number): Promise<SearcherWorld> {
  const world = await SearcherWorld.open();
  const { replica } = world;
  await replica.replica.write(
    replica.message(insertOf(upTo(count), (n) => ({ n, even: n % 2 === 0 }))),
  );
  return world;
}

describe("a search", () => {
  it("finds the nearest, nearest first, with what was asked for", async () => {
    const world = await worldWith(100);
    const { rows, exact } = world.search(40, { include_vectors: true, top_k: 3 });
    expect(numbersOf(rows)[0]).toBe(40);
    expect(new Set(numbersOf(rows))).toEqual(new Set([39, 40, 41]));
    expect(rows.map(({ distance }) => distance)).toEqual([
      0,
      Math.fround(Math.SQRT2),
      Math.fround(Math.SQRT2),
    ]);
    expect([...(rows[0]?.vector ?? [])]).toEqual(vectorOf(40).map((one) => one + 0));
    expect(metadataOf(rows[0])).toEqual({ n: 40, even: true });
    expect(rows[0]?.version).toBe(world.reader.appliedVersion());
    expect(exact).toBe(true);
    const bare = world.search(40, { include_metadata: false }).rows[0];
    expect(Object.keys(bare ?? {}).sort()).toEqual(["distance", "id", "version"]);
  });

  it("is short while few rows stand in no index", async () => {
    const world = await worldWith(10);
    const isShort = (filter?: { even: boolean }): boolean =>
      world.reader.isShort(searchFor(1, { filter }));
    expect([isShort(), isShort({ even: true })]).toEqual([true, true]);
    const few = Math.floor(2 ** 18 / world.store.dimension);
    world.publishUncommitted(upTo(few - 9));
    expect(isShort()).toBe(false);
  });

  it("skips `offset` rows, and ends where there are no more", async () => {
    const world = await worldWith(30);
    const page = (offset: number, top_k: number): number[] =>
      numbersOf(world.search(0, { offset, top_k }).rows);
    expect(page(0, 5)).toEqual([0, 1, 2, 3, 4]);
    expect(page(5, 5)).toEqual([5, 6, 7, 8, 9]);
    expect(page(28, 5)).toEqual([28, 29]);
    expect(page(30, 5)).toEqual([]);
    expect(page(0, 1000)).toEqual(upTo(30));
  });

  it("leaves out what is farther than max_distance", async () => {
    const world = await worldWith(30);
    const near = world.search(0, { max_distance: 3 * Math.SQRT2 + 0.01, top_k: 20 });
    expect(numbersOf(near.rows)).toEqual([0, 1, 2, 3]);
    expect(world.search(100, { max_distance: 1 }).rows).toEqual([]);
  });

  it("finds only rows that the filter admits, however far they are", async () => {
    const world = await worldWith(50);
    const odd = world.search(0, { filter: { even: false }, top_k: 4, explain: true });
    expect(numbersOf(odd.rows)).toEqual([1, 3, 5, 7]);
    expect(odd.plan).toMatchObject({ admitted_rows: 25, fresh_rows: 50, indexed_rows: 0 });
    const far = world.search(0, { filter: { n: { $gte: 48 } }, top_k: 4 });
    expect(numbersOf(far.rows)).toEqual([48, 49]);
    expect(world.search(0, { filter: { n: 1000 } }).rows).toEqual([]);
    const wrong = { filter: { n: { $near: 1 } } };
    expect(() => world.search(0, wrong)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }) as Error,
    );
  });

  it("uses the metric asked for", async () => {
    const world = await worldWith(30);
    const { rows } = world.search(3, { distance_metric: "dot_product", top_k: 2 });
    expect(numbersOf(rows)).toEqual([29, 28]);
    expect(rows[0]?.distance).toBe(-(3 * 29 * 2 + 1));
  });

  it("refuses another dimension", async () => {
    const world = await worldWith(1);
    expect(() => world.search(0, { query_vector: new Float32Array(3) })).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", field: "query_vector" }) as Error,
    );
  });

  it("answers from nothing", async () => {
    const world = await SearcherWorld.open();
    expect(world.search(1).rows).toEqual([]);
    expect(world.search(1, { filter: { n: 1 } }).rows).toEqual([]);
  });

  it("stops when its time is over", async () => {
    const world = await worldWith(10);
    const { clock } = world.replica;
    const late = new Deadline(clock, clock.now() - 100, 100);
    expect(() => world.reader.search(searchFor(1), late)).toThrow(
      expect.objectContaining({ code: "TIMEOUT" }) as Error,
    );
  });
});

describe("a search sees whole commits only", () => {
  it.each([1, 10, 100, 1000])("beside %d rows that are not committed yet", async (count) => {
    const world = await worldWith(40);
    world.publishUncommitted(new Array<number>(count).fill(20));
    const { rows } = world.search(20, { top_k: 40 });
    expect(rows).toHaveLength(40);
    expect(new Set(numbersOf(rows))).toEqual(new Set(upTo(40)));
    expect(numbersOf(world.search(20, { top_k: 1 }).rows)).toEqual([20]);
    const even = world.search(20, { filter: { even: true }, top_k: 3 });
    expect(new Set(numbersOf(even.rows))).toEqual(new Set([18, 20, 22]));
  });

  it("after deletions and replacements whose rows are still in memory", async () => {
    const world = await worldWith(60);
    const { replica } = world;
    await replica.replica.write(replica.message(deleteOf(upTo(30))));
    await replica.replica.write(replica.message(insertOf(upTo(60).slice(40, 50))));
    expect(replica.rows.dead).toBe(0);
    const { rows } = world.search(0, { top_k: 60 });
    expect(numbersOf(rows)).toEqual(upTo(60).slice(30));
    expect(numbersOf(world.search(45, { top_k: 1 }).rows)).toEqual([45]);
    await replica.clock.advance(70_000);
    expect(replica.rows.dead).toBe(40);
    expect(numbersOf(world.search(0, { top_k: 60 }).rows)).toEqual(upTo(60).slice(30));
  });

  it("again when rows were taken back while it looked", async () => {
    const world = await worldWith(20);
    world.publishUncommitted([7, 7, 7]);
    const search = world.index.search.bind(world.index);
    const spy = vi.spyOn(world.index, "search").mockImplementationOnce((query) => {
      const answer = search(query);
      world.replica.rows.truncate(20);
      world.publishUncommitted([19, 19, 19]);
      return answer;
    });
    const { rows } = world.search(7, { top_k: 1 });
    expect(numbersOf(rows)).toEqual([7]);
    expect(spy).toHaveBeenCalledTimes(2);
  });

  it("whatever was written, deleted and left behind before", async () => {
    const random = seededRandom(seed);
    const world = await worldWith(50);
    const { replica } = world;
    const live = new Set(upTo(50));
    for (let step = 0; step < 40; step++) {
      const n = random.uint32() % 80;
      const write = random.uint32() % 3 === 0 ? deleteOf([n]) : insertOf([n, n + 1]);
      if (write.kind === "delete") live.delete(n);
      else [n, n + 1].forEach((one) => live.add(one));
      await replica.replica.write(replica.message(write));
      if (step % 10 === 5) await replica.clock.advance(random.uint32() % 90_000);
      const top_k = 1 + (random.uint32() % 100);
      const found = world.search(0, { top_k, exact: step % 2 === 0 });
      const expected = [...live].sort((a, b) => a - b).slice(0, top_k);
      expect(numbersOf(found.rows), `SEED=${seed}, step ${step}`).toEqual(expected);
    }
  });
});

describe("a damaged vector", () => {
  it("is never handed out", async () => {
    const world = await worldWith(10);
    world.replica.rows.vector(4)[1] = 99;
    expect(() => world.search(0, { include_vectors: true, top_k: 10 })).toThrow(
      expect.objectContaining({ code: "DATA_CORRUPTED" }) as Error,
    );
    expect(() => world.scroll({ include_vectors: true })).toThrow(uuidOf(4));
    expect(world.search(0, { include_vectors: true, top_k: 3 }).rows).toHaveLength(3);
    expect(world.scroll().rows).toHaveLength(10);
  });
});

describe("get", () => {
  it("answers rows in the order asked, and names those that are missing", async () => {
    const world = await worldWith(10);
    await world.replica.replica.write(world.replica.message(deleteOf([3])));
    const ids = [7, 3, 2, 77].map(uuidOf);
    const answer = world.reader.get({
      ...searchFor(0),
      operation: "get",
      ids,
      include_vectors: true,
    });
    expect(numbersOf(answer.rows)).toEqual([7, 2]);
    expect(answer.missing_ids).toEqual([uuidOf(3), uuidOf(77)]);
    expect(answer.rows[0]?.vector).toEqual(Float32Array.from(vectorOf(7)));
  });
});

describe("scroll", () => {
  /** Reads page by page; `between` runs after each page. */
  async function walk(
    world: SearcherWorld,
    changes: Parameters<SearcherWorld["scroll"]>[0],
    between: (page: number) => Promise<unknown> = () => Promise.resolve(),
  ): Promise<number[][]> {
    const pages: number[][] = [];
    for (let cursor: string | undefined; ;) {
      const { rows, next_cursor } = world.scroll({ ...changes, cursor });
      pages.push(numbersOf(rows));
      if (next_cursor === undefined) return pages;
      cursor = next_cursor;
      await between(pages.length);
    }
  }

  it("gives every row once, in order of ids, and no empty last page", async () => {
    const world = await worldWith(20);
    expect(await walk(world, { limit: 8 })).toEqual([
      upTo(20).slice(0, 8),
      upTo(20).slice(8, 16),
      upTo(20).slice(16),
    ]);
    expect(await walk(world, { limit: 10 })).toHaveLength(2);
    expect(await walk(world, { limit: 20 })).toHaveLength(1);
    expect(await walk(await SearcherWorld.open(), {})).toEqual([[]]);
  });

  it("fills its pages with rows that the filter admits", async () => {
    const world = await worldWith(20);
    const odd = upTo(20).filter((n) => n % 2 === 1);
    expect(await walk(world, { limit: 6, filter: { even: false } })).toEqual([
      odd.slice(0, 6),
      odd.slice(6),
    ]);
    expect(await walk(world, { limit: 5, filter: { even: false } })).toHaveLength(2);
  });

  it("gives rows that stay throughout once, whatever comes and goes meanwhile", async () => {
    const world = await worldWith(40);
    const { replica } = world;
    const pages = await walk(world, { limit: 7 }, async (page) => {
      const writes = [deleteOf([page]), insertOf([page + 20, 100 + page]), deleteOf([30 + page])];
      for (const write of writes) await replica.replica.write(replica.message(write));
    });
    const seen = pages.flat();
    expect(new Set(seen).size).toBe(seen.length);
    const stayed = upTo(40).filter((n) => n === 0 || (n > 6 && n < 31));
    expect(stayed.filter((n) => !seen.includes(n))).toEqual([]);
  });

  it("goes on after a row that was deleted", async () => {
    const world = await worldWith(6);
    const { next_cursor } = world.scroll({ limit: 3 });
    await world.replica.replica.write(world.replica.message(deleteOf([2, 3])));
    const rest = world.scroll({ limit: 3, cursor: next_cursor });
    expect(numbersOf(rest.rows)).toEqual([4, 5]);
    expect(rest.next_cursor).toBeUndefined();
  });

  it("refuses a cursor that it did not give", async () => {
    const world = await worldWith(1);
    expect(() => world.scroll({ cursor: "xyz" })).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", field: "cursor" }) as Error,
    );
  });
});

describe("count", () => {
  it("counts committed rows, all or those that a filter admits", async () => {
    const world = await worldWith(30);
    world.publishUncommitted([1, 2, 3]);
    const count = (filter?: Record<string, unknown>): number => {
      const request = { ...searchFor(0), operation: "count", filter } as const;
      return world.reader.count(request, world.deadline()).count;
    };
    expect(count()).toBe(30);
    expect(count({ even: true })).toBe(15);
    world.replica.rows.truncate(30);
    await world.replica.replica.write(world.replica.message(deleteOf([0, 1, 2])));
    expect([count(), count({ even: true }), count({ n: { $lt: 4 } })]).toEqual([27, 13, 1]);
  });
});
