import { describe, expect, it } from "vitest";
import { limits } from "../../../src/base/index.js";
import { moved } from "../../../src/mailbox/index.js";
import { type ActorRef, answerWith } from "../../../src/runtime/index.js";
import { type Hosts, makeHosts, receiver, settled, spawnOn } from "./harness.js";

const second = { timeout_ms: 1000 };

/** The same cases near and far. */
const places = [
  ["within a host", "main"],
  ["to a worker", "worker-0"],
] as const;

describe.each(places)("messages %s", (_, host) => {
  it("answers an ask with what receive returns or resolves to", async () => {
    const hosts = makeHosts({ workers: 1 });
    const twice = receiver((n: number) => (n > 10 ? Promise.resolve(n * 2) : n * 2));
    const ref = await spawnOn<number>(hosts, host, "twice", twice);
    expect(await settled(hosts, ref.ask(4, second))).toEqual({ outcome: "ok", value: 8 });
    expect(await settled(hosts, ref.ask(40, second))).toEqual({ outcome: "ok", value: 80 });
  });

  it("R2: handles messages of one sender in order, tells and asks mixed", async () => {
    const hosts = makeHosts({ workers: 1 });
    const seen: number[] = [];
    const ref = await spawnOn<number>(
      hosts,
      host,
      "log",
      receiver((n: number) => seen.push(n)),
    );
    const numbers = Array.from({ length: 500 }, (_, n) => n);
    for (const n of numbers) {
      if (n % 7 === 0) void ref.ask(n, second);
      else ref.tell(n);
    }
    await hosts.clock.advance(0);
    expect(seen).toEqual(numbers);
  });

  it("R4: takes control messages before the user messages that wait", async () => {
    const hosts = makeHosts({ workers: 1 });
    const seen: string[] = [];
    const log = receiver((text: string) => void seen.push(text));
    const ref = await spawnOn<string>(hosts, host, "log", log);
    for (let n = 0; n < 300; n++) ref.tell(`user ${n}`);
    ref.tell("control", { lane: "control" });
    await hosts.clock.advance(0);
    expect(seen).toHaveLength(301);
    expect(seen.indexOf("control")).toBe(0);
  });

  it("R3: handles each message once, and says so when it was not even queued", async () => {
    const hosts = makeHosts({ workers: 1 });
    const counts = new Map<number, number>();
    const count = receiver((n: number) => void counts.set(n, (counts.get(n) ?? 0) + 1));
    const ref = await spawnOn<number>(hosts, host, "count", count);
    const accepted = Array.from({ length: 100 }, (_, n) => n).filter((n) => ref.tell(n));
    await hosts.clock.advance(5000);
    expect([...counts.keys()]).toEqual(accepted);
    expect(new Set(counts.values())).toEqual(new Set([1]));
  });

  it("R8: shares attachments on tell, ask, spawn and answer", async () => {
    const hosts = makeHosts({ workers: 1 });
    const atSpawn = new Int32Array(new SharedArrayBuffer(4));
    hosts.definitions.set("shared", {
      start: ({ attachments: [given] }) => ({
        receive: (message, { attachments: [sent] }) => {
          Atomics.add(given as Int32Array, 0, 1);
          Atomics.add(sent as Int32Array, 0, 10);
          return message === "share" ? answerWith("with memory", [given]) : "plain";
        },
      }),
    });
    const request = { name: "shared", host, module: "shared", attachments: [atSpawn] };
    const ref = (await settled(hosts, hosts.hub.spawn(request))) as ActorRef;
    const sent = new Int32Array(new SharedArrayBuffer(4));
    ref.tell("count", { attachments: [sent] });
    const answer = await settled(hosts, ref.ask("share", { ...second, attachments: [sent] }));
    expect(answer).toMatchObject({ outcome: "ok", value: "with memory" });
    const attachments = answer !== "open" && answer.outcome === "ok" ? answer.attachments : [];
    const back = attachments?.[0] as Int32Array;
    expect([Atomics.load(back, 0), Atomics.load(atSpawn, 0), Atomics.load(sent, 0)]).toEqual([
      2, 2, 20,
    ]);
  });
});

