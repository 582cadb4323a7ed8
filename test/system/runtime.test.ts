import { execFileSync } from "node:child_process";
import { afterEach, describe, expect, it } from "vitest";
import * as base from "../../dist/base/index.js";
import * as mailbox from "../../dist/mailbox/index.js";
import * as runtime from "../../dist/runtime/index.js";
import { type Threads, type ThreadsOptions, actorModule, startThreads } from "./runtime-fixture.js";

const second = { timeout_ms: 1000 };
const minute = { timeout_ms: 60_000 };
const deaths = ["throw", "exit", "out_of_memory", "terminate"] as const;

let threads: Threads | undefined;
afterEach(async () => {
  await threads?.close();
  threads = undefined;
});

async function start(options?: ThreadsOptions): Promise<Threads> {
  threads = await startThreads(options);
  return threads;
}

const echo = actorModule("(message) => message");
const never = actorModule("() => new Promise(() => {})");

describe("actors on worker threads", () => {
  it("R2: messages from worker to worker pass the hub in order, large and small", async () => {
    const { system } = await start({ count: 2 });
    const collect = actorModule(`(m) => {
      globalThis.seen ??= [];
      return m === "seen" ? globalThis.seen : void globalThis.seen.push(m.n);
    }`);
    const send = actorModule(`async ({ to, count }) => {
      for (let n = 0; n < count; n++) {
        to.tell(n % 5 === 0 ? { n, rows: new Float32Array(4096) } : { n });
      }
      return (await to.ask("seen", { timeout_ms: 5000 })).value;
    }`);
    const to = await system.spawn({ name: "collect", host: "worker-1", module: collect });
    const ref = await system.spawn({ name: "send", host: "worker-0", module: send });
    const answer = await ref.ask({ to, count: 1000 }, { timeout_ms: 10_000 });
    expect(answer).toEqual({ outcome: "ok", value: Array.from({ length: 1000 }, (_, n) => n) });
  });

  it("R6: moved memory arrives whole and is gone from the sender", async () => {
    const { system } = await start();
    const ref = await system.spawn({ name: "echo", host: "worker-0", module: echo });
    const rows = mailbox.moved(Float32Array.from({ length: 100_000 }, (_, n) => n));
    const answer = await ref.ask({ rows }, second);
    expect(rows.length).toBe(0);
    const value = (answer as { value: { rows: Float32Array } }).value.rows;
    expect(value).toBeInstanceOf(Float32Array);
    expect([value.length, value[99_999]]).toEqual([100_000, 99_999]);
  });

  it("R8: shared memory is shared, WebAssembly memory too, also from worker to worker", async () => {
    const { system } = await start({ count: 2 });
    const memory = new WebAssembly.Memory({ shared: true, initial: 1, maximum: 2 });
    const add = actorModule(`(n, { attachments }, context) => {
      const memory = attachments[0] ?? context.attachments[0];
      return Atomics.add(new Int32Array(memory.buffer), 0, n);
    }`);
    const pass = actorModule(
      `({ to, n }, { attachments }) => to.ask(n, { timeout_ms: 1000, attachments })`,
    );
    const attachments = [memory];
    const adder = await system.spawn({ name: "add", host: "worker-1", module: add, attachments });
    const ref = await system.spawn({ name: "pass", host: "worker-0", module: pass });
    await adder.ask(1, second);
    await ref.ask({ to: adder, n: 10 }, { ...second, attachments });
    expect(Atomics.load(new Int32Array(memory.buffer), 0)).toBe(11);
  });

  it("R28: an idle host runs timers of its actors", async () => {
    const { system, next } = await start();
    const tick = actorModule(`(ms, _envelope, context) => {
      setTimeout(() => context.emit({ type: "ticked" }), ms);
    }`);
    const ref = await system.spawn({ name: "tick", host: "worker-0", module: tick });
    const ticked = next("ticked");
    await ref.ask(30, second);
    expect(await ticked).toMatchObject({ host: "worker-0", actor: "tick" });
  });

  it("R29: what actors write to the console comes out of the process", () => {
    const output = runNode(`
      const base = await import("./dist/base/index.js");
      const runtime = await import("./dist/runtime/index.js");
      const system = new runtime.ActorSystem({
        host: "main", clock: base.systemClock, random: base.systemRandom, load: runtime.importLoader,
      });
      const pool = new runtime.HostPool({ system, hosts: [{ name: "w", role: "work" }] });
      await pool.start();
      const module = ${JSON.stringify(actorModule(`(text) => { console.log("out", text); console.error("err", text); }`))};
      const ref = await system.spawn({ name: "speak", host: "w", module });
      await ref.ask("from the worker", { timeout_ms: 5000 });
      await pool.close(1000);
    `);
    expect(output).toContain("out from the worker");
    expect(output).toContain("err from the worker");
  });
});

