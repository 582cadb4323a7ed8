import { describe, expect, it } from "vitest";
import { makeHosts, minute, outcomes, receiver, settled, spawnOn } from "./harness.js";

describe("absence and watches", () => {
  it("R24: an ask to nobody is gone at once; a tell is a dead letter", async () => {
    const hosts = makeHosts({ workers: 1 });
    for (const host of ["main", "worker-0", "nowhere"]) {
      const ref = hosts.hub.ref({ host, name: "nobody" });
      expect(await settled(hosts, ref.ask("?", minute))).toEqual({ outcome: "gone" });
      ref.tell("?");
    }
    const remote = hosts.workers[0]!.ref({ host: "nowhere", name: "nobody" });
    expect(await settled(hosts, remote.ask("?", minute))).toEqual({ outcome: "gone" });
    remote.tell("?");
    await hosts.clock.advance(0);
    expect(hosts.hub.deadLetters.of("no_actor")).toBe(2);
    expect(hosts.workers[0]!.deadLetters.of("no_actor")).toBe(2);
    expect(hosts.hub.deadLetters.of("no_route")).toBe(2);
  });

  it("R25: tells each watch once, from any host to any host", async () => {
    const hosts = makeHosts({ workers: 2 });
    const systems = [hosts.hub, ...hosts.workers];
    for (const target of ["main", "worker-0", "worker-1"]) {
      const ref = await spawnOn(
        hosts,
        target,
        `on-${target}`,
        receiver(() => 1),
      );
      const ends: string[] = [];
      for (const system of systems) {
        system.watch(ref.address, ({ reason }) => ends.push(`${system.host} ${reason}`));
        system.watch(ref.address, () => ends.push("cancelled"))();
      }
      await hosts.clock.advance(0);
      await settled(hosts, hosts.hub.stop(ref.address, 100));
      await hosts.clock.advance(0);
      expect(ends.sort()).toEqual(["main normal", "worker-0 normal", "worker-1 normal"]);
    }
  });

  it("R25: tells error for what is not there, host_lost for a host that cannot be reached", async () => {
    const hosts = makeHosts({ workers: 1 });
    const reasons: string[] = [];
    for (const host of ["main", "worker-0", "nowhere"]) {
      hosts.hub.watch({ host, name: "nobody" }, ({ reason }) => reasons.push(reason));
    }
    await hosts.clock.advance(0);
    expect(reasons).toEqual(["error", "host_lost", "error"]);
  });

  it("R26: the loss of a host ends asks and watches on it, from every other host", async () => {
    const hosts = makeHosts({ workers: 2 });
    const hanging = receiver(() => new Promise(() => undefined));
    const ref = await spawnOn(hosts, "worker-0", "hanging", hanging);
    const other = await spawnOn(
      hosts,
      "worker-1",
      "other",
      receiver(() => "here"),
    );
    const reasons: string[] = [];
    const asks = [hosts.hub, hosts.workers[1]!].map((system) => {
      system.watch(ref.address, ({ reason }) => reasons.push(reason));
      return system.ref(ref.address).ask("x", minute);
    });
    await hosts.clock.advance(0);
    hosts.loseWorker(0);
    await hosts.clock.advance(0);
    expect(outcomes(await Promise.all(asks))).toEqual(["gone", "gone"]);
    expect(reasons).toEqual(["host_lost", "host_lost"]);
    expect(await settled(hosts, other.ask("?", minute))).toMatchObject({ value: "here" });
  });
});

describe("events", () => {
  it("R29: starts, stops, crashes and what actors emit reach the hub with their wall time", async () => {
    const hosts = makeHosts({ workers: 1 });
    const chatty = receiver((message: string, context) => {
      if (message === "crash") throw new Error("a bug");
      context.emit({ type: "built", rows: 7 });
    });
    const ref = await spawnOn<string>(hosts, "worker-0", "chatty", chatty);
    await hosts.clock.advance(5);
    ref.tell("go");
    await hosts.clock.advance(0);
    ref.tell("crash");
    await hosts.clock.advance(0);
    expect(hosts.events).toMatchObject([
      { type: "actor_started", host: "worker-0", actor: "chatty", time_ms: 1_700_000_000_000 },
      { type: "built", host: "worker-0", actor: "chatty", rows: 7, time_ms: 1_700_000_000_005 },
      { type: "actor_crashed", host: "worker-0", actor: "chatty", error: { message: "a bug" } },
    ]);
  });
});
