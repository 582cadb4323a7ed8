import { decode } from "@msgpack/msgpack";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isDvespError, limits } from "../../../src/base/index.js";
import {
  type FrameHeader,
  addressPartCharsMax,
  frameKinds,
  lanes,
  makeFrame,
  parseFrame,
} from "../../../src/mailbox/index.js";

const part = fc.string({ maxLength: addressPartCharsMax });
const address = fc.record({ host: part, name: part });
const header: fc.Arbitrary<FrameHeader> = fc.record({
  kind: fc.constantFrom(...frameKinds),
  lane: fc.constantFrom(...lanes),
  to: address,
  from: address,
  correlation: fc.maxSafeNat(),
  deadlineMs: fc.option(fc.double({ min: -1e14, max: 1e14, noNaN: true }), { nil: undefined }),
});

describe("frame", () => {
  it("comes back as it was made", () => {
    fc.assert(
      fc.property(header, fc.uint8Array(), (head, payload) => {
        const made = makeFrame(head, { bytes: payload, parts: [] });
        const parsed = parseFrame(made.bytes);
        expect(parsed.header).toEqual(head);
        expect([...parsed.payload]).toEqual([...payload]);
      }),
    );
  });

  it("says in its bytes what the format says, whichever actors' frames come between", () => {
    const pairs = fc.array(fc.record({ to: address, from: address }), { minLength: 1 });
    const frames = fc.array(fc.tuple(fc.nat(), header), { minLength: 30, maxLength: 60 });
    fc.assert(
      fc.property(pairs, frames, (actors, heads) => {
        for (const [number, head] of heads) {
          const sent = { ...head, ...actors[number % actors.length] };
          const { bytes } = makeFrame(sent, { bytes: new Uint8Array(), parts: [] });
          const { kind, lane, to, from, correlation } = sent;
          const codes = [frameKinds.indexOf(kind), lanes.indexOf(lane)];
          const fields = [...codes, to.host, to.name, from.host, from.name, correlation];
          expect(decode(bytes.subarray(12))).toEqual(fields);
          expect(parseFrame(bytes).header).toEqual(sent);
        }
      }),
      { numRuns: 40 },
    );
  });

  it("R12: meets any bytes with a frame or an operating error", () => {
    const frame = makeFrame(someHeader, { bytes: new Uint8Array(20), parts: [] }).bytes;
    const damaged = fc
      .array(fc.tuple(fc.nat({ max: frame.length - 1 }), fc.nat({ max: 255 })), { minLength: 1 })
      .map((changes) => {
        const bytes = frame.slice();
        for (const [at, byte] of changes) bytes[at] = byte;
        return bytes;
      });
    const cut = fc.nat({ max: frame.length }).map((length) => frame.subarray(0, length));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), damaged, cut), (bytes) => {
        try {
          parseFrame(bytes);
        } catch (error) {
          expect(isDvespError(error)).toBe(true);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it("refuses another version, another magic, and a header longer than the frame", () => {
    const { bytes } = makeFrame(someHeader, { bytes: new Uint8Array(0), parts: [] });
    const changed = (at: number, byte: number): Uint8Array => {
      const copy = bytes.slice();
      copy[at] = byte;
      return copy;
    };
    expect(() => parseFrame(changed(0, 0))).toThrow(/not a frame/);
    expect(() => parseFrame(changed(1, 1))).toThrow(/version 1/);
    expect(() => parseFrame(changed(2, 200))).toThrow(/ends within its header/);
  });

  it("R11: refuses a frame or a message over its limit, when made and when read", () => {
    const tooMuch = new Uint8Array(limits.frameBytesMax + 1);
    expect(() => makeFrame(someHeader, { bytes: tooMuch, parts: [] })).toThrow(/over the limit/);
    const parts = [new ArrayBuffer(limits.messageBytesMax)];
    const small = makeFrame(someHeader, { bytes: new Uint8Array(1), parts: [] }).bytes;
    expect(() => parseFrame(small, parts)).toThrow(/over the limit/);
  });

  it("refuses an address that its header cannot hold", () => {
    const to = { host: "h".repeat(70_000), name: "n" };
    const make = (): unknown =>
      makeFrame({ ...someHeader, to }, { bytes: new Uint8Array(0), parts: [] });
    expect(make).toThrow(/too long/);
  });
});

const someHeader: FrameHeader = {
  kind: "ask",
  lane: "user",
  to: { host: "worker-0", name: "replica" },
  from: { host: "main", name: "" },
  correlation: 12,
  deadlineMs: 1_700_000_000_000,
};
