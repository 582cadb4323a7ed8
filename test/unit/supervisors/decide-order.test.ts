import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkSpec } from "../../../src/supervisors/index.js";
import type { Effect } from "../../../src/supervisors/state.js";
import { Driver, bug, delayOf, reasons, typesOf } from "./driver.js";

describe("hosts", () => {
  const role = { start: { module: "m", host: { role: "work" } } };

  it("R37: the first time a host is lost its child starts again at once, elsewhere if it may", () => {
    const driver = new Driver();
    driver.send({ type: "host", host: "worker-1", role: "work", up: true });
    driver.run("a", role);
    driver.send({ type: "host", host: "worker-0", role: "work", up: false });
    const effects = driver.exit("a", "host_lost");
    expect(effects.at(-1)).toMatchObject({ type: "start", host: "worker-1" });
  });

  it("R37: waits until its host is up, then starts at once", () => {
    const driver = new Driver();
    driver.run("a");
    driver.send({ type: "host", host: "worker-0", role: "work", up: false });
    expect(typesOf(driver.exit("a", "host_lost")).at(-1)).toBe("child_waiting_for_host");
    expect(driver.send({ type: "host", host: "worker-1", role: "work", up: true })).toEqual([]);
    const effects = driver.send({ type: "host", host: "worker-0", role: "work", up: true });
    expect(effects).toEqual([{ type: "start", name: "a", life: 2, host: "worker-0" }]);
  });

  it("R37: delays when its hosts keep dying", () => {
    const driver = new Driver();
    driver.run("a", { backoff: { jitter: 0 } });
    const delays = [0, 1, 2].map(() => {
      const delay = delayOf(driver.exit("a", "host_lost"));
      driver.due("a");
      driver.started("a");
      return delay;
    });
    expect(delays).toEqual([0, 20, 40]);
  });

  it("R37: a host that dies during a start is no fault of the child", () => {
    const driver = new Driver();
    const spec = checkSpec({ name: "a", start: { module: "m", host: "worker-0" } });
    driver.send({ type: "add", spec });
    driver.send({ type: "host", host: "worker-0", role: "work", up: false });
    const error = { code: "CLOSED", message: "worker-0 is gone" } as const;
    driver.send({ type: "start_failed", name: "a", life: 1, error });
    expect(driver.phase("a")).toBe("waiting_for_host");
  });

  it("spreads the children of a role over its hosts", () => {
    const driver = new Driver();
    driver.send({ type: "host", host: "worker-1", role: "work", up: true });
    driver.send({ type: "host", host: "other", role: "other", up: true });
    for (let n = 0; n < 6; n++) driver.run(`c${n}`, role);
    const hosts = [...driver.state.children.values()].map(({ at }) => "host" in at && at.host);
    expect(hosts.sort()).toEqual([
      ...Array<string>(3).fill("worker-0"),
      ...Array<string>(3).fill("worker-1"),
    ]);
  });
});

