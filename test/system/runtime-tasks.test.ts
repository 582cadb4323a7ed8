import { afterEach, describe, expect, it } from "vitest";
import * as runtime from "../../dist/runtime/index.js";
import { moduleOf } from "./runtime-fixture.js";

const errors = new URL("../../dist/base/index.js", import.meta.url).href;
const work = moduleOf(`
  import { DvespError } from ${JSON.stringify(errors)};
  import { threadId } from "node:worker_threads";
  export const add = (a, b) => a + b;
  export const thread = async () => threadId;
  export const fill = (shared, value) => void shared.fill(value);
  export const sum = (rows) => rows.reduce((total, one) => total + one, 0);
  export const refuse = () => { throw new DvespError("STORAGE_FULL", "no room", { retry_after_ms: 5 }); };
  export const bug = () => { throw new TypeError("a bug"); };
  export const exit = () => process.exit(3);
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
