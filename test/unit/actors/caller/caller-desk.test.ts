import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../../../src/base/index.js";
import { CallerDesk } from "../../../../src/actors/caller/caller-desk.js";
import { LoopTurn } from "../../../../src/actors/caller/loop-turn.js";
import type { SearcherMessage, ShortAnswer } from "../../../../src/actors/searcher/messages.js";
import { WorkerPool } from "../../../../src/actors/worker-pool.js";
import type { RawSearchAnswer, SearchAnswer } from "../../../../src/protocol/index.js";
import { HandMadeRef, gone, ok, refused } from "../hand-made-ref.js";
import type { Reply } from "../hand-made-ref.js";
import { searchFor } from "../searcher-world.js";

const id = "0b4f2c9e-6c1d-4e52-9a57-5f0c2f6d8a11";

function rawAnswer(distance: number): RawSearchAnswer {
  const metrics = { nodes_queried: 1, time_ms: 0, exact: false } as const;
  const rows = [{ id, version: "1", distance }];
  return {
    operation: "search",
    rows,
    metrics: { ...metrics, consistency_level_achieved: "ONE" },
  };
}

interface WorldOptions {
  readonly workers?: number;
  readonly isOneTooMany?: boolean;
  /** What the searcher of this thread says instead of an answer. */
  readonly instead?: () => Reply | undefined;
  /** How long one takes it. */
  readonly tookMs?: number;
}

/** A desk whose searcher runs; workers answer when `release` is called. */
async function world({ workers = 2, isOneTooMany = true, instead, tookMs = 0.1 }: WorldOptions) {
  const clock = new VirtualClock();
  const yielded: (() => void)[] = [];
  const yieldTurn = (action: () => void): void => void yielded.push(action);
  const turn = new LoopTurn({ clock, msMax: 0.5, yieldTurn });
  const here = new HandMadeRef(async (message) => {
    const { request } = message as Extract<SearcherMessage, { type: "read_short" }>;
    await clock.advance(tookMs);
    const found = rawAnswer(request.query_vector[0]!);
    return instead?.() ?? ok({ answer: found, took_ms: tookMs } satisfies ShortAnswer);
  });
  const open: ((reply: Reply) => void)[] = [];
  const refs = Array.from(
    { length: workers },
    (_, n) => new HandMadeRef(() => new Promise((resolve) => open.push(resolve)), `worker ${n}`),
  );
  const pool = new WorkerPool({ clock, refs });
  let starts = 0;
  const desk = new CallerDesk({
    ...{ clock, dimension: 2, searcher: here, workers: pool },
    thread: { turn, isOneTooMany },
    start: () =>
      Promise.resolve().then(() => {
        starts++;
      }),
  });
  const ended: number[] = [];
  const search = (n: number, changes = {}): Promise<SearchAnswer> => {
    const request = searchFor(1, { query_vector: Float32Array.of(n, 0), ...changes });
    const answer = desk.search(request, (among) => pool.ask("q", 1000, { among }));
    void answer.then(
      () => ended.push(n),
      () => ended.push(-n),
    );
    return answer;
  };
  const settle = async (): Promise<void> => {
    for (let round = 0; round < 50; round++) await new Promise((resolve) => setImmediate(resolve));
  };
  const release = async (): Promise<void> => {
    for (const resolve of open.splice(0)) resolve(ok(rawAnswer(0)));
    await settle();
  };
  const next = async (): Promise<void> => {
    for (const action of yielded.splice(0)) action();
    await settle();
  };
  for (let n = 0; n < 16; n++) void search(0);
  await release();
  for (const ref of refs) ref.asked.length = 0;
  ended.length = 0;
  return { clock, here, refs, search, settle, release, next, ended, starts: () => starts };
}

