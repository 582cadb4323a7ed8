import { describe, expect, it } from "vitest";
import { DvespError, VirtualClock } from "../../../src/base/index.js";
import { WorkerPool } from "../../../src/actors/worker-pool.js";
import { HandMadeRef, gone, never, ok, refused, timeout } from "./hand-made-ref.js";

function poolOf(...refs: HandMadeRef[]) {
  const clock = new VirtualClock();
  return { clock, pool: new WorkerPool({ clock, refs }) };
}

describe("WorkerPool.ask", () => {
  it("asks idle workers in turn", async () => {
    const refs = ["a", "b", "c"].map((name) => new HandMadeRef(() => ok(name), name));
    const { pool } = poolOf(...refs);
    const answers = [];
    for (let index = 0; index < 9; index++) answers.push(await pool.ask("q", 100));
    expect(answers.slice(0, 3).sort()).toEqual(["a", "b", "c"]);
    expect(answers.slice(3)).toEqual([...answers.slice(0, 3), ...answers.slice(0, 3)]);
    expect(refs[0]?.asked[0]).toEqual({ message: "q", options: { timeout_ms: 100 } });
  });

  it("asks the least busy one", async () => {
    const stuck = new HandMadeRef(() => never, "stuck");
    const quick = new HandMadeRef(() => ok("quick"), "quick");
    const { pool } = poolOf(quick, stuck);
    const first = pool.ask("q", 100);
    const second = pool.ask("q", 100);
    await expect(Promise.race([first, second])).resolves.toBe("quick");
    expect([stuck.asked.length, quick.asked.length]).toEqual([1, 1]);
    for (let index = 0; index < 20; index++) {
      await expect(pool.ask("q", 100)).resolves.toBe("quick");
    }
    expect(stuck.asked).toHaveLength(1);
  });

  it("asks only the first ones while one of them is there", async () => {
    let isThere = true;
    const first = new HandMadeRef(() => (isThere ? ok("first") : gone), "first");
    const second = new HandMadeRef(() => ok("second"), "second");
    const { pool } = poolOf(first, second);
    expect(pool.leastBusy(1)).toBe(0);
    for (let index = 0; index < 4; index++) {
      await expect(pool.ask("q", 100, { among: 1 })).resolves.toBe("first");
    }
    isThere = false;
    await expect(pool.ask("q", 100, { among: 1 })).resolves.toBe("second");
  });

  it("asks another one at once when a worker is gone", async () => {
    const dead = new HandMadeRef(() => gone, "dead");
    const alive = new HandMadeRef(() => ok("alive"), "alive");
    const { pool, clock } = poolOf(dead, alive);
    const began = clock.monotonic();
    await expect(pool.ask("q", 100)).resolves.toBe("alive");
    await expect(pool.ask("q", 100)).resolves.toBe("alive");
    expect(dead.asked.length).toBeGreaterThan(0);
    expect(clock.monotonic()).toBe(began);
    expect(clock.pending).toBe(0);
  });

  it("waits for a worker that comes back", async () => {
    const ref = new HandMadeRef((_, count) => (count < 10 ? gone : ok("back")));
    const { pool, clock } = poolOf(ref);
    const answer = pool.ask("q", 60_000);
    await clock.advance(1000);
    await expect(answer).resolves.toBe("back");
    expect(ref.asked).toHaveLength(11);
  });

  it.each([
    { timeoutMs: 60_000, absenceMs: 5000 },
    { timeoutMs: 300, absenceMs: 300 },
  ])(
    "says NOT_ENOUGH_REPLICAS when all stay gone for $absenceMs ms of a question for $timeoutMs ms",
    async ({ timeoutMs, absenceMs }) => {
      const refs = ["a", "b"].map((name) => new HandMadeRef(() => gone, name));
      const { pool, clock } = poolOf(...refs);
      const began = clock.monotonic();
      const answer = pool.ask("q", timeoutMs).then(
        () => undefined,
        (error: unknown) => ({ error, afterMs: clock.monotonic() - began }),
      );
      await clock.advance(absenceMs - 50);
      await expect(Promise.race([answer, Promise.resolve("waits")])).resolves.toBe("waits");
      await clock.advance(100);
      const end = await answer;
      expect(end?.error).toMatchObject({ code: "NOT_ENOUGH_REPLICAS" });
      expect(end?.afterMs).toBeGreaterThanOrEqual(absenceMs);
      expect(end?.afterMs).toBeLessThanOrEqual(absenceMs + 50);
      expect(clock.pending).toBe(0);
    },
  );

  it("stops waiting when the workers have ended for good, and says why", async () => {
    const clock = new VirtualClock();
    const dropped = new DvespError("COLLECTION_NOT_FOUND", "dropped");
    const ends: DvespError[] = [];
    const refs = [new HandMadeRef(() => gone)];
    const pool = new WorkerPool({ clock, refs, ended: () => ends[0] });
    const answer = pool.ask("q", 60_000).catch((error: unknown) => error);
    await clock.advance(100);
    expect(clock.pending).toBe(1);
    ends.push(dropped);
    await clock.advance(10);
    expect(clock.pending).toBe(0);
    expect(await answer).toBe(dropped);
  });

  it("does not mind an end while a worker answers", async () => {
    const ended = (): DvespError => new DvespError("CLOSED", "stopping");
    const clock = new VirtualClock();
    const pool = new WorkerPool({ clock, refs: [new HandMadeRef(() => ok(1))], ended });
    await expect(pool.ask("q", 100)).resolves.toBe(1);
  });

  it("passes on refusals and timeouts, and does not ask again", async () => {
    const refusing = new HandMadeRef(() => refused("INVALID_ARGUMENT", "no such thing"));
    await expect(poolOf(refusing, refusing).pool.ask("q", 100)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: "no such thing",
    });
    expect(refusing.asked).toHaveLength(1);
    const late = new HandMadeRef(() => timeout);
    await expect(poolOf(late, late).pool.ask("q", 100)).rejects.toMatchObject({ code: "TIMEOUT" });
    expect(late.asked).toHaveLength(1);
  });
});

describe("WorkerPool.askOnce", () => {
  it("answers, refuses, and never asks twice", async () => {
    await expect(poolOf(new HandMadeRef(() => ok(3))).pool.askOnce("q", 10)).resolves.toBe(3);
    const full = new HandMadeRef(() => refused("STORAGE_FULL"));
    await expect(poolOf(full).pool.askOnce("q", 10)).rejects.toMatchObject({
      code: "STORAGE_FULL",
    });
    const dead = new HandMadeRef(() => gone);
    await expect(poolOf(dead, dead).pool.askOnce("q", 10)).rejects.toMatchObject({
      code: "OVERLOADED",
      retry_after_ms: 100,
    });
    expect(dead.asked).toHaveLength(1);
  });
});
