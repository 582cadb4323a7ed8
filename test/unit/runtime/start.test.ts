import { describe, expect, it } from "vitest";
import { DvespError } from "../../../src/base/index.js";
import { gate, makeHosts, minute, places, receiver, settled, spawnOn } from "./harness.js";

describe("starting", () => {
  it("waits with messages until the actor has started", async () => {
    const hosts = makeHosts();
    const ready = gate();
    hosts.definitions.set("slow", {
      start: async () => {
        await ready.promise;
        return { receive: (n: number) => n };
      },
    });
    const spawning = hosts.hub.spawn({ name: "slow", module: "slow" });
    await hosts.clock.advance(0);
    const ask = hosts.hub.ref({ host: "main", name: "slow" }).ask(5, minute);
    expect(await settled(hosts, ask)).toBe("open");
    ready.open();
    await spawning;
    expect(await settled(hosts, ask)).toEqual({ outcome: "ok", value: 5 });
  });

  it.each(places)("a start that throws rejects the spawn with the reason, %s", async (_, host) => {
    const hosts = makeHosts({ workers: 1 });
    hosts.definitions.set("locked", {
      start: () => {
        throw new DvespError("DIRECTORY_LOCKED", "another process has it");
      },
    });
    const spawn = (): Promise<unknown> => {
      const spawning = hosts.hub.spawn({ name: "a", host, module: "locked" });
      return settled(hosts, spawning);
    };
    await expect(spawn()).rejects.toMatchObject({ code: "DIRECTORY_LOCKED" });
    // The name is free again.
    await expect(spawn()).rejects.toMatchObject({ code: "DIRECTORY_LOCKED" });
  });

  it.each(places)("a start that takes too long is given up and let go of, %s", async (_, host) => {
    const hosts = makeHosts({ workers: 1 });
    const ready = gate();
    let stops = 0;
    hosts.definitions.set("slow", {
      start: async () => {
        await ready.promise;
        return {
          receive: () => 1,
          stop: () => {
            stops++;
          },
        };
      },
    });
    const spawning = hosts.hub.spawn({ name: "slow", host, module: "slow", startMs: 100 });
    await expect(settled(hosts, spawning, 100)).rejects.toMatchObject({ code: "TIMEOUT" });
    ready.open();
    await hosts.clock.advance(0);
    expect(stops).toBe(1);
  });

  it("refuses a name that is taken, no name, an unknown module, a lost host", async () => {
    const hosts = makeHosts({ workers: 1 });
    await spawnOn(
      hosts,
      "worker-0",
      "taken",
      receiver(() => 1),
    );
    const codeOf = async (request: { name: string; host: string; module: string }) =>
      settled(hosts, hosts.hub.spawn(request)).then(
        () => "started",
        (error: unknown) => (error as DvespError).code,
      );
    expect(await codeOf({ name: "taken", host: "worker-0", module: "taken" })).toBe(
      "ALREADY_EXISTS",
    );
    expect(await codeOf({ name: "", host: "main", module: "taken" })).toBe("INVALID_ARGUMENT");
    expect(await codeOf({ name: "a", host: "main", module: "none" })).toBe("INVALID_ARGUMENT");
    hosts.loseWorker(0);
    expect(await codeOf({ name: "a", host: "worker-0", module: "taken" })).toBe("CLOSED");
  });

  it("stops all actors of a host, the last one started first", async () => {
    const hosts = makeHosts();
    const order: string[] = [];
    for (const name of ["a", "b", "c"]) {
      await spawnOn(
        hosts,
        "main",
        name,
        receiver(() => 1, {
          stop: () => {
            order.push(name);
          },
        }),
      );
    }
    await settled(hosts, hosts.hub.stopAll(1000));
    expect(order).toEqual(["c", "b", "a"]);
    await expect(hosts.hub.spawn({ name: "d", module: "a" })).rejects.toMatchObject({
      code: "CLOSED",
    });
  });
});
