import { describe, expect, it } from "vitest";
import { DvespError, limits } from "../../../src/base/index.js";
import { PayloadCodec, PortLink, loopbackPair, makeFrame } from "../../../src/mailbox/index.js";
import { type AskResult } from "../../../src/runtime/index.js";
import { frameOf } from "../../conformance/transport-suite.js";
import { gate, makeHosts, outcomes, receiver, settled, spawnOn } from "./harness.js";

const minute = { timeout_ms: 60_000 };
const places = ["main", "worker-0"] as const;

describe.each(places)("a full mailbox on %s", (host) => {
  it("R9: refuses asks with OVERLOADED and a time to return, keeps what it has", async () => {
    const hosts = makeHosts({ workers: 1 });
    const hold = gate();
    const slow = receiver((n: number) => hold.promise.then(() => n), { mailbox: 3 });
    const ref = await spawnOn<number>(hosts, host, "slow", slow);
    const first = ref.ask(0, minute);
    await hosts.clock.advance(0);
    const asks = [1, 2, 3, 4, 5].map((n) => ref.ask(n, minute));
    const refused = (await settled(hosts, asks[4]!)) as AskResult<unknown>;
    expect(refused).toMatchObject({ outcome: "refused", error: { code: "OVERLOADED" } });
    const wait = refused.outcome === "refused" ? refused.error.retry_after_ms : undefined;
    expect(wait).toBeGreaterThan(0);
    hold.open();
    const ends = await Promise.all([first, ...asks]);
    expect(outcomes(ends)).toEqual(["ok", "ok", "ok", "ok", "refused", "refused"]);
  });

  it("R9: answers a tell with false, or counts it when it came from another host", async () => {
    const hosts = makeHosts({ workers: 1 });
    const hold = gate();
    const slow = receiver(() => hold.promise, { mailbox: 2 });
    const ref = await spawnOn(hosts, host, "slow", slow);
    ref.tell("under way");
    await hosts.clock.advance(0);
    const told = [1, 2, 3, 4].map((n) => ref.tell(n));
    await hosts.clock.advance(0);
    if (host === "main") {
      expect(told).toEqual([true, true, false, false]);
    } else {
      expect(told).toEqual([true, true, true, true]);
      expect(hosts.workers[0]?.deadLetters.of("mailbox_full")).toBe(2);
    }
  });

  it("R9: says to return later the longer its messages take", async () => {
    const hosts = makeHosts({ workers: 1 });
    const slow = receiver(
      (ms: number) => new Promise((done) => hosts.clock.after(ms, () => done(ms))),
      { mailbox: 4 },
    );
    const ref = await spawnOn<number>(hosts, host, "slow", slow);
    for (let n = 0; n < 50; n++) await settled(hosts, ref.ask(400, minute), 400);
    const asks = [1, 2, 3, 4, 5, 6].map(() => ref.ask(400, minute));
    const last = (await settled(hosts, asks[5]!)) as { error: { retry_after_ms: number } };
    expect(last.error.retry_after_ms).toBeGreaterThan(400);
    expect(last.error.retry_after_ms).toBeLessThanOrEqual(1000);
  });
});

describe("a used-up window", () => {
  it("R10: refuses requests, answers all that were accepted, and recovers", async () => {
    const hosts = makeHosts({ workers: 1, window: { frames: 10, bytes: 100_000 } });
    const ref = await spawnOn<number>(
      hosts,
      "worker-0",
      "echo",
      receiver((n: number) => n),
    );
    const asks = Array.from({ length: 30 }, (_, n) => ref.ask(n, minute));
    await hosts.clock.advance(0);
    const ends = outcomes(await Promise.all(asks));
    const accepted = ends.filter((end) => end === "ok").length;
    expect(accepted).toBeGreaterThan(5);
    expect(ends).toEqual([
      ...Array<string>(accepted).fill("ok"),
      ...Array<string>(30 - accepted).fill("refused"),
    ]);
    expect(await settled(hosts, ref.ask(1, minute))).toMatchObject({ outcome: "ok" });
  });

  it("R10: is answered by the hub when the way beyond it is full", async () => {
    const hosts = makeHosts({ workers: 2, window: { frames: 8, bytes: 100_000 } });
    const echo = await spawnOn<number>(
      hosts,
      "worker-1",
      "echo",
      receiver((n: number) => n),
    );
    const burst = receiver(() =>
      Promise.all(Array.from({ length: 20 }, (_, n) => echo.ask(n, minute))),
    );
    const ref = await spawnOn(hosts, "worker-0", "burst", burst);
    const result = (await settled(hosts, ref.ask("go", minute))) as {
      value: AskResult<unknown>[];
    };
    expect(result.value).toHaveLength(20);
    expect(new Set(outcomes(result.value))).toEqual(new Set(["ok", "refused"]));
  });
});

