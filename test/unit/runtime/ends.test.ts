import { describe, expect, it } from "vitest";
import type {
  ActorContext,
  ActorRef,
  AnyDefinition,
  Termination,
} from "../../../src/runtime/index.js";
import {
  type Hosts,
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

function watched(hosts: Hosts, ref: ActorRef<never>): Termination[] {
  const ends: Termination[] = [];
  hosts.hub.watch(ref.address, (end) => ends.push(end));
  return ends;
}

/** Two messages at a time: "crash" crashes, any other waits for `hold`. */
function touchy(hold: Promise<unknown>, stop?: () => void | Promise<void>): AnyDefinition {
  const receive = (message: string): unknown => {
    if (message === "crash") throw new Error("a bug");
    return hold;
  };
  return receiver(receive, { concurrency: 2, stop });
}

describe.each(places)("a crash %s", (_, host) => {
  it("R19: ends asks under way and waiting as gone, and concerns no other actor", async () => {
    const hosts = makeHosts({ workers: 1 });
    const hold = gate();
    const ref = await spawnOn<string>(hosts, host, "touchy", touchy(hold.promise));
    const other = await spawnOn(
      hosts,
      host,
      "other",
      receiver(() => "here"),
    );
    const ends = watched(hosts, ref);
    const asks = ["hold", "crash", "waiting"].map((message) => ref.ask(message, minute));
    ref.tell("waiting too");
    await hosts.clock.advance(0);
    expect(outcomes(await Promise.all(asks))).toEqual(["gone", "gone", "gone"]);
    expect(lettersOf(hosts, host).of("actor_ended")).toBe(2);
    expect(ends).toMatchObject([
      { reason: "error", error: { code: "INTERNAL", message: "a bug" } },
    ]);
    expect(await settled(hosts, other.ask("?", minute))).toMatchObject({ value: "here" });
    expect(await settled(hosts, ref.ask("?", minute))).toEqual({ outcome: "gone" });
    expect(hosts.events).toContainEqual(
      expect.objectContaining({ type: "actor_crashed", host, actor: "touchy" }),
    );
  });

  it("R19: reports the end only when stop has let go, within its time", async () => {
    const hosts = makeHosts({ workers: 1 });
    const released = gate();
    const holding = touchy(Promise.resolve(), () => released.promise);
    const ref = await spawnOn<string>(hosts, host, "holding", holding);
    const ends = watched(hosts, ref);
    ref.tell("crash");
    await hosts.clock.advance(100);
    expect(ends).toEqual([]);
    await expect(
      settled(hosts, hosts.hub.spawn({ name: "holding", host, module: "holding" })),
    ).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
    released.open();
    await hosts.clock.advance(0);
    expect(ends).toHaveLength(1);

    const hanging = touchy(Promise.resolve(), () => new Promise(() => undefined));
    const never = await spawnOn<string>(hosts, host, "hanging", hanging);
    const neverEnds = watched(hosts, never);
    never.tell("crash");
    await hosts.clock.advance(4999);
    expect(neverEnds).toEqual([]);
    await hosts.clock.advance(1);
    expect(neverEnds).toMatchObject([{ reason: "error" }]);
  });

  it("R19: an answer of a handler that outlives the crash is dropped", async () => {
    const hosts = makeHosts({ workers: 1 });
    const hold = gate<string>();
    const ref = await spawnOn<string>(hosts, host, "touchy", touchy(hold.promise));
    const ask = ref.ask("hold", minute);
    ref.tell("crash");
    await hosts.clock.advance(0);
    hold.open("too late");
    await hosts.clock.advance(0);
    expect(await ask).toEqual({ outcome: "gone" });
    expect(lettersOf(hosts, host).of("late_answer")).toBe(0);
  });

  it("R20: crash of the context ends the actor, and a life that is over harms no other", async () => {
    const hosts = makeHosts({ workers: 1 });
    const contexts: ActorContext[] = [];
    const definition = {
      start: (context: ActorContext) => {
        contexts.push(context);
        return { receive: () => contexts.length };
      },
    };
    const ref = await spawnOn(hosts, host, "background", definition);
    const ends = watched(hosts, ref);
    contexts[0]!.crash(new Error("the background task failed"));
    await hosts.clock.advance(0);
    expect(ends).toMatchObject([{ error: { message: "the background task failed" } }]);
    await spawnOn(hosts, host, "background", definition);
    contexts[0]!.crash(new Error("again"));
    await hosts.clock.advance(0);
    expect(await settled(hosts, ref.ask("?", minute))).toEqual({ outcome: "ok", value: 2 });
  });

  it("R21: a restarted actor is a new object with an empty mailbox", async () => {
    const hosts = makeHosts({ workers: 1 });
    const counting = {
      start: () => {
        const seen: string[] = [];
        return {
          receive: (message: string) => {
            if (message === "crash") throw new Error("a bug");
            return [...seen, seen.push(message)];
          },
        };
      },
    };
    const ref = await spawnOn<string>(hosts, host, "counting", counting);
    await settled(hosts, ref.ask("one", minute));
    ["crash", "lost", "lost too"].forEach((message) => ref.tell(message));
    await hosts.clock.advance(0);
    await spawnOn(hosts, host, "counting", counting);
    expect(await settled(hosts, ref.ask("two", minute))).toEqual({ outcome: "ok", value: [1] });
  });
});

describe.each(places)("stopping an actor %s", (_, host) => {
  it("R22: overtakes what waits, finishes what is under way, calls stop, reports normal", async () => {
    const hosts = makeHosts({ workers: 1 });
    const hold = gate<string>();
    const order: string[] = [];
    const actor = receiver(
      async () => {
        const value = await hold.promise;
        order.push("handled");
        return value;
      },
      {
        stop: () => {
          order.push("stop");
        },
      },
    );
    const ref = await spawnOn(hosts, host, "slow", actor);
    const ends = watched(hosts, ref);
    const underWay = ref.ask(1, minute);
    const waiting = ref.ask(2, minute);
    await hosts.clock.advance(0);
    const stopping = hosts.hub.stop(ref.address, 1000);
    expect(await settled(hosts, waiting)).toEqual({ outcome: "gone" });
    expect(await settled(hosts, ref.ask(3, minute))).toEqual({ outcome: "gone" });
    expect(order).toEqual([]);
    hold.open("done");
    expect(await settled(hosts, stopping)).toBeUndefined();
    expect(await underWay).toEqual({ outcome: "ok", value: "done" });
    expect(order).toEqual(["handled", "stop"]);
    expect(ends).toEqual([{ address: ref.address, reason: "normal" }]);
  });

  it("R22: takes its limit at most; a failing stop is reported and ends the actor all the same", async () => {
    const hosts = makeHosts({ workers: 1 });
    const hanging = receiver(() => new Promise(() => undefined));
    const ref = await spawnOn(hosts, host, "hanging", hanging);
    const ask = ref.ask("x", minute);
    await hosts.clock.advance(0);
    const stopping = hosts.hub.stop(ref.address, 300);
    expect(await settled(hosts, stopping, 299)).toBe("open");
    expect(await settled(hosts, stopping, 1)).toBeUndefined();
    expect(await ask).toEqual({ outcome: "gone" });
    const failing = receiver(() => 1, { stop: () => Promise.reject(new Error("cannot let go")) });
    const second = await spawnOn(hosts, host, "failing", failing);
    expect(await settled(hosts, hosts.hub.stop(second.address, 300))).toBeUndefined();
    const failures = hosts.events.filter(({ type }) => type === "actor_stop_failed");
    expect(failures.map(({ actor }) => actor)).toEqual(["hanging", "failing"]);
  });

  it("R22: stopping twice, or what is not there, is the same as once", async () => {
    const hosts = makeHosts({ workers: 1 });
    let stops = 0;
    const actor = receiver(() => 1, {
      stop: () => {
        stops++;
      },
    });
    const { address } = await spawnOn(hosts, host, "once", actor);
    const both = Promise.all([hosts.hub.stop(address, 100), hosts.hub.stop(address, 100)]);
    await settled(hosts, both);
    await settled(hosts, hosts.hub.stop(address, 100));
    expect(stops).toBe(1);
  });

  it("R23: killing waits for nothing and does not call stop", async () => {
    const hosts = makeHosts({ workers: 1 });
    let stops = 0;
    const hold = new Promise(() => undefined);
    const ref = await spawnOn(
      hosts,
      host,
      "stuck",
      touchy(hold, () => {
        stops++;
      }),
    );
    const ends = watched(hosts, ref);
    const ask = ref.ask("hold", minute);
    await hosts.clock.advance(0);
    hosts.hub.kill(ref.address);
    expect(await settled(hosts, ask)).toEqual({ outcome: "gone" });
    expect(ends).toMatchObject([{ reason: "error" }]);
    expect(stops).toBe(0);
  });
});
