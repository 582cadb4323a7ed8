import { rmSync } from "node:fs";
import { type Server, type Socket, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Duplex, duplexPair } from "node:stream";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { VirtualClock, limits } from "../../../src/base/index.js";
import { type Credit, SocketLink } from "../../../src/mailbox/index.js";
import { beginRecord, dataHead } from "../../../src/mailbox/wire-records.js";
import { collect, frameOf, messageOf, transportSuite } from "../../conformance/transport-suite.js";

const open: Duplex[] = [];
afterEach(() => {
  for (const stream of open.splice(0)) stream.destroy();
});

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Bytes as a frame that somebody else wrote; anything else as a record of no known kind. */
function inject(stream: Duplex, garbage: unknown): void {
  if (garbage instanceof Uint8Array) {
    stream.write(beginRecord("user", [garbage.length]));
    if (garbage.length > 0)
      stream.write(Buffer.concat([dataHead("user", garbage.length), garbage]));
  } else {
    stream.write(Uint8Array.of(77, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3));
  }
}

transportSuite({
  name: "stream of bytes",
  attachments: false,
  makePair: (window?: Credit) => {
    const [left, right] = duplexPair();
    open.push(left, right);
    // As of a socket: the end of one side is the end of the other.
    left.once("close", () => right.destroy());
    right.once("close", () => left.destroy());
    // Time stands still: what is left of it when a frame comes in is what was left when it was sent.
    const options = { clock: new VirtualClock(), ...(window && { window }) };
    return {
      a: new SocketLink(left, options),
      b: new SocketLink(right, options),
      injectGarbage: (garbage) => inject(left, garbage),
      settle: () => turns(200),
    };
  },
});

describe("over a Unix socket", () => {
  const path = join(tmpdir(), `dvesp-link-${process.pid}.sock`);
  let server: Server;
  let pair: readonly [Socket, Socket];
  beforeAll(async () => {
    server = createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
  });
  beforeEach(async () => {
    const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
    pair = [connect(path), await accepted];
    open.push(...pair);
  });
  afterAll(() => {
    server.close();
    rmSync(path, { force: true });
  });

  /** Until all that was written has been read, and nothing more was written for a while. */
  async function settle(): Promise<void> {
    const [left, right] = pair;
    for (let quiet = 0; quiet < 20; quiet++) {
      const before = [left.bytesWritten, right.bytesWritten];
      await turns(5);
      const now = [left.bytesWritten, right.bytesWritten];
      const moved = before.some((bytes, at) => bytes !== now[at]);
      const waits = left.writableLength + right.writableLength > 0;
      const unread = !left.destroyed && !right.destroyed && left.bytesWritten > right.bytesRead;
      if (moved || waits || unread) quiet = 0;
    }
  }

  transportSuite({
    name: "Unix socket",
    attachments: false,
    makePair: (window?: Credit) => {
      const [left, right] = pair;
      const options = { clock: new VirtualClock(), ...(window && { window }) };
      return {
        a: new SocketLink(left, options),
        b: new SocketLink(right, options),
        injectGarbage: (garbage) => inject(left, garbage),
        settle,
      };
    },
  });
});

describe("socket link", () => {
  function linked(clock = new VirtualClock()) {
    const [left, right] = duplexPair();
    open.push(left, right);
    const [a, b] = [new SocketLink(left, { clock }), new SocketLink(right, { clock })];
    return { clock, left, right, a, b };
  }

  it("lets a control frame overtake the rest of a large one", async () => {
    const { a, b } = linked();
    a.send(frameOf({ large: new Uint8Array(8 * 1024 * 1024) }));
    await turns(3);
    a.send(frameOf("first", { lane: "control" }));
    const atB = collect(b);
    await turns(500);
    expect(atB.frames.map(messageOf)[0]).toBe("first");
    expect(atB.frames).toHaveLength(2);
  });

  it("writes once what is sent in one turn, and what is left before it closes", async () => {
    const { a, right } = linked();
    const chunks: Buffer[] = [];
    right.on("data", (chunk: Buffer) => chunks.push(chunk));
    for (const text of ["one", "two", "three"]) a.send(frameOf(text));
    await turns(5);
    expect(chunks).toHaveLength(1);
    a.send(frameOf("four"));
    a.close();
    await turns(5);
    expect(chunks).toHaveLength(2);
    const [to, from] = duplexPair();
    open.push(to, from);
    const seen = collect(new SocketLink(from, { clock: new VirtualClock() }));
    to.write(Buffer.concat(chunks));
    await turns(5);
    expect(seen.frames.map(messageOf)).toEqual(["one", "two", "three", "four"]);
  });

  it("refuses attachments before anything is sent", async () => {
    const { a, b } = linked();
    const atB = collect(b);
    expect(() => a.send(frameOf("x", {}, [new SharedArrayBuffer(8)]))).toThrow(/attachments/);
    a.send(frameOf("fine"));
    await turns(10);
    expect(atB.frames.map(messageOf)).toEqual(["fine"]);
  });

  it("hears heartbeats while nobody sends, and ends after silence", async () => {
    const { a, b, right, clock } = linked();
    const atA = collect(a);
    collect(b);
    const began = clock.monotonic();
    for (let i = 0; i < 20; i++) {
      await clock.advance(500);
      await turns(3);
    }
    expect(atA.closes()).toBe(0);
    expect(a.heardAtMs).toBeGreaterThan(began + 9000);
    // From now on the other side is there and says nothing, as a stopped process.
    right.removeAllListeners("data");
    b.send = () => "closed";
    right.write = () => true;
    await clock.advance(5500);
    await turns(3);
    expect(atA.closes()).toBe(1);
    expect(a.send(frameOf("late"))).toBe("closed");
  });

  it.each([
    ["a record over its limit", Uint8Array.of(3, 0, 0, 0, 255, 255, 255, 255)],
    ["data of no frame", Buffer.concat([dataHead("user", 4), new Uint8Array(4)])],
    ["a frame over its limit", beginRecord("user", [limits.messageBytesMax, 1])],
    [
      "two frames at once on a lane",
      Buffer.concat([beginRecord("user", [9]), beginRecord("user", [9])]),
    ],
    ["a frame of no lane", Uint8Array.of(2, 9, 0, 0, 0, 0, 0, 4, 0, 0, 0, 1)],
    [
      "more data than announced",
      Buffer.concat([beginRecord("user", [1]), dataHead("user", 9), new Uint8Array(9)]),
    ],
  ])("gives up a stream that it cannot follow: %s", async (_, bytes) => {
    const { left, b } = linked();
    const atB = collect(b);
    left.write(bytes);
    await turns(10);
    expect(atB.malformed).toHaveLength(1);
    expect(atB.closes()).toBe(1);
  });

  it("follows a stream that comes byte by byte", async () => {
    const { left, right, a, b, clock } = linked();
    const bytes: Buffer[] = [];
    right.removeAllListeners();
    right.on("data", (chunk: Buffer) => bytes.push(chunk));
    const part = Uint8Array.from({ length: limits.partBytesMin }, (_, at) => at % 251);
    a.send(frameOf({ part, other: part.slice() }));
    a.send(frameOf("next", { lane: "control" }));
    await turns(10);
    const [to, from] = duplexPair();
    open.push(to, from, left);
    const slow = new SocketLink(from, { clock });
    const seen = collect(slow);
    for (const byte of Buffer.concat(bytes)) to.write(Uint8Array.of(byte));
    await turns(50);
    expect(seen.frames.map(messageOf)).toEqual(["next", { part, other: part }]);
    b.close();
  });
});