describe("the death of a thread", () => {
  it.each(deaths)(
    "R26: by %s ends asks as gone and watches as host_lost, everywhere",
    async (how) => {
      const { system, pool, next } = await start({ count: 2 });
      const ref = await system.spawn({ name: "never", host: "worker-0", module: never });
      const relay = actorModule("({ to }) => to?.ask('x', { timeout_ms: 60000 })");
      const other = await system.spawn({ name: "relay", host: "worker-1", module: relay });
      const local = ref.ask("x", minute);
      const through = other.ask({ to: ref }, minute);
      const ended = new Promise((resolve) => system.watch(ref.address, resolve));
      // Answered after the question before it has passed the hub.
      await other.ask({}, second);
      const lost = next("host_lost");
      await pool.killHost("worker-0", how);
      expect(await local).toEqual({ outcome: "gone" });
      expect(await through).toEqual({ outcome: "ok", value: { outcome: "gone" } });
      expect(await ended).toMatchObject({ reason: "host_lost" });
      expect(await lost).toMatchObject({ name: "worker-0", error: { code: "INTERNAL" } });
      expect(pool.hosts().find(({ name }) => name === "worker-1")?.state).toBe("up");
    },
  );

  it("R26: an unhandled rejection ends the thread, not the process", async () => {
    const { system, next } = await start();
    const reject = actorModule(`() => { void Promise.reject(new Error("nobody caught it")); }`);
    const ref = await system.spawn({ name: "reject", host: "worker-0", module: reject });
    const lost = next("host_lost");
    ref.tell("go");
    expect(await lost).toMatchObject({ error: { message: "nobody caught it" } });
  });

  it.each(deaths)("R27: after %s the host serves again under its name", async (how) => {
    const { system, pool, next } = await start();
    const replaced = next("host_replaced");
    const killedAt = performance.now();
    await pool.killHost("worker-0", how);
    const { after_ms: afterMs } = await replaced;
    const ref = await system.spawn({ name: "echo", host: "worker-0", module: echo });
    expect(await ref.ask("again", second)).toEqual({ outcome: "ok", value: "again" });
    const servedMs = performance.now() - killedAt;
    console.log(
      `${how}: lost to up ${Math.round(afterMs as number)} ms, kill to served ${Math.round(servedMs)} ms`,
    );
    expect(servedMs).toBeLessThan(2000);
  });

  it("R27: a host that keeps dying is started less and less often", async () => {
    const { pool, next, events } = await start();
    for (let round = 0; round < 4; round++) {
      const replaced = next("host_replaced");
      await pool.killHost("worker-0", "exit");
      await replaced;
    }
    const waits = events.filter(({ type }) => type === "host_replaced");
    expect(waits).toHaveLength(4);
    expect(waits[3]?.after_ms).toBeGreaterThan(4 * 100 * 0.8);
  });

  it("R27: a host is not started anew while its old thread is still in native code", async () => {
    const { system, pool, next } = await start();
    const native = actorModule(`async (rounds) => {
      const { pbkdf2Sync } = await import("node:crypto");
      pbkdf2Sync("password", "salt", rounds, 64, "sha512");
    }`);
    const ref = await system.spawn({ name: "native", host: "worker-0", module: native });
    const ask = ref.ask(2_000_000, minute);
    // It does not answer: it is within.
    const silence = await system
      .ref({ host: "worker-0", name: "nobody" })
      .ask("?", { timeout_ms: 100 });
    expect(silence).toEqual({ outcome: "timeout" });
    const replaced = next("host_replaced");
    const killedAt = performance.now();
    await pool.killHost("worker-0", "terminate");
    expect(await ask).toEqual({ outcome: "gone" });
    const goneMs = performance.now() - killedAt;
    await replaced;
    const replacedMs = performance.now() - killedAt;
    expect(goneMs).toBeLessThan(replacedMs / 2);
    // Two million rounds take a second or more; a new thread alone a tenth of that.
    expect(replacedMs).toBeGreaterThan(300);
  });

  it("keeps shared memory intact", async () => {
    const { system, pool, next } = await start();
    const shared = new Int32Array(new SharedArrayBuffer(4));
    const fill = actorModule(`(n, _e, context) => Atomics.store(context.attachments[0], 0, n)`);
    const request = { name: "fill", host: "worker-0", module: fill, attachments: [shared] };
    await (await system.spawn(request)).ask(7, second);
    const replaced = next("host_replaced");
    await pool.killHost("worker-0", "terminate");
    await replaced;
    expect(Atomics.load(shared, 0)).toBe(7);
    await (await system.spawn(request)).ask(8, second);
    expect(Atomics.load(shared, 0)).toBe(8);
  });

  it("refuses to kill a host unless the pool was made for tests", async () => {
    const { pool, system } = await start({ testHooks: false });
    for (const how of deaths) {
      await expect(pool.killHost("worker-0", how)).rejects.toMatchObject({
        code: "PERMISSION_DENIED",
      });
    }
    // Nor does the worker itself obey.
    const die = system.requestHost("worker-0", { type: "die", how: "exit" }, 1000);
    await expect(die).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
    expect(pool.hosts()[0]?.state).toBe("up");
  });
});

