import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { MemoryNetwork, SystemNetwork, VirtualClock } from "../../../src/base/index.js";
import { networkSuite } from "../../conformance/network-suite.js";

async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setImmediate(resolve));
}

networkSuite("TCP", () => {
  const network = new SystemNetwork();
  return { listening: network, dialling: network, address: "127.0.0.1:0", until };
});

networkSuite("Unix sockets", () => {
  const network = new SystemNetwork();
  const address = `unix:${join(tmpdir(), `dvesp-network-${process.pid}.sock`)}`;
  return { listening: network, dialling: network, address, until };
});

function memory() {
  const clock = new VirtualClock();
  const network = new MemoryNetwork({ clock });
  const waiting = async (done: () => boolean): Promise<void> => {
    for (let round = 0; round < 1000 && !done(); round++) await clock.advance(1);
  };
  return { network, clock, until: waiting };
}

networkSuite("in memory", () => {
  const { network, until: waiting } = memory();
  return {
    listening: network.at("b"),
    dialling: network.at("a"),
    address: "b:1",
    until: waiting,
  };
});

describe("network in memory", () => {
  it("holds back what was sent over a cut link until it is healed", async () => {
    const { network, clock } = memory();
    const heard: string[] = [];
    await network.at("b").listen("b:1", (stream) => {
      stream.on("data", (chunk: Buffer) => heard.push(chunk.toString()));
    });
    const dialled = network.at("a").dial("b:1");
    await clock.advance(1);
    const stream = await dialled;
    stream.write("one");
    await clock.advance(10);
    network.cut("a", "b");
    stream.write("two");
    await clock.advance(10_000);
    expect(heard).toEqual(["one"]);
    network.heal("b", "a");
    await clock.advance(10);
    expect(heard.join(" ")).toBe("one two");
  });

  it("lets one direction pass when only the other is cut", async () => {
    const { network, clock } = memory();
    const heard: string[] = [];
    await network.at("b").listen("b:1", (stream) => {
      stream.on("data", (chunk: Buffer) => heard.push(chunk.toString()));
      stream.write("from b");
    });
    const dialled = network.at("a").dial("b:1");
    await clock.advance(1);
    const stream = await dialled;
    stream.on("data", (chunk: Buffer) => heard.push(chunk.toString()));
    network.cutOneWay("a", "b");
    stream.write("from a");
    await clock.advance(100);
    expect(heard).toEqual(["from b"]);
    network.heal("a", "b");
    await clock.advance(10);
    expect(heard).toEqual(["from b", "from a"]);
  });

  it("lets a node that stands still neither take nor send, and whoever dials it wait", async () => {
    const { network, clock } = memory();
    let taken = 0;
    await network.at("b").listen("b:1", (stream) => {
      taken++;
      stream.resume();
    });
    network.stop("b");
    let isDialled = false;
    const dialled = network.at("a").dial("b:1");
    void dialled.then(() => (isDialled = true));
    await clock.advance(5000);
    expect([taken, isDialled]).toEqual([0, false]);
    network.resume("b");
    await clock.advance(10);
    expect([taken, isDialled]).toEqual([1, true]);
  });

  it("loses what was under way on a stream that is reset", async () => {
    const { network, clock } = memory();
    const heard: string[] = [];
    await network.at("b").listen("b:1", (stream) => {
      stream.on("data", (chunk: Buffer) => heard.push(chunk.toString()));
    });
    const dialled = network.at("a").dial("b:1");
    await clock.advance(1);
    const stream = await dialled;
    stream.write("lost");
    network.reset("b", "a");
    await clock.advance(10);
    expect(heard).toEqual([]);
    expect(stream.destroyed).toBe(true);
  });

  it("ends the streams of a node that is dropped", async () => {
    const { network, clock } = memory();
    await network.at("b").listen("b:1", (stream) => stream.resume());
    const dialled = network.at("a").dial("b:1");
    await clock.advance(1);
    const stream = await dialled;
    stream.resume();
    network.drop("b");
    await clock.advance(10);
    expect(stream.destroyed).toBe(true);
    const again = expect(network.at("a").dial("b:1")).rejects.toMatchObject({ code: "CLOSED" });
    await clock.advance(10);
    await again;
  });
});

describe("addresses", () => {
  it.each(["nonsense", "host:99999", "host:x", ":7000", ""])("refuses %j", async (address) => {
    const refused = { code: "INVALID_ARGUMENT" };
    await expect(
      (async () => new SystemNetwork().listen(address, () => undefined))(),
    ).rejects.toMatchObject(refused);
  });
});