describe("CallerDesk", () => {
  it("starts its searcher after a few searches, once", async () => {
    const { starts, search, here } = await world({});
    expect(starts()).toBe(1);
    expect(here.asked).toHaveLength(0);
    const { results } = await search(7);
    expect(results).toEqual([{ id, distance: 7, version: "1" }]);
    expect([here.asked.length, starts()]).toEqual([1, 1]);
  });

  it("answers lone searches here, and lets the loop turn between them", async () => {
    const { search, next, settle, here, refs, ended } = await world({});
    for (let n = 1; n <= 5; n++) await search(n);
    expect(here.asked).toHaveLength(5);
    void search(6);
    await settle();
    expect(ended).toEqual([1, 2, 3, 4, 5]);
    await next();
    expect(ended).toEqual([1, 2, 3, 4, 5, 6]);
    expect(refs.every(({ asked }) => asked.length === 0)).toBe(true);
  });

  it("shares a crowd among itself and the workers but one, in order", async () => {
    const { search, next, release, settle, here, refs, ended } = await world({});
    for (let n = 1; n <= 14; n++) void search(n);
    await settle();
    // The first is answered here while a worker takes eight; the next ones fill the turn.
    expect(refs.map(({ asked }) => asked.length)).toEqual([8, 0]);
    expect(ended).toEqual([1, 10, 11, 12, 13]);
    await next();
    expect(ended.at(-1)).toBe(14);
    expect(here.asked).toHaveLength(6);
    await release();
    expect(ended.slice(6)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("uses every worker where this thread has a core of its own", async () => {
    const { search, settle, refs } = await world({ isOneTooMany: false });
    for (let n = 1; n <= 20; n++) void search(n);
    await settle();
    expect(refs.map(({ asked }) => asked.length)).toEqual([8, 8]);
  });

  it("leaves searches that are not short to the workers", async () => {
    const { search, settle, here, refs } = await world({});
    void search(1, { exact: true });
    void search(2, { after: "token" });
    await settle();
    expect(here.asked).toHaveLength(0);
    expect(refs.map(({ asked }) => asked.length)).toEqual([1, 1]);
  });

  it.each([
    ["gone", gone],
    ["not short after all", ok({ answer: undefined, took_ms: 0 })],
  ])("asks a worker when its searcher is %s", async (_, reply) => {
    const { search, settle, release, here, refs, ended } = await world({ instead: () => reply });
    void search(1);
    await settle();
    expect(here.asked).toHaveLength(1);
    expect(refs.map(({ asked }) => asked.length).sort()).toEqual([0, 1]);
    await release();
    expect(ended).toEqual([1]);
  });

  it("has every worker take what was not short after all", async () => {
    const instead = (): Reply => ok({ answer: undefined, took_ms: 0 });
    const { search, settle, refs } = await world({ instead });
    void search(1);
    void search(2);
    void search(3);
    await settle();
    const counts = refs.map(({ asked }) => asked.length);
    expect(Math.min(...counts)).toBeGreaterThan(0);
    expect(counts[0]! + counts[1]!).toBe(3);
  });

  it("stops asking here while nothing is short after all", async () => {
    const instead = (): Reply => ok({ answer: undefined, took_ms: 0 });
    const { search, settle, release, here } = await world({ instead });
    for (let n = 1; n <= 20; n++) {
      void search(n);
      await settle();
      await release();
    }
    expect(here.asked.length).toBeLessThan(10);
  });

  it("passes errors on as they are, and serves the next", async () => {
    let failures = 1;
    const instead = (): Reply | undefined =>
      failures-- > 0 ? refused("DATA_CORRUPTED") : undefined;
    const { search } = await world({ instead });
    await expect(search(1)).rejects.toMatchObject({ code: "DATA_CORRUPTED" });
    await expect(search(2)).resolves.toMatchObject({ results: [{ distance: 2 }] });
  });

  it("stops answering what turns out to take long", async () => {
    const { search, next, settle, here, refs } = await world({ tookMs: 3 });
    for (let n = 1; n <= 5; n++) {
      void search(n);
      await settle();
      await next();
    }
    expect(here.asked).toHaveLength(5);
    void search(6);
    await settle();
    expect(here.asked).toHaveLength(5);
    expect(refs.flatMap(({ asked }) => asked)).toHaveLength(1);
  });
});
