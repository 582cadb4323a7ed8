import { describe, expect, it } from "vitest";
import type { DvespError } from "../../../src/base/index.js";
import type { ActorRef } from "../../../src/runtime/index.js";
import type { ChildSpec } from "../../../src/supervisors/index.js";
import { type Hosts, makeHosts, minute, settled } from "../runtime/harness.js";
import { counterOn, makeSupervisor, started } from "./fixture.js";

describe("escalation", () => {
  const tight = { backoff: { jitter: 0, budget: { restarts: 2, withinMs: 10_000 } } };

  async function crashUntil(hosts: Hosts, ref: ActorRef<string>, times: number): Promise<void> {
    for (let crash = 0; crash < times; crash++) {
      ref.tell("crash");
      await hosts.clock.advance(200);
    }
  }

  it("R35, R36: at the top it stops the other children, last first, and calls onEscalate", async () => {
    const hosts = makeHosts({ workers: 1 });
    const escalations: DvespError[] = [];
    const { supervisor, lifecycle } = makeSupervisor(hosts, {
      children: ["a", "b", "c"].map((name) => counterOn(hosts, name, tight)),
      onEscalate: (error) => escalations.push(error),
    });
    await settled(hosts, supervisor.start());
    await crashUntil(hosts, hosts.hub.ref({ host: "worker-0", name: "b" }), 2);
    expect(escalations).toEqual([]);
    expect(supervisor.children().map(({ phase }) => phase)).toEqual(Array(3).fill("running"));
    await crashUntil(hosts, hosts.hub.ref({ host: "worker-0", name: "b" }), 1);
    expect(escalations).toMatchObject([
      { message: expect.stringContaining("b failed too often") as string },
    ]);
    expect(lifecycle.slice(-4).map((event) => `${event.type} ${event.child}`)).toEqual([
      "child_gave_up b",
      "escalated b",
      "child_stopped c",
      "child_stopped a",
    ]);
    expect(hosts.workers[0]?.actors()).toEqual([]);
    await expect(
      settled(hosts, supervisor.startChild(counterOn(hosts, "d"))),
    ).rejects.toMatchObject({
      code: "CLOSED",
    });
  });

  it("R35: below the top the supervisor above starts it anew with all of its children", async () => {
    const hosts = makeHosts({ workers: 1 });
    const { supervisor: inner } = makeSupervisor(hosts, { name: "inner" });
    let escalated = 0;
    const { supervisor: outer } = makeSupervisor(hosts, {
      name: "outer",
      children: [inner.asChild(tight)],
      onEscalate: () => escalated++,
    });
    await settled(hosts, outer.start());
    await started(hosts, inner.startChild(counterOn(hosts, "a", tight)));
    const b = await started(hosts, inner.startChild<string>(counterOn(hosts, "b", tight)));
    const a = hosts.hub.ref<string>({ host: "worker-0", name: "a" });
    await settled(hosts, b.ask("count", minute));
    await crashUntil(hosts, a, 3);
    expect(outer.children()).toMatchObject([{ name: "inner", phase: "running", life: 2 }]);
    expect(inner.children().map(({ name, phase }) => `${name} ${phase}`)).toEqual([
      "a running",
      "b running",
    ]);
    expect(await settled(hosts, b.ask("count", minute))).toEqual({ outcome: "ok", value: 1 });
    // Budgets multiply: three lives of the inner supervisor with three of the child each.
    await crashUntil(hosts, a, 5);
    expect(escalated).toBe(0);
    await crashUntil(hosts, a, 1);
    expect(escalated).toBe(1);
  });
});

describe("stopping a supervisor", () => {
  it("R36: stops its children one at a time, the last one first, each within its time", async () => {
    const hosts = makeHosts({ workers: 1 });
    const order: string[] = [];
    const slow = (name: string): ChildSpec => {
      hosts.definitions.set(name, {
        start: () => ({
          receive: () => 1,
          stop: async () => {
            order.push(`${name} stops`);
            await new Promise<void>((done) => hosts.clock.after(name === "b" ? 1e6 : 10, done));
            order.push(`${name} stopped`);
          },
        }),
      });
      return { name, start: { module: name, host: "worker-0" }, shutdownMs: 50 };
    };
    const { supervisor } = makeSupervisor(hosts, { children: ["a", "b", "c"].map(slow) });
    let complete = false;
    supervisor.lifecycle$.subscribe({ complete: () => (complete = true) });
    await settled(hosts, supervisor.start());
    const stopping = supervisor.stop(10_000);
    expect(await settled(hosts, stopping, 69)).toBe("open");
    expect(await settled(hosts, stopping, 1)).toBeUndefined();
    expect(order).toEqual(["c stops", "c stopped", "b stops", "a stops", "a stopped"]);
    expect(complete).toBe(true);
  });
});
