import { describe, expect, it } from "vitest";
import {
  MemoryNetwork,
  type Network,
  VirtualClock,
  seededRandom,
} from "../../../src/base/index.js";
import { Peers } from "../../../src/cluster/index.js";
import { ActorSystem, type RuntimeEvent, mapLoader } from "../../../src/runtime/index.js";
import { receiver } from "../runtime/harness.js";

const second = { timeout_ms: 1000 };

const asItIs = (network: Network): Network => network;

function world(secrets: Readonly<Record<string, string>>, change = asItIs) {
  const clock = new VirtualClock();
  const network = new MemoryNetwork({ clock });
  const events: RuntimeEvent[] = [];
  const changes: string[] = [];
  const nodes = Object.entries(secrets).map(([node, secret], at) => {
    const random = seededRandom(at);
    const system = new ActorSystem({
      host: `${node}/main`,
      clock,
      random,
      load: mapLoader(new Map()),
      onEvent: (event) => events.push(event),
    });
    const onPeer = (peer: string, isThere: boolean): void => {
      changes.push(`${node} ${isThere ? "has" : "lost"} ${peer}`);
    };
    const own = change(network.at(node));
    const options = { node, secret, system, network: own, clock, random, onPeer };
    return { node, system, peers: new Peers(options) };
  });
  const all = nodes.map(({ node }) => ({ node, address: `${node}:1` }));
  const start = async (): Promise<void> => {
    for (const { node, peers } of nodes) await peers.listen(`${node}:1`);
    for (const { peers } of nodes) peers.expect(all);
    await clock.advance(100);
  };
  return { clock, network, nodes, start, changes, events };
}

describe("peers", () => {
  it("joins each pair of nodes by one link, over which actors are reached", async () => {
    const { clock, nodes, start, changes } = world({ n1: "s", n2: "s", n3: "s" });
    await start();
    expect(changes).toHaveLength(6);
    for (const { node, peers } of nodes) {
      const others = nodes.map((other) => other.node).filter((other) => other !== node);
      expect([...peers.connected()].sort()).toEqual(others);
    }
    await nodes[2]!.system.spawnLocal(
      { name: "echo" },
      receiver((text: string) => `${text}!`),
    );
    const ask = nodes[0]!.system.ref({ host: "n3/main", name: "echo" }).ask("hi", second);
    // A frame goes out at the end of its turn: time must not pass before.
    for (let ms = 0; ms < 10; ms++) await clock.advance(1);
    expect(await ask).toEqual({ outcome: "ok", value: "hi!" });
  });

  it("reaches a node again that was away, and tells when it went", async () => {
    const { clock, network, nodes, start, changes } = world({ n1: "s", n2: "s" });
    await start();
    changes.length = 0;
    network.drop("n2");
    await clock.advance(10);
    expect(changes).toContain("n1 lost n2");
    await clock.advance(5000);
    expect(nodes[0]!.peers.connected()).toEqual([]);
    await nodes[1]!.peers.listen("n2:1");
    await clock.advance(2000);
    expect(nodes[0]!.peers.connected()).toEqual(["n2"]);
    expect(nodes[1]!.peers.connected()).toEqual(["n1"]);
  });

  it("knows how long a node has been silent, gives a cut link up, and makes a new one", async () => {
    const { clock, network, nodes, start } = world({ n1: "s", n2: "s" });
    await start();
    const { peers } = nodes[0]!;
    await clock.advance(3000);
    expect(peers.silentMs("n2")).toBeLessThan(300);
    network.cut("n1", "n2");
    await clock.advance(1000);
    expect(peers.silentMs("n2")).toBeGreaterThan(700);
    await clock.advance(6000);
    expect(peers.connected()).toEqual([]);
    expect(peers.silentMs("n2")).toBeUndefined();
    network.heal("n1", "n2");
    await clock.advance(3000);
    expect(peers.connected()).toEqual(["n2"]);
  });

  it("keeps its link to a node when an attempt to reach an earlier life of it fails", async () => {
    let dials = 0;
    const firstFails = (network: Network): Network => ({
      listen: (address, onStream) => network.listen(address, onStream),
      dial: async (address) => {
        const stream = await network.dial(address);
        if (++dials === 1) stream.destroy();
        return stream;
      },
    });
    const { clock, nodes, changes } = world({ n1: "s", n2: "s" }, firstFails);
    const [n1, n2] = nodes.map(({ peers }) => peers);
    await n2!.listen("n2:1");
    n2!.expect([{ node: "n1", address: "n1:1" }]);
    n1!.expect([{ node: "n2", address: "n2:1" }]);
    n1!.expect([{ node: "n2", address: "n2:1", incarnation: "second" }]);
    await clock.advance(3000);
    expect(changes.sort()).toEqual(["n1 has n2", "n2 has n1"]);
    expect(dials).toBe(2);
  });

  it("lets no node in that does not know the secret, and says so", async () => {
    const { clock, nodes, start, events } = world({ n1: "s", n2: "other" });
    await start();
    await clock.advance(3000);
    expect(nodes.map(({ peers }) => peers.connected())).toEqual([[], []]);
    expect(events.filter(({ type }) => type === "peer_refused").length).toBeGreaterThan(0);
  });

  it("ends links to nodes that are not expected any more", async () => {
    const { clock, nodes, start } = world({ n1: "s", n2: "s" });
    await start();
    nodes[0]!.peers.expect([]);
    await clock.advance(3000);
    expect(nodes[0]!.peers.connected()).toEqual([]);
    await nodes[1]!.peers.close();
  });
});