describe("what is no message", () => {
  it("R12: a frame whose payload cannot be read ends its ask as refused; the host goes on", async () => {
    const hosts = makeHosts({ workers: 1 });
    const ref = await spawnOn(
      hosts,
      "worker-0",
      "echo",
      receiver((message: unknown) => message),
    );
    // Accepted by the encoder, refused by every decoder: a key that could change prototypes.
    const poisoned = JSON.parse('{"__proto__": {"admin": true}}') as unknown;
    const answer = await settled(hosts, ref.ask(poisoned, minute));
    expect(answer).toMatchObject({ outcome: "refused", error: { code: "INVALID_ARGUMENT" } });
    expect(hosts.workers[0]?.deadLetters.of("malformed")).toBe(1);
    expect(await settled(hosts, ref.ask("fine", minute))).toMatchObject({ value: "fine" });
  });

  it("R12: garbage on a port is counted and reported, and nothing else happens", async () => {
    const { port1, port2 } = new MessageChannel();
    const hosts = makeHosts();
    hosts.hub.connect("elsewhere", new PortLink(port1));
    port2.postMessage("garbage");
    port2.postMessage(new Uint8Array(50));
    for (let turn = 0; turn < 20; turn++) await hosts.clock.advance(0);
    expect(hosts.hub.deadLetters.of("malformed")).toBe(2);
    expect(hosts.events.filter(({ type }) => type === "frame_malformed")).toHaveLength(2);
    port2.close();
  });

  it("R12: a signal that makes no sense is counted, and the host goes on", async () => {
    const hosts = makeHosts();
    const [atHub, other] = loopbackPair();
    hosts.hub.connect("elsewhere", atHub);
    other.open({
      onFrame: () => undefined,
      onMalformed: () => undefined,
      onClose: () => undefined,
    });
    const frame = frameOf({ type: "nonsense" }, { kind: "signal", lane: "control" });
    const payload = new PayloadCodec(() => undefined).encode({ type: "nonsense" });
    other.send(makeFrame({ ...frame.header, to: { host: "main", name: "" } }, payload));
    await hosts.clock.advance(0);
    expect(hosts.hub.deadLetters.of("malformed")).toBe(1);
    expect(hosts.events.at(-1)).toMatchObject({ type: "frame_malformed" });
  });
});

describe("turns", () => {
  it("R17: lets another actor, then timers, have their turn while one has much to do", async () => {
    const hosts = makeHosts({ system: { yieldTurn: setImmediate } });
    const order: string[] = [];
    const note = (who: string) => receiver(() => void order.push(who), { mailbox: 10_000 });
    const busy = await spawnOn(hosts, "main", "busy", note("busy"));
    const other = await spawnOn(hosts, "main", "other", note("other"));
    const count = limits.messagesPerTurn * 5;
    for (let n = 0; n < count; n++) busy.tell(n);
    other.tell("me too");
    const loopTurn = new Promise<void>((resolve) => {
      setImmediate(() => {
        order.push("event loop");
        resolve();
      });
    });
    await loopTurn;
    for (let turn = 0; turn < 20; turn++) await hosts.clock.advance(0);
    expect(order.filter((who) => who === "busy")).toHaveLength(count);
    const before = order.slice(0, order.indexOf("other")).filter((who) => who === "busy");
    expect(before.length).toBeLessThanOrEqual(limits.messagesPerTurn);
    expect(order.indexOf("event loop")).toBeLessThan(count);
  });

  it("R17: two actors that keep each other busy do not stop the event loop", async () => {
    const hosts = makeHosts({ system: { yieldTurn: setImmediate } });
    let left = 100_000;
    const pong = receiver((_n: number, context) => {
      if (left-- > 0) context.ref({ host: "main", name: "ping" }).tell(1);
    });
    const ping = receiver((_n: number, context) => {
      if (left-- > 0) context.ref({ host: "main", name: "pong" }).tell(1);
    });
    await spawnOn(hosts, "main", "pong", pong);
    const ref = await spawnOn<number>(hosts, "main", "ping", ping);
    ref.tell(1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(left).toBeGreaterThan(0);
    left = 0;
  });
});

describe("refusals", () => {
  it("R18: a DvespError is an answer with its code and details; the actor lives on", async () => {
    const hosts = makeHosts({ workers: 1 });
    const picky = receiver((n: number) => {
      if (n < 0) throw new DvespError("NOT_ENOUGH_REPLICAS", "two of three", { retry_after_ms: 9 });
      return n;
    });
    for (const host of places) {
      const ref = await spawnOn<number>(hosts, host, `picky-${host}`, picky);
      expect(await settled(hosts, ref.ask(-1, minute))).toEqual({
        outcome: "refused",
        error: { code: "NOT_ENOUGH_REPLICAS", message: "two of three", retry_after_ms: 9 },
      });
      expect(ref.tell(-1)).toBe(true);
      expect(await settled(hosts, ref.ask(1, minute))).toEqual({ outcome: "ok", value: 1 });
    }
    expect(hosts.events.filter(({ type }) => type === "tell_refused")).toHaveLength(2);
  });
});
