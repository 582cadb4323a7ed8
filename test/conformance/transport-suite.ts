/**
 * What every link must do, whatever it runs over. An implementation's test calls this once with a
 * way to make a connected pair.
 */
import { describe, expect, it } from "vitest";
import { type DvespError, limits } from "../../src/base/index.js";
import {
  type Credit,
  type Frame,
  type FrameHeader,
  type Link,
  PayloadCodec,
  makeFrame,
} from "../../src/mailbox/index.js";

export interface LinkPair {
  readonly a: Link;
  readonly b: Link;
  /** Lets something arrive at `b` that is no frame; undefined where that cannot happen. */
  readonly injectGarbage?: (garbage: unknown) => void;
  /** Resolves when all that was sent has arrived, credit included. */
  readonly settle: () => Promise<void>;
}

export interface TransportUnderTest {
  readonly name: string;
  readonly makePair: (window?: Credit) => LinkPair;
  /** Whether structured-cloneable values may travel beside frames. */
  readonly attachments: boolean;
}

const codec = new PayloadCodec(() => undefined);

/** A frame from one host to another, with `message` as its payload. */
export function frameOf(
  message: unknown,
  changes: Partial<Pick<FrameHeader, "kind" | "lane" | "deadlineMs">> = {},
  attachments: readonly unknown[] = [],
): Frame {
  const header: FrameHeader = {
    kind: "tell",
    lane: "user",
    to: { host: "b", name: "to" },
    from: { host: "a", name: "from" },
    correlation: 7,
    deadlineMs: 1_700_000_000_123,
    ...changes,
  };
  return makeFrame(header, codec.encode(message), attachments);
}

/** The message in a frame. */
export function messageOf(frame: Frame): unknown {
  return codec.decode(frame.payload, frame.parts, () => undefined);
}

/** What arrived at one end. */
export function collect(link: Link): {
  frames: Frame[];
  malformed: DvespError[];
  closes: () => number;
} {
  const frames: Frame[] = [];
  const malformed: DvespError[] = [];
  let closes = 0;
  link.open({
    onFrame: (frame) => frames.push(frame),
    onMalformed: (error) => malformed.push(error),
    onClose: () => closes++,
  });
  return { frames, malformed, closes: () => closes };
}

export function transportSuite(transport: TransportUnderTest): void {
  describe(`link: ${transport.name}`, () => {
    orderCases(transport);
    memoryCases(transport);
    windowCases(transport);
    endCases(transport);
  });
}

function orderCases({ makePair }: TransportUnderTest): void {
  it("carries header and payload unchanged, both ways", async () => {
    const { a, b, settle } = makePair();
    const atA = collect(a);
    const atB = collect(b);
    expect(a.send(frameOf({ text: "there" }))).toBe("accepted");
    expect(b.send(frameOf({ text: "back" }))).toBe("accepted");
    await settle();
    expect(atB.frames.map(messageOf)).toEqual([{ text: "there" }]);
    expect(atA.frames.map(messageOf)).toEqual([{ text: "back" }]);
    expect(atB.frames[0]?.header).toEqual(frameOf(null).header);
  });

  it("R2: delivers in the order of sending, each frame once, small and large mixed", async () => {
    const { a, b, settle } = makePair();
    const { frames } = collect(b);
    const large = new Float32Array(limits.partBytesMin);
    for (let i = 0; i < 200; i++) a.send(frameOf(i % 3 === 0 ? { i, large } : { i }));
    await settle();
    const numbers = frames.map((frame) => (messageOf(frame) as { i: number }).i);
    expect(numbers).toEqual(Array.from({ length: 200 }, (_, i) => i));
  });

  it("keeps what was sent before the other end was opened", async () => {
    const { a, b, settle } = makePair();
    a.send(frameOf("early"));
    const { frames } = collect(b);
    await settle();
    expect(frames.map(messageOf)).toEqual(["early"]);
  });

  it("does not deliver within send", async () => {
    const { a, b, settle } = makePair();
    const { frames } = collect(b);
    a.send(frameOf("later"));
    expect(frames).toHaveLength(0);
    await settle();
    expect(frames).toHaveLength(1);
  });
}

