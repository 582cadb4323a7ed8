/**
 * How two nodes make sure, over a stream that anybody may have opened, that both know the secret of
 * their cluster, before a single frame passes: who may send frames may run code.
 *
 *     hello   "dvsp" | u8 version | u8 length | node id | nonce (32 bytes)       both ways
 *     proof   HMAC-SHA256(secret, side | own hello | other hello)                both ways
 *
 * Each side proves that it knows the secret for a nonce which the other has just made, and the side
 * (dialled or accepted) is part of the proof, so that a proof can be neither replayed nor reflected.
 * What follows is not encrypted: a cluster's network must be private.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Duplex } from "node:stream";
import { type Clock, DvespError, type Random, assert } from "../base/index.js";

export type Side = "dialled" | "accepted";

export interface HandshakeOptions {
  readonly stream: Duplex;
  readonly side: Side;
  /** Id of this node, at most 255 bytes. */
  readonly node: string;
  readonly secret: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Default 2,000. */
  readonly limitMs?: number;
}

const magic = Buffer.from("dvsp");
/** Of the handshake, and of what follows it: 2 says deadlines as the time that is left. */
const version = 2;
const fixedBytes = magic.length + 2;
const nonceBytes = 32;
const proofBytes = 32;
const limitMsDefault = 2000;

/**
 * The other side's node id, once it has proved that it knows the secret; the stream is paused, with
 * nothing lost. Errors, and the stream is destroyed: `PERMISSION_DENIED` (not a node of this
 * cluster), `TIMEOUT`, `CLOSED` (the stream ended).
 */
export async function shakeHands(options: HandshakeOptions): Promise<string> {
  const { stream, side, node, secret, clock, random, limitMs = limitMsDefault } = options;
  const bytes = new StreamBytes(stream);
  const timer = clock.after(limitMs, () => {
    bytes.fail(new DvespError("TIMEOUT", "the other side did not finish its handshake"));
  });
  try {
    const own = helloOf(node, random);
    stream.write(own);
    const other = await readHello(bytes);
    stream.write(proofOf(secret, side, own, other));
    const proof = await bytes.take(proofBytes);
    const otherSide = side === "dialled" ? "accepted" : "dialled";
    if (!timingSafeEqual(proof, proofOf(secret, otherSide, other, own))) throw stranger();
    bytes.release();
    return other.subarray(fixedBytes, other.length - nonceBytes).toString();
  } catch (error) {
    stream.destroy();
    throw error;
  } finally {
    timer.cancel();
  }
}

function helloOf(node: string, random: Random): Buffer {
  const name = Buffer.from(node);
  assert(name.length > 0 && name.length <= 0xff, "a node id has 1 to 255 bytes");
  const nonce = Uint32Array.from({ length: nonceBytes / 4 }, () => random.uint32());
  return Buffer.concat([
    magic,
    Uint8Array.of(version, name.length),
    name,
    new Uint8Array(nonce.buffer),
  ]);
}

async function readHello(bytes: StreamBytes): Promise<Buffer> {
  const fixed = await bytes.take(fixedBytes);
  const known = fixed.subarray(0, magic.length).equals(magic) && fixed[magic.length] === version;
  const nameBytes = fixed[magic.length + 1] as number;
  if (!known || nameBytes === 0) throw stranger();
  return Buffer.concat([fixed, await bytes.take(nameBytes + nonceBytes)]);
}

function proofOf(secret: string, side: Side, own: Buffer, other: Buffer): Buffer {
  return createHmac("sha256", secret).update(side).update(own).update(other).digest();
}

function stranger(): DvespError {
  return new DvespError("PERMISSION_DENIED", "the other side is no node of this cluster");
}

/** Takes whole pieces of known length from a stream, and gives it back where they end. */
class StreamBytes {
  readonly #stream: Duplex;
  readonly #readable = (): void => this.#tryTake();
  readonly #ended = (): void =>
    this.fail(new DvespError("CLOSED", "the stream ended during its handshake"));
  #wanted = 0;
  #settle: { resolve: (bytes: Buffer) => void; reject: (error: Error) => void } | undefined;
  #failure: DvespError | undefined;

  constructor(stream: Duplex) {
    this.#stream = stream;
    stream.on("readable", this.#readable);
    stream.on("error", this.#ended);
    stream.on("end", this.#ended);
    stream.on("close", this.#ended);
  }

  take(count: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#wanted = count;
      this.#settle = { resolve, reject };
      this.#tryTake();
    });
  }

  fail(error: DvespError): void {
    this.#failure ??= error;
    this.#tryTake();
  }

  release(): void {
    this.#stream.off("readable", this.#readable);
    this.#stream.off("error", this.#ended);
    this.#stream.off("end", this.#ended);
    this.#stream.off("close", this.#ended);
  }

  #tryTake(): void {
    const settle = this.#settle;
    if (!settle) return;
    const bytes = this.#stream.read(this.#wanted) as Buffer | null;
    if (bytes?.length === this.#wanted) {
      this.#settle = undefined;
      settle.resolve(bytes);
    } else if (this.#failure) {
      this.#settle = undefined;
      settle.reject(this.#failure);
    }
  }
}
