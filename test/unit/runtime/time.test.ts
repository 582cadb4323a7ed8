import { describe, expect, it } from "vitest";
import { type ActorRef } from "../../../src/runtime/index.js";
import {
  gate,
  lettersOf,
  makeHosts,
  minute,
  outcomes,
  places,
  receiver,
  settled,
  spawnOn,
} from "./harness.js";

describe.each(places)("time, for an actor %s", (_, host) => {
  it("R13: ends an ask as timeout once, and counts the answer that comes later", async () => {
    const hosts = makeHosts({ workers: 1 });
    const hold = gate<string>();
    const ref = await spawnOn(
      hosts,
      host,
      "slow",
      receiver(() => hold.promise),
    );
    const ask = ref.ask("x", { timeout_ms: 100 });
    expect(await settled(hosts, ask, 99)).toBe("open");
    expect(await settled(hosts, ask, 1)).toEqual({ outcome: "timeout" });
    hold.open("late");
    await hosts.clock.advance(0);
    expect(await ask).toEqual({ outcome: "timeout" });
    expect(hosts.hub.deadLetters.of("late_answer")).toBe(1);
    expect(hosts.clock.pending).toBe(0);
  });

  it("R14: drops a message whose deadline passed while it waited", async () => {
    const hosts = makeHosts({ workers: 1 });
    const hold = gate();
    const seen: string[] = [];
    const slow = receiver((text: string) => {
      seen.push(text);
      return hold.promise;
    });
    const ref = await spawnOn<string>(hosts, host, "slow", slow);
    const first = ref.ask("first", minute);
    const second = ref.ask("second", { timeout_ms: 50 });
    const third = ref.ask("third", { timeout_ms: 5000 });
    await hosts.clock.advance(60);
    hold.open();
    expect(outcomes(await Promise.all([first, second, third]))).toEqual(["ok", "timeout", "ok"]);
    expect(seen).toEqual(["first", "third"]);
    expect(lettersOf(hosts, host).of("expired")).toBe(1);
  });

  it("R15: a question asked on behalf of a message never outlives it", async () => {
    const hosts = makeHosts({ workers: 2 });
    let asked = 0;
    const never = receiver(() => {
      asked++;
      return new Promise(() => undefined);
    });
    const slow = await spawnOn(hosts, "worker-1", "never", never);
    hosts.definitions.set("middle", {
      start: () => ({
        receive: async (ask: { more_ms: number }, { deadline_ms }) => {
          await new Promise<void>((done) => hosts.clock.after(ask.more_ms, done));
          const result = await slow.ask("x", { timeout_ms: 60_000, deadline_ms });
          return { result, after_ms: hosts.clock.now() - 1_700_000_000_000 };
        },
      }),
    });
    const spawning = hosts.hub.spawn<{ more_ms: number }>({
      name: "middle",
      host,
      module: "middle",
    });
    const ref = (await settled(hosts, spawning)) as ActorRef<{ more_ms: number }>;
    const ask = ref.ask<{ after_ms: number }>({ more_ms: 30 }, { timeout_ms: 100 });
    const late = ref.ask({ more_ms: 30 }, { timeout_ms: 100 });
    await hosts.clock.advance(99);
    expect([await settled(hosts, ask), asked]).toEqual(["open", 1]);
    await hosts.clock.advance(1000);
    expect(outcomes(await Promise.all([ask, late]))).toEqual(["timeout", "timeout"]);
    // The second message's own deadline had passed before its question: nothing was sent.
    expect(asked).toBe(1);
    expect(await slow.ask("x", { timeout_ms: 10, deadline_ms: hosts.clock.now() })).toEqual({
      outcome: "timeout",
    });
    expect(asked).toBe(1);
  });
});

describe.each(places)("handling, by an actor %s", (_, host) => {
  it.each([
    [undefined, 1],
    [3, 3],
  ])("R16: with concurrency %s has %i messages under way at most", async (concurrency, most) => {
    const hosts = makeHosts({ workers: 1 });
    let now = 0;
    let peak = 0;
    const busy = receiver(
      async () => {
        peak = Math.max(peak, ++now);
        await new Promise<void>((done) => hosts.clock.after(10, done));
        now--;
      },
      concurrency === undefined ? {} : { concurrency },
    );
    const ref = await spawnOn(hosts, host, "busy", busy);
    const asks = Array.from({ length: 10 }, (_value, n) => ref.ask(n, minute));
    await hosts.clock.advance(Math.ceil(10 / most) * 10);
    expect(outcomes(await Promise.all(asks))).toEqual(Array(10).fill("ok"));
    expect(peak).toBe(most);
  });
});