function memoryCases({ makePair, attachments }: TransportUnderTest): void {
  it("R6: carries large arrays beside the frame, and takes them from the sender", async () => {
    const { a, b, settle } = makePair();
    const { frames } = collect(b);
    const rows = Float32Array.from({ length: 5000 }, (_, i) => i / 3);
    const frame = frameOf({ rows });
    expect(frame.parts).toHaveLength(1);
    expect(frame.bytes.byteLength).toBeLessThan(200);
    expect(a.send(frame)).toBe("accepted");
    await settle();
    expect(messageOf(frames[0]!)).toEqual({ rows });
    expect(frame.parts[0]!.byteLength).toBe(0);
  });

  it("carries a frame of megabytes", async () => {
    const { a, b, settle } = makePair();
    const { frames } = collect(b);
    const text = "x".repeat(3 * 1024 * 1024);
    a.send(frameOf(text));
    await settle();
    expect(messageOf(frames[0]!)).toBe(text);
  });

  if (!attachments) return;

  it("R8: shares attached memory with the other side", async () => {
    const { a, b, settle } = makePair();
    const { frames } = collect(b);
    const shared = new Int32Array(new SharedArrayBuffer(8));
    a.send(frameOf("look", {}, [shared]));
    await settle();
    const received = frames[0]?.attachments[0] as Int32Array;
    Atomics.store(received, 1, 42);
    expect(Atomics.load(shared, 1)).toBe(42);
  });

  it("throws for what cannot be attached, and goes on", async () => {
    const { a, b, settle } = makePair({ frames: 2, bytes: 10_000 });
    const { frames } = collect(b);
    const part = new Uint8Array(limits.partBytesMin);
    const spoilt = frameOf({ part }, {}, [() => "not cloneable"]);
    for (let i = 0; i < 5; i++) expect(() => a.send(spoilt)).toThrow();
    expect(a.send(frameOf("fine"))).toBe("accepted");
    await settle();
    expect(frames.map(messageOf)).toEqual(["fine"]);
  });
}

function windowCases({ makePair }: TransportUnderTest): void {
  it("R10: refuses requests when the window of frames is used up, and recovers", async () => {
    const { a, b, settle } = makePair({ frames: 4, bytes: 1_000_000 });
    const sent = Array.from({ length: 6 }, (_, i) => a.send(frameOf(i)));
    expect(sent).toEqual(["accepted", "accepted", "accepted", "accepted", "full", "full"]);
    const { frames } = collect(b);
    collect(a);
    await settle();
    expect(frames.map(messageOf)).toEqual([0, 1, 2, 3]);
    expect(a.send(frameOf("again"))).toBe("accepted");
    await settle();
    expect(frames.map(messageOf).at(-1)).toBe("again");
  });

  it("R10: counts bytes with parts, and leaves a refused frame untouched", async () => {
    const { a, b, settle } = makePair({ frames: 100, bytes: 50_000 });
    const rows = (): Uint8Array => new Uint8Array(20_000).fill(9);
    expect(a.send(frameOf({ rows: rows() }))).toBe("accepted");
    expect(a.send(frameOf({ rows: rows() }))).toBe("accepted");
    const third = frameOf({ rows: rows() });
    expect(a.send(third)).toBe("full");
    expect(third.parts[0]!.byteLength).toBe(20_000);
    const { frames } = collect(b);
    collect(a);
    await settle();
    expect(a.send(third)).toBe("accepted");
    await settle();
    expect(messageOf(frames[2]!)).toEqual({ rows: rows() });
  });

  it("R10: never refuses answers and signals, and control requests only at twice the window", () => {
    const { a } = makePair({ frames: 2, bytes: 1_000_000 });
    for (let i = 0; i < 2; i++) a.send(frameOf(i));
    expect(a.send(frameOf("user"))).toBe("full");
    const control = [1, 2, 3].map((i) => a.send(frameOf(i, { lane: "control" })));
    expect(control).toEqual(["accepted", "accepted", "full"]);
    for (const kind of ["ok", "refused", "gone", "signal"] as const) {
      for (let i = 0; i < 50; i++) {
        expect(a.send(frameOf(i, { kind, lane: "control" }))).toBe("accepted");
      }
    }
  });
}

function endCases({ makePair }: TransportUnderTest): void {
  it("tells both ends once that it is closed, and carries nothing after", async () => {
    const { a, b, settle } = makePair();
    const atA = collect(a);
    const atB = collect(b);
    a.send(frameOf("before"));
    await settle();
    a.close();
    a.close();
    await settle();
    expect(a.send(frameOf("after"))).toBe("closed");
    expect(b.send(frameOf("after"))).toBe("closed");
    b.close();
    await settle();
    expect([atA.closes(), atB.closes()]).toEqual([1, 1]);
    expect(atB.frames.map(messageOf)).toEqual(["before"]);
  });

  it("R12: reports what is no frame, drops it, and goes on", async (context) => {
    const { a, b, injectGarbage, settle } = makePair();
    if (!injectGarbage) return context.skip("nothing but frames can arrive here");
    const { frames, malformed } = collect(b);
    const wrongVersion = frameOf("old").bytes.slice();
    wrongVersion[1] = 99;
    const garbage = [
      new Uint8Array(0),
      new Uint8Array([1, 2, 3]),
      wrongVersion,
      "text",
      null,
      17,
      { frames: -1, bytes: 0 },
      [new Uint8Array(1), 5, 5],
    ];
    for (const piece of garbage) injectGarbage(piece);
    a.send(frameOf("fine"));
    await settle();
    expect(malformed).toHaveLength(garbage.length);
    expect(malformed.every(({ code }) => typeof code === "string")).toBe(true);
    expect(frames.map(messageOf)).toEqual(["fine"]);
  });
}
