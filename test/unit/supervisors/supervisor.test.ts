import { describe, expect, it } from "vitest";
import { type ChildSpec, EventBus } from "../../../src/supervisors/index.js";
import { makeHosts, minute, receiver, settled } from "../runtime/harness.js";
import { counterOn, makeSupervisor, started } from "./fixture.js";

describe("a supervised child", () => {
  it("R1, R21: starts again after a crash, new, at the same address", async () => {
    const hosts = makeHosts({ workers: 1 });
    const { supervisor, lifecycle } = makeSupervisor(hosts);
    await settled(hosts, supervisor.start());
    const ref = await started(hosts, supervisor.startChild<string>(counterOn(hosts, "a")));
    await settled(hosts, ref.ask("one", minute));
    ref.tell("crash");
    await hosts.clock.advance(0);
    expect(await settled(hosts, ref.ask("two", minute))).toEqual({ outcome: "gone" });
    const again = supervisor.whenRunning("a");
    expect(await settled(hosts, again)).toBe("open");
    await hosts.clock.advance(12);
    expect((await again).address).toEqual(ref.address);
    expect(await settled(hosts, ref.ask("three", minute))).toEqual({ outcome: "ok", value: 1 });
    expect(lifecycle.map(({ type }) => type)).toEqual([
      "child_started",
      "child_exited",
      "child_restarting",
      "child_started",
    ]);
  });

  it("R37: starts again when its host is back, at once", async () => {
    const hosts = makeHosts({ workers: 1 });
    const { supervisor, lifecycle } = makeSupervisor(hosts);
    await settled(hosts, supervisor.start());
    const ref = await started(hosts, supervisor.startChild<string>(counterOn(hosts, "a")));
    hosts.loseWorker(0);
    await hosts.clock.advance(5000);
    expect(supervisor.children()).toMatchObject([{ name: "a", phase: "waiting_for_host" }]);
    hosts.replaceWorker(0);
    await hosts.clock.advance(0);
    expect(await settled(hosts, ref.ask("hello", minute))).toEqual({ outcome: "ok", value: 1 });
    expect(
      lifecycle.map((event) => (event.type === "child_exited" ? event.reason : event.type)),
    ).toEqual([
      "child_started",
      "host_lost",
      "child_restarting",
      "child_waiting_for_host",
      "child_started",
    ]);
  });

  it("R37: moves to another host of its role", async () => {
    const hosts = makeHosts({ workers: 2 });
    const { supervisor } = makeSupervisor(hosts);
    await settled(hosts, supervisor.start());
    const ref = await started(hosts, supervisor.startChild<string>(counterOn(hosts, "a")));
    hosts.loseWorker(ref.address.host === "worker-0" ? 0 : 1);
    const moved = await started(hosts, supervisor.whenRunning<string>("a"));
    expect(moved.address.host).not.toBe(ref.address.host);
    expect(await settled(hosts, moved.ask("hello", minute))).toMatchObject({ outcome: "ok" });
  });

  it("R38: args and attachments given as functions are those of the moment", async () => {
    const hosts = makeHosts({ workers: 1 });
    const { supervisor } = makeSupervisor(hosts);
    await settled(hosts, supervisor.start());
    hosts.definitions.set("told", {
      start: ({ attachments: [memory] }, args: { epoch: number }) => ({
        receive: (message: string) => {
          if (message === "crash") throw new Error("a bug");
          return [args.epoch, Atomics.load(memory as Int32Array, 0)];
        },
      }),
    });
    let epoch = 0;
    const start = {
      module: "told",
      host: "worker-0",
      args: () => Promise.resolve({ epoch: ++epoch }),
      attachments: () => [new Int32Array(new SharedArrayBuffer(4)).fill(epoch * 10)],
    };
    const ref = await started(hosts, supervisor.startChild<string>({ name: "told", start }));
    expect(await settled(hosts, ref.ask("?", minute))).toMatchObject({ value: [1, 10] });
    ref.tell("crash");
    await hosts.clock.advance(20);
    expect(await settled(hosts, ref.ask("?", minute))).toMatchObject({ value: [2, 20] });
  });

  it("is stopped for good by stopChild", async () => {
    const hosts = makeHosts({ workers: 1 });
    const { supervisor, lifecycle } = makeSupervisor(hosts);
    await settled(hosts, supervisor.start());
    const ref = await started(hosts, supervisor.startChild<string>(counterOn(hosts, "a")));
    await settled(hosts, supervisor.stopChild("a"));
    await hosts.clock.advance(10_000);
    expect(await settled(hosts, ref.ask("?", minute))).toEqual({ outcome: "gone" });
    expect(supervisor.children()).toEqual([]);
    expect(lifecycle.at(-1)).toMatchObject({ type: "child_stopped", child: "a" });
    await settled(hosts, supervisor.stopChild("never was"));
  });
});

