import { describe, expect, it } from "vitest";
import { checkSpec, restartPolicies } from "../../../src/supervisors/index.js";
import { Driver, bug, delayOf, reasons, typesOf } from "./driver.js";

describe("restart policies", () => {
  const cases = restartPolicies.flatMap((policy) =>
    reasons.map((reason) => {
      const restarts = policy === "permanent" || (policy === "transient" && reason !== "normal");
      return [policy, reason, restarts] as const;
    }),
  );

  it.each(cases)(
    "R33: a %s child that ended as %s is started again: %s",
    (policy, reason, again) => {
      const driver = new Driver();
      driver.run("a", { restart: policy });
      const effects = driver.exit("a", reason);
      expect(effects[0]).toMatchObject({ type: "emit", event: { type: "child_exited", reason } });
      expect(delayOf(effects) !== undefined).toBe(again);
      if (driver.phase("a") === "delayed") driver.due("a");
      expect(driver.phase("a")).toBe(
        again ? "starting" : policy === "temporary" ? undefined : "ended",
      );
    },
  );
});

describe("back-off", () => {
  it("R34: doubles from minMs to maxMs, within the jitter", () => {
    const driver = new Driver();
    const backoff = {
      minMs: 10,
      maxMs: 1000,
      jitter: 0.2,
      budget: { restarts: 99, withinMs: 1e6 },
    };
    driver.run("a", { backoff });
    for (let attempt = 0; attempt < 12; attempt++) {
      const nominal = Math.min(1000, 10 * 2 ** attempt);
      const delay = delayOf(driver.exit("a"))!;
      expect(delay).toBeGreaterThanOrEqual(nominal * 0.8);
      expect(delay).toBeLessThanOrEqual(Math.min(1000, nominal * 1.2));
      driver.due("a");
      driver.started("a");
    }
  });

  it("R34: begins again with minMs once the child ran for resetMs", () => {
    const driver = new Driver();
    const backoff = { jitter: 0, minMs: 10, resetMs: 500 };
    driver.run("a", { backoff });
    const delays = [0, 0, 499, 500].map((ranMs) => {
      driver.now += ranMs;
      const delay = delayOf(driver.exit("a"));
      driver.due("a");
      driver.started("a");
      return delay;
    });
    expect(delays).toEqual([10, 20, 40, 10]);
  });

  it("R34: a start that fails again and again is tried less and less often", () => {
    const driver = new Driver();
    driver.run("a", { backoff: { jitter: 0 } });
    const delays = [delayOf(driver.exit("a"))];
    for (let round = 0; round < 4; round++) {
      driver.due("a");
      const failed = {
        type: "start_failed",
        name: "a",
        life: driver.life("a"),
        error: bug,
      } as const;
      delays.push(delayOf(driver.send(failed)));
    }
    expect(delays).toEqual([10, 20, 40, 80, 160]);
  });

  it("a child that could not be started the first time is not tried again", () => {
    const driver = new Driver();
    const spec = checkSpec({ name: "a", start: { module: "m", host: "worker-0" } });
    driver.send({ type: "add", spec });
    const effects = driver.send({ type: "start_failed", name: "a", life: 1, error: bug });
    expect(typesOf(effects)).toEqual(["child_start_failed"]);
    expect(driver.phase("a")).toBeUndefined();
  });
});

describe("budget", () => {
  const backoff = { jitter: 0, budget: { restarts: 3, withinMs: 1000 } };

  it("R35: escalates at one restart more than allowed within the time", () => {
    const driver = new Driver();
    driver.run("a", { backoff });
    for (let restart = 0; restart < 3; restart++) {
      expect(delayOf(driver.exit("a"))).toBeDefined();
      driver.due("a");
      driver.started("a");
    }
    const effects = driver.exit("a");
    expect(typesOf(effects)).toEqual(["child_exited", "child_gave_up", "escalated", "escalate"]);
    expect(effects.at(-1)).toEqual({ type: "escalate", name: "a", error: bug });
    expect(driver.phase("a")).toBe("ended");
  });

  it("R35: forgets restarts that are longer ago", () => {
    const driver = new Driver();
    driver.run("a", { backoff });
    for (let restart = 0; restart < 20; restart++) {
      driver.now += 400;
      expect(delayOf(driver.exit("a"))).toBeDefined();
      driver.due("a");
      driver.started("a");
    }
  });

  it("R35: counts each child for itself", () => {
    const driver = new Driver();
    for (const name of ["a", "b", "c"]) driver.run(name, { backoff });
    for (let restart = 0; restart < 3; restart++) {
      for (const name of ["a", "b", "c"]) {
        expect(typesOf(driver.exit(name))).not.toContain("escalate");
        driver.due(name);
        driver.started(name);
      }
    }
    expect(typesOf(driver.exit("b"))).toContain("escalate");
    expect(driver.phase("a")).toBe("running");
  });
});