describe("opening a pool", () => {
  it("gives up at its limit, with nothing left behind", async () => {
    const system = new runtime.ActorSystem({
      host: "main",
      clock: base.systemClock,
      random: base.systemRandom,
      load: runtime.importLoader,
    });
    const pool = new runtime.HostPool({ system, hosts: [{ name: "worker-0", role: "work" }] });
    await expect(pool.start(0)).rejects.toMatchObject({ code: "TIMEOUT" });
    expect(pool.hosts()).toEqual([{ name: "worker-0", role: "work", state: "closed" }]);
  });
});

describe("closing a pool", () => {
  it("R30: stops actors in good order, then their threads", async () => {
    const { system, pool, events } = await startThreads({ count: 2 });
    for (const host of ["worker-0", "worker-1"]) {
      for (const name of ["a", "b"]) await system.spawn({ name, host, module: echo });
    }
    await pool.close(3000);
    const stops = events.filter(({ type }) => type === "actor_stopped");
    expect(stops.filter(({ host }) => host === "worker-0").map(({ actor }) => actor)).toEqual([
      "b",
      "a",
    ]);
    expect(events.filter(({ type }) => type === "host_stopped")).toHaveLength(2);
    expect(events.some(({ type }) => type === "host_lost")).toBe(false);
    await expect(system.spawn({ name: "c", host: "worker-0", module: echo })).rejects.toMatchObject(
      {
        code: "CLOSED",
      },
    );
  });

  it("R30: cuts off at the limit what does not stop, even a thread that computes for ever", async () => {
    const { system, pool } = await startThreads();
    const spin = actorModule("() => { for (;;); }");
    const ref = await system.spawn({ name: "spin", host: "worker-0", module: spin });
    const ask = ref.ask("go", minute);
    const closedAt = performance.now();
    await pool.close(300);
    expect(performance.now() - closedAt).toBeLessThan(2000);
    expect(await ask).toEqual({ outcome: "gone" });
  });

  it("R30: lets the process end by itself", () => {
    const output = runNode(`
      const base = await import("./dist/base/index.js");
      const runtime = await import("./dist/runtime/index.js");
      const system = new runtime.ActorSystem({
        host: "main", clock: base.systemClock, random: base.systemRandom, load: runtime.importLoader,
      });
      const pool = new runtime.HostPool({ system, hosts: [{ name: "w", role: "work" }] });
      await pool.start();
      await pool.close(1000);
      console.log("closed");
    `);
    expect(output).toContain("closed");
  });
});

/** Runs an ES module text in a Node process of its own; gives what it wrote. */
function runNode(source: string): string {
  const root = new URL("../../", import.meta.url).pathname;
  return execFileSync(
    "/bin/sh",
    ["-c", `"$0" --input-type=module -e "$1" 2>&1`, process.execPath, source],
    { cwd: root, encoding: "utf8", timeout: 20_000 },
  );
}