describe("stopping", () => {
  it("R36: stops one child at a time, the last one added first, whatever each is doing", () => {
    const driver = new Driver();
    driver.run("running");
    driver.run("delayed");
    driver.exit("delayed");
    const start = { module: "m", host: "nowhere" };
    driver.send({ type: "add", spec: checkSpec({ name: "waiting", start }) });
    const here = { module: "m", host: "worker-0" };
    driver.send({ type: "add", spec: checkSpec({ name: "starting", start: here }) });
    driver.run("last");

    const stops: string[] = [];
    const follow = (effects: readonly Effect[]): void => {
      for (const effect of effects) {
        if (effect.type === "emit" && effect.event.type === "child_stopped") {
          stops.push(effect.event.child);
        }
      }
      expect(effects.filter(({ type }) => type === "stop").length).toBeLessThanOrEqual(1);
      expect(effects.some(({ type }) => type === "start")).toBe(false);
    };
    follow(driver.send({ type: "close" }));
    follow(driver.send({ type: "stopped", name: "last", life: 1 }));
    expect(driver.state.phase).toBe("closing");
    follow(driver.started("starting"));
    follow(driver.send({ type: "stopped", name: "starting", life: 1 }));
    follow(driver.send({ type: "stopped", name: "running", life: 1 }));
    expect(stops).toEqual(["last", "starting", "waiting", "delayed", "running"]);
    expect(driver.state.phase).toBe("closed");
  });

  it("starts nothing while closing, whatever ends or comes back", () => {
    const driver = new Driver();
    driver.run("a");
    driver.run("b");
    driver.send({ type: "close" });
    expect(typesOf(driver.exit("a"))).toEqual(["child_exited", "child_stopped"]);
    driver.send({ type: "host", host: "worker-0", role: "work", up: true });
    const start = { module: "m", host: "worker-0" };
    expect(driver.send({ type: "add", spec: checkSpec({ name: "c", start }) })).toEqual([]);
    driver.send({ type: "stopped", name: "b", life: 1 });
    expect(driver.state).toMatchObject({ phase: "closed" });
  });

  it("a child that is removed while it starts is stopped once it has started", () => {
    const driver = new Driver();
    const start = { module: "m", host: "worker-0" };
    driver.send({ type: "add", spec: checkSpec({ name: "a", start }) });
    expect(driver.send({ type: "remove", name: "a" })).toEqual([]);
    expect(typesOf(driver.started("a"))).toEqual(["child_started", "stop"]);
    driver.send({ type: "stopped", name: "a", life: 1 });
    expect(driver.state.children.size).toBe(0);
  });
});

describe("any sequence of events", () => {
  it("keeps one life per child, starts nothing twice, and always ends when closed", () => {
    const names = ["a", "b", "c"];
    const step = fc.record({
      what: fc.constantFrom(
        "add",
        "remove",
        "started",
        "start_failed",
        "exited",
        "due",
        "host",
        "late",
      ),
      name: fc.constantFrom(...names),
      reason: fc.constantFrom(...reasons),
      up: fc.boolean(),
      waitMs: fc.nat({ max: 2000 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const driver = new Driver();
        const alive = new Map<string, number>();
        const perform = (effects: readonly Effect[]): void => {
          for (const effect of effects) {
            if (effect.type !== "start") continue;
            expect(alive.has(effect.name)).toBe(false);
            alive.set(effect.name, effect.life);
          }
        };
        for (const { what, name, reason, up, waitMs } of steps) {
          driver.now += waitMs;
          const life = driver.life(name);
          const phase = driver.phase(name);
          if (what === "add" && (phase === undefined || phase === "ended")) {
            const start = { module: "m", host: { role: "work" } };
            perform(driver.send({ type: "add", spec: checkSpec({ name, start }) }));
          } else if (what === "remove") perform(driver.send({ type: "remove", name }));
          else if (what === "started" && phase === "starting") perform(driver.started(name));
          else if (what === "start_failed" && phase === "starting") {
            alive.delete(name);
            perform(driver.send({ type: "start_failed", name, life, error: bug }));
          } else if (what === "exited" && phase === "running") {
            alive.delete(name);
            perform(driver.exit(name, reason));
          } else if (what === "due") perform(driver.due(name));
          else if (what === "host")
            perform(driver.send({ type: "host", host: "worker-0", role: "work", up }));
          else if (what === "late") {
            const end = { address: { host: "worker-0", name }, reason };
            perform(driver.send({ type: "exited", name, life: life - 1, end }));
          }
          if (driver.phase(name) === "stopping") {
            alive.delete(name);
            perform(driver.send({ type: "stopped", name, life: driver.life(name) }));
          }
        }
        driver.send({ type: "close" });
        for (let round = 0; round < 10 && driver.state.phase !== "closed"; round++) {
          for (const name of names) {
            if (driver.phase(name) === "starting") driver.started(name);
            if (driver.phase(name) === "stopping") {
              driver.send({ type: "stopped", name, life: driver.life(name) });
            }
          }
        }
        expect(driver.state.phase).toBe("closed");
        expect(driver.state.children.size).toBe(0);
      }),
      { numRuns: 500 },
    );
  });
});