describe("messages to another host", () => {
  async function echo(hosts: Hosts): Promise<ActorRef> {
    return spawnOn(
      hosts,
      "worker-0",
      "echo",
      receiver((message: unknown) => message),
    );
  }

  it("R1: carries refs, which work from where they arrive and after a restart", async () => {
    const hosts = makeHosts({ workers: 2 });
    const target = receiver((n: number) => n + 1);
    const ref = await spawnOn<number>(hosts, "worker-1", "target", target);
    const user = receiver(({ to }: { to: ActorRef<number> }) => to.ask<number>(1, second));
    const through = await spawnOn<{ to: ActorRef<number> }>(hosts, "worker-0", "user", user);
    const ok = { outcome: "ok", value: { outcome: "ok", value: 2 } };
    expect(await settled(hosts, through.ask({ to: ref }, second))).toEqual(ok);
    await settled(hosts, hosts.hub.stop(ref.address, 100));
    await spawnOn(hosts, "worker-1", "target", target);
    expect(await settled(hosts, through.ask({ to: ref }, second))).toEqual(ok);
  });

  it("tells the receiver whose ref the message came through", async () => {
    const hosts = makeHosts({ workers: 2 });
    hosts.definitions.set("who", {
      start: () => ({ receive: (_m, { sender }) => sender ?? "outside" }),
    });
    const who = (await settled(
      hosts,
      hosts.hub.spawn({ name: "who", host: "worker-1", module: "who" }),
    )) as ActorRef;
    const asker = receiver(({ to }: { to: ActorRef }) => to.ask("who?", second));
    const ref = await spawnOn(hosts, "worker-0", "asker", asker);
    expect(await settled(hosts, ref.ask({ to: who }, second))).toMatchObject({
      value: { value: { host: "worker-0", name: "asker" } },
    });
    expect(await settled(hosts, who.ask("who?", second))).toMatchObject({ value: "outside" });
  });

  it("R5: copies the message; within a host it is handed over as it is", async () => {
    const hosts = makeHosts({ workers: 1 });
    const message = { list: [1] };
    let got: unknown;
    const keep = receiver((received: unknown) => void (got = received));
    const far = await spawnOn(hosts, "worker-0", "far", keep);
    far.tell(message);
    await hosts.clock.advance(0);
    expect(got).toEqual(message);
    expect(got).not.toBe(message);
    const near = await spawnOn(hosts, "main", "near", keep);
    near.tell(message);
    await hosts.clock.advance(0);
    expect(got).toBe(message);
  });

  it("R5: encodes local messages too when the system is asked to", async () => {
    const hosts = makeHosts({ system: { encodeLocal: true } });
    let got: unknown;
    const ref = await spawnOn(
      hosts,
      "main",
      "keep",
      receiver((message: unknown) => (got = message)),
    );
    const message = { list: [1] };
    expect(ref.tell(message)).toBe(true);
    await hosts.clock.advance(0);
    expect(got).toEqual(message);
    expect(got).not.toBe(message);
    expect(ref.tell({ bad: () => 1 })).toBe(false);
    expect(await ref.ask({ bad: () => 1 }, second)).toMatchObject({ outcome: "refused" });
  });

  it("R6: moves marked memory, in the question and in the answer, through the hub too", async () => {
    const hosts = makeHosts({ workers: 2 });
    const make = receiver((length: number) => moved(new Float32Array(length).fill(5)));
    const maker = await spawnOn<number>(hosts, "worker-1", "maker", make);
    const pass = receiver(({ rows, from }: { rows: Float32Array; from: ActorRef<number> }) =>
      from.ask<Float32Array>(rows.length, second),
    );
    const ref = await spawnOn(hosts, "worker-0", "pass", pass);
    const rows = moved(new Float32Array(limits.partBytesMin));
    const answer = await settled(hosts, ref.ask({ rows, from: maker }, second));
    expect(rows.byteLength).toBe(0);
    const value = new Float32Array(limits.partBytesMin).fill(5);
    expect(answer).toEqual({ outcome: "ok", value: { outcome: "ok", value } });
  });

  it("R7: refuses what cannot be carried", async () => {
    const hosts = makeHosts({ workers: 1 });
    const ref = await echo(hosts);
    expect(ref.tell(new Map())).toBe(false);
    const answer = await settled(hosts, ref.ask({ callback: () => 1 }, second));
    expect(answer).toMatchObject({ outcome: "refused", error: { code: "INVALID_ARGUMENT" } });
    expect(hosts.hub.deadLetters.of("not_sendable")).toBe(1);
  });

  it("R7: turns an answer that cannot be carried into a refusal, and the actor lives on", async () => {
    const hosts = makeHosts({ workers: 1 });
    const bad = receiver((n: number) => (n === 0 ? new Map() : n));
    const ref = await spawnOn<number>(hosts, "worker-0", "bad", bad);
    expect(await settled(hosts, ref.ask(0, second))).toMatchObject({
      outcome: "refused",
      error: { code: "INTERNAL" },
    });
    expect(await settled(hosts, ref.ask(1, second))).toMatchObject({ outcome: "ok" });
  });

  it("R11: refuses a message over the limit with TOO_LARGE", async () => {
    const hosts = makeHosts({ workers: 1 });
    const ref = await echo(hosts);
    const text = "x".repeat(limits.frameBytesMax + 1);
    expect(await settled(hosts, ref.ask(text, second))).toMatchObject({
      outcome: "refused",
      error: { code: "TOO_LARGE" },
    });
  });
});