describe("starting children", () => {
  it("R32: refuses wrong specs before anything starts, naming the field", () => {
    const hosts = makeHosts();
    const good: ChildSpec = { name: "good", start: { definition: receiver(() => 1) } };
    const wrong: [Partial<ChildSpec>, string][] = [
      [{ name: "" }, "name"],
      [{ name: "good" }, "name"],
      [{ restart: "always" as never }, "restart"],
      [{ start: { module: "" } }, "start.module"],
      [{ shutdownMs: -1 }, "shutdownMs"],
      [{ startMs: NaN }, "startMs"],
      [{ backoff: { minMs: 10, maxMs: 5 } }, "backoff.minMs"],
      [{ backoff: { jitter: 2 } }, "backoff.jitter"],
      [{ backoff: { budget: { restarts: 1.5, withinMs: 1 } } }, "backoff.budget.restarts"],
    ];
    for (const [part, field] of wrong) {
      const bad = { ...good, name: "bad", ...part };
      const make = (): unknown => makeSupervisor(hosts, { children: [good, bad] });
      expect(make).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT", field }) as Error);
    }
    expect(hosts.hub.actors()).toEqual([]);
    expect(hosts.events).toEqual([]);
  });

  it("starts in order; when one fails the others are stopped and the start rejects", async () => {
    const hosts = makeHosts({ workers: 1 });
    const failing = {
      name: "failing",
      start: {
        definition: {
          start: () => {
            throw new Error("cannot start");
          },
        },
      },
    };
    const { supervisor, lifecycle } = makeSupervisor(hosts, {
      children: [counterOn(hosts, "a"), counterOn(hosts, "b"), failing],
    });
    await expect(settled(hosts, supervisor.start())).rejects.toThrow("cannot start");
    expect(lifecycle.map((event) => `${event.type} ${event.child}`)).toEqual([
      "child_started a",
      "child_started b",
      "child_start_failed failing",
      "child_stopped b",
      "child_stopped a",
    ]);
    expect(hosts.hub.actors()).toEqual([]);
    expect(hosts.workers[0]?.actors()).toEqual([]);
  });

  it("tells why a child could not be started, and forgets it", async () => {
    const hosts = makeHosts({ workers: 1 });
    const { supervisor } = makeSupervisor(hosts);
    await settled(hosts, supervisor.start());
    const missing = { name: "missing", start: { module: "none", host: "worker-0" } };
    await expect(settled(hosts, supervisor.startChild(missing))).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
    expect(supervisor.children()).toEqual([]);
    await started(hosts, supervisor.startChild(counterOn(hosts, "a")));
    await expect(
      settled(hosts, supervisor.startChild(counterOn(hosts, "a"))),
    ).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
    await expect(settled(hosts, supervisor.whenRunning("unknown"))).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });
});

describe("lifecycle", () => {
  it("R39: tells every change in order, with its time and supervisor", async () => {
    const hosts = makeHosts({ workers: 1 });
    const { supervisor, lifecycle } = makeSupervisor(hosts);
    await settled(hosts, supervisor.start());
    const spec = counterOn(hosts, "a", { backoff: { jitter: 0, minMs: 40 } });
    const ref = await started(hosts, supervisor.startChild<string>(spec));
    ref.tell("crash");
    await hosts.clock.advance(50);
    const time_ms = 1_700_000_000_000;
    expect(lifecycle).toEqual([
      { type: "child_started", child: "a", on: "worker-0", life: 1, time_ms, supervisor: "top" },
      {
        type: "child_exited",
        child: "a",
        reason: "error",
        error: { code: "INTERNAL", message: "a bug" },
        time_ms,
        supervisor: "top",
      },
      { type: "child_restarting", child: "a", delay_ms: 40, time_ms, supervisor: "top" },
      {
        type: "child_started",
        child: "a",
        on: "worker-0",
        life: 2,
        time_ms: time_ms + 40,
        supervisor: "top",
      },
    ]);
  });
});

describe("event bus", () => {
  it("hands each event to all who listen, in order, and nothing after it is closed", () => {
    const bus = new EventBus();
    const seen: string[] = [];
    let complete = false;
    bus.events$.subscribe({
      next: ({ type }) => seen.push(`a ${type}`),
      complete: () => (complete = true),
    });
    const forget = bus.listen(({ type }) => seen.push(`b ${type}`));
    bus.publish({ type: "one", time_ms: 1 });
    forget();
    bus.publish({ type: "two", time_ms: 2 });
    bus.close();
    bus.publish({ type: "three", time_ms: 3 });
    expect(seen).toEqual(["a one", "b one", "a two"]);
    expect(complete).toBe(true);
  });
});
