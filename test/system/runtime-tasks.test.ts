import { getPriority } from "node:os";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import * as runtime from "../../dist/runtime/index.js";
import { actorModule, moduleOf, startThreads } from "./runtime-fixture.js";

const errors = new URL("../../dist/base/index.js", import.meta.url).href;
const work = moduleOf(`
  import { DvespError } from ${JSON.stringify(errors)};
  import { threadId } from "node:worker_threads";
  export const add = (a, b) => a + b;
  import { getPriority } from "node:os";
  export const nice = () => getPriority();
  export const thread = async () => threadId;
  export const fill = (shared, value) => void shared.fill(value);
  export const sum = (rows) => rows.reduce((total, one) => total + one, 0);
  export const refuse = () => { throw new DvespError("STORAGE_FULL", "no room", { retry_after_ms: 5 }); };
  export const bug = () => { throw new TypeError("a bug"); };
  export const exit = () => process.exit(3);
  export const countForever = (shared) => { for (;;) Atomics.add(shared, 0, 1); };
  export const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
`);

let pool: runtime.TaskPool | undefined;
afterEach(() => pool?.close());

describe("task pool", () => {
  it("R31: runs an export of a module on a thread of its own", async () => {
    pool = new runtime.TaskPool();
    expect(await pool.run(work, "add", [2, 3])).toBe(5);
    expect(await pool.run(work, "thread", [])).toBeGreaterThan(0);
  });

  it("R31: shares shared memory and moves what is to be transferred", async () => {
    pool = new runtime.TaskPool();
    const shared = new Uint8Array(new SharedArrayBuffer(16));
    await pool.run(work, "fill", [shared, 9]);
    expect([...shared]).toEqual(Array(16).fill(9));
    const rows = new Float32Array(1000).fill(2);
    expect(await pool.run(work, "sum", [rows], [rows.buffer])).toBe(2000);
    expect(rows.length).toBe(0);
  });

  it("R31: a DvespError arrives as one, a bug and a dead thread as INTERNAL; the pool goes on", async () => {
    pool = new runtime.TaskPool();
    await expect(pool.run(work, "refuse", [])).rejects.toMatchObject({
      code: "STORAGE_FULL",
      retry_after_ms: 5,
    });
    await expect(pool.run(work, "bug", [])).rejects.toMatchObject({
      code: "INTERNAL",
      message: "the task failed: a bug",
    });
    await expect(pool.run(work, "exit", [])).rejects.toMatchObject({ code: "INTERNAL" });
    await expect(pool.run(work, "nothing", [])).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(await pool.run(work, "add", [1, 1])).toBe(2);
  });

  it.each(["terminate", "exit"] as const)(
    "R31: an actor runs tasks beside its host, and they end with it (%s)",
    async (how) => {
      const threads = await startThreads();
      try {
        const run = actorModule(`({ task, args }, { attachments }, { tasks }) =>
          tasks.run(task, args.name, [...attachments, ...args.rest])`);
        const ref = await threads.system.spawn({ name: "run", host: "worker-0", module: run });
        const ask = (
          name: string,
          rest: readonly unknown[],
          attachments: readonly unknown[] = [],
        ) => ref.ask({ task: work, args: { name, rest } }, { timeout_ms: 10_000, attachments });
        expect(await ask("add", [2, 3])).toEqual({ outcome: "ok", value: 5 });
        const count = new Int32Array(new SharedArrayBuffer(4));
        const counting = ask("countForever", [], [count]);
        while (Atomics.load(count, 0) === 0) await wait(1);
        const replaced = threads.next("host_replaced");
        await threads.pool.killHost("worker-0", how);
        expect(await counting).toMatchObject({ outcome: "gone" });
        await replaced;
        const after = Atomics.load(count, 0);
        await wait(20);
        expect(Atomics.load(count, 0)).toBe(after);
      } finally {
        await threads.close();
      }
    },
  );

  it.skipIf(process.platform !== "linux").each(["new", "replaced"])(
    "R43: a %s host that gives way does so with its tasks, and alone (Linux only)",
    async (which) => {
      const threads = await startThreads({ givesWay: true });
      try {
        const module = actorModule(`async (task, envelope, { tasks }) =>
          [(await import("node:os")).getPriority(), await tasks.run(task, "nice", [])]`);
        const { system, next, pool } = threads;
        if (which === "replaced") {
          const replaced = next("host_replaced");
          await pool.killHost("worker-0", "exit");
          await replaced;
        }
        const ref = await system.spawn({ name: "nice", host: "worker-0", module });
        const asked = await ref.ask(work, { timeout_ms: 10_000 });
        const [own, most] = [getPriority(), 19];
        const lower = Math.min(most, own + 5);
        expect(asked).toEqual({ outcome: "ok", value: [lower, lower] });
        expect(getPriority()).toBe(own);
      } finally {
        await threads.close();
      }
    },
  );

  it("R31: refuses with OVERLOADED when too many tasks wait, and with CLOSED after the end", async () => {
    pool = new runtime.TaskPool({ threads: 1, waiting: 1 });
    await pool.run(work, "add", [1, 1]);
    const running = pool.run(work, "wait", [200]);
    const waiting = pool.run(work, "wait", [1]);
    await expect(pool.run(work, "wait", [1])).rejects.toMatchObject({ code: "OVERLOADED" });
    await Promise.all([running, waiting]);
    await pool.close();
    await expect(pool.run(work, "wait", [1])).rejects.toMatchObject({ code: "CLOSED" });
  });
});
