import { describe, expect, it } from "vitest";
import { VirtualClock, seededRandom } from "../../../src/base/index.js";
import { type Link, loopbackPair } from "../../../src/mailbox/index.js";
import { ActorSystem, mapLoader, type Termination } from "../../../src/runtime/index.js";
import { receiver } from "./harness.js";

interface TestNode {
  readonly hub: ActorSystem;
  readonly worker: ActorSystem;
  /** The hub's end of the link to its worker. */
  readonly toWorker: Link;
}

const clock = new VirtualClock();
const second = { timeout_ms: 1000 };

function makeNode(name: string): TestNode {
  const options = { clock, random: seededRandom(3), load: mapLoader(new Map()) };
  const hub = new ActorSystem({ ...options, host: `${name}/main` });
  const worker = new ActorSystem({ ...options, host: `${name}/worker-0` });
  const [toWorker, toHub] = loopbackPair();
  hub.connect(worker.host, toWorker);
  worker.connectHub(hub.host, toHub);
  return { hub, worker, toWorker };
}

function join(left: TestNode, right: TestNode): Link {
  const [atLeft, atRight] = loopbackPair();
  left.hub.connectNode(right.hub.host, atLeft);
  right.hub.connectNode(left.hub.host, atRight);
  return atLeft;
}

async function ended<T>(result: Promise<T>): Promise<T> {
  await clock.advance(0);
  return result;
}

const echo = receiver((text: string) => `heard ${text}`);
const silent = receiver(() => new Promise(() => undefined));

describe("nodes", () => {
  it("R40: reaches actors of another node from any thread, by refs that were sent too", async () => {
    const [n1, n2] = [makeNode("n1"), makeNode("n2")];
    join(n1, n2);
    await n2.worker.spawnLocal({ name: "echo" }, echo);
    const far = { host: "n2/worker-0", name: "echo" };
    for (const from of [n1.hub, n1.worker, n2.hub]) {
      const answer = await ended(from.ref<string>(far).ask("hello", second));
      expect(answer).toEqual({ outcome: "ok", value: "heard hello" });
    }
    const relay = receiver(async (to: { ask: (text: string, limit: object) => Promise<unknown> }) =>
      to.ask("relayed", second),
    );
    await n2.hub.spawnLocal({ name: "relay" }, relay);
    await n1.worker.spawnLocal({ name: "home" }, echo);
    const message = n1.worker.ref({ host: "n1/worker-0", name: "home" });
    const answer = await ended(
      n1.worker.ref({ host: "n2/main", name: "relay" }).ask(message, second),
    );
    expect(answer).toEqual({ outcome: "ok", value: { outcome: "ok", value: "heard relayed" } });
  });

  it("R40: ends an ask to a node or a host that is not there as gone", async () => {
    const [n1, n2] = [makeNode("n1"), makeNode("n2")];
    join(n1, n2);
    for (const host of ["n3/main", "n2/worker-9", "n1/worker-9"]) {
      const ask = n1.worker.ref({ host, name: "nobody" }).ask("x", second);
      expect(await ended(ask)).toEqual({ outcome: "gone" });
    }
  });

  it("R41: ends asks and watches when the link ends, and works again with a new one", async () => {
    const [n1, n2] = [makeNode("n1"), makeNode("n2")];
    const link = join(n1, n2);
    await n2.worker.spawnLocal({ name: "silent" }, silent);
    await n2.worker.spawnLocal({ name: "echo" }, echo);
    const address = { host: "n2/worker-0", name: "silent" };
    const ends: Termination[] = [];
    n1.worker.watch(address, (end) => ends.push(end));
    const ask = n1.worker.ref(address).ask("x", second);
    await clock.advance(0);
    link.close();
    expect(await ended(ask)).toEqual({ outcome: "gone" });
    expect(ends).toMatchObject([{ address, reason: "host_lost" }]);
    const echoRef = n1.worker.ref<string>({ host: "n2/worker-0", name: "echo" });
    expect(await ended(echoRef.ask("y", second))).toEqual({ outcome: "gone" });
    join(n1, n2);
    expect(await ended(echoRef.ask("y", second))).toEqual({ outcome: "ok", value: "heard y" });
  });

  it("R41: ends what went over a link when another takes its place", async () => {
    const [n1, n2] = [makeNode("n1"), makeNode("n2")];
    join(n1, n2);
    await n2.hub.spawnLocal({ name: "silent" }, silent);
    const ask = n1.hub.ref({ host: "n2/main", name: "silent" }).ask("x", second);
    await clock.advance(0);
    join(n1, n2);
    expect(await ended(ask)).toEqual({ outcome: "gone" });
  });

  it("R42: tells other nodes when a thread of a node ends", async () => {
    const [n1, n2] = [makeNode("n1"), makeNode("n2")];
    join(n1, n2);
    await n2.worker.spawnLocal({ name: "silent" }, silent);
    const address = { host: "n2/worker-0", name: "silent" };
    const ends: Termination[] = [];
    n1.worker.watch(address, (end) => ends.push(end));
    const ask = n1.worker.ref(address).ask("x", second);
    await clock.advance(0);
    n2.hub.disconnect("n2/worker-0", n2.toWorker);
    expect(await ended(ask)).toEqual({ outcome: "gone" });
    expect(ends).toMatchObject([{ address, reason: "host_lost" }]);
  });
});
