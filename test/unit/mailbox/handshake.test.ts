import { type Duplex, duplexPair } from "node:stream";
import { describe, expect, it } from "vitest";
import { VirtualClock, seededRandom } from "../../../src/base/index.js";
import { SocketLink, shakeHands, type HandshakeOptions } from "../../../src/mailbox/index.js";
import { collect, frameOf, messageOf } from "../../conformance/transport-suite.js";

const clock = new VirtualClock();

function optionsOf(stream: Duplex, side: "dialled" | "accepted"): HandshakeOptions {
  const node = side === "dialled" ? "n1" : "n2";
  const random = seededRandom(side === "dialled" ? 1 : 2);
  return { stream, side, node, secret: "a shared secret", clock, random };
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

describe("handshake", () => {
  it("tells each side who the other is, and loses nothing that follows", async () => {
    const [left, right] = duplexPair();
    const dialled = shakeHands(optionsOf(left, "dialled")).then((peer) => {
      const link = new SocketLink(left, { clock });
      link.send(frameOf("at once"));
      return peer;
    });
    const accepted = shakeHands(optionsOf(right, "accepted"));
    expect(await dialled).toBe("n2");
    expect(await accepted).toBe("n1");
    await turns(5);
    const { frames } = collect(new SocketLink(right, { clock }));
    await turns(5);
    expect(frames.map(messageOf)).toEqual(["at once"]);
    left.destroy();
    right.destroy();
  });

  it("refuses a side that does not know the secret", async () => {
    const [left, right] = duplexPair();
    const dialled = shakeHands({ ...optionsOf(left, "dialled"), secret: "another one" });
    const accepted = shakeHands(optionsOf(right, "accepted"));
    const ends = await Promise.allSettled([dialled, accepted]);
    const codes = ends.map((end) =>
      end.status === "rejected" ? (end.reason as { code: string }).code : "let in",
    );
    expect(codes).toContain("PERMISSION_DENIED");
    expect(codes).not.toContain("let in");
    expect(left.destroyed && right.destroyed).toBe(true);
  });

  it("is not fooled by its own words sent back", async () => {
    const [left, right] = duplexPair();
    right.on("data", (chunk: Buffer) => right.write(chunk));
    right.on("error", () => undefined);
    const dialled = shakeHands(optionsOf(left, "dialled"));
    await expect(dialled).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
  });

  it.each([
    ["nonsense", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
    ["another version", Buffer.from("dvsp\x01\x02n1")],
    ["an empty name", Buffer.from("dvsp\x02\x00")],
  ])("refuses %s", async (_, bytes) => {
    const [left, right] = duplexPair();
    right.resume();
    right.write(bytes);
    await expect(shakeHands(optionsOf(left, "accepted"))).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
    });
    expect(left.destroyed).toBe(true);
  });

  it("waits for a silent side for its limit only", async () => {
    const [left] = duplexPair();
    const ends = expect(shakeHands(optionsOf(left, "accepted"))).rejects.toMatchObject({
      code: "TIMEOUT",
    });
    await clock.advance(2001);
    await ends;
    expect(left.destroyed).toBe(true);
  });

  it("ends when the stream ends half way", async () => {
    const [left, right] = duplexPair();
    right.resume();
    right.end("dvsp");
    await expect(shakeHands(optionsOf(left, "accepted"))).rejects.toMatchObject({ code: "CLOSED" });
  });
});
