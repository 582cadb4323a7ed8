/**
 * Puts a body together as it arrives, into memory of its own: a chunk may be a slice of a read buffer
 * that others share, and the finished body must be free to move to another thread.
 *
 * A chunk that is the whole body in memory of its own, as a small one comes, is the body. Otherwise,
 * when the length is known, one exact buffer is filled in place. Otherwise the body grows by
 * segments, so that tiny chunks cost no object each, and the segments are joined in slices with a
 * turn of the event loop between two, so that a large body never stops the thread.
 */

const firstSegmentBytes = 64 * 1024;
const segmentBytes = 1024 * 1024;
/** Copied in one turn: well under a millisecond. */
const joinBytesPerTurn = 4 * 1024 * 1024;

/** Makes room for memory before it is taken, and gives it back; `hold` may refuse by throwing. */
export interface MemoryAccount {
  hold(bytes: number): void;
  release(bytes: number): void;
}

export class BodyCollector {
  readonly #account: MemoryAccount;
  readonly #full: Buffer<ArrayBuffer>[] = [];
  /** Made when the first chunk has to be copied; its memory is on the account from the start. */
  #last: Buffer<ArrayBuffer> | undefined;
  readonly #firstBytes: number;
  #lastUsed = 0;
  #bytes = 0;

  /** `expectedBytes`: the whole length when known; more than that may still be appended. */
  constructor(account: MemoryAccount, expectedBytes: number | undefined) {
    this.#account = account;
    this.#firstBytes = expectedBytes ?? firstSegmentBytes;
    account.hold(this.#firstBytes);
  }

  /** Bytes appended so far. */
  get bytes(): number {
    return this.#bytes;
  }

  append(chunk: Buffer): void {
    if (this.#isWhole(chunk)) {
      this.#last = chunk;
      this.#lastUsed = this.#bytes = chunk.length;
      return;
    }
    let last = this.#segment();
    for (let from = 0; from < chunk.length;) {
      if (this.#lastUsed === last.length) last = this.#startSegment(last);
      const part = chunk.subarray(from, from + last.length - this.#lastUsed);
      last.set(part, this.#lastUsed);
      this.#lastUsed += part.length;
      from += part.length;
    }
    this.#bytes += chunk.length;
  }

  /** The whole body, in a buffer that nothing else refers to; its bytes stay on the account. */
  async finish(): Promise<Uint8Array<ArrayBuffer>> {
    const last = this.#segment();
    if (this.#full.length === 0 && this.#lastUsed === last.length) return last;
    const whole = this.#allocate(this.#bytes);
    this.#full.push(last.subarray(0, this.#lastUsed));
    let copied = 0;
    let turnEnds = joinBytesPerTurn;
    for (const segment of this.#full) {
      whole.set(segment, copied);
      copied += segment.length;
      if (copied >= turnEnds) {
        await nextTurn();
        turnEnds = copied + joinBytesPerTurn;
      }
    }
    this.#releaseSegments(last);
    return whole;
  }

  /** Whether `chunk` is all of the body, in memory that nothing else refers to. */
  #isWhole(chunk: Buffer): chunk is Buffer<ArrayBuffer> {
    const isAll = !this.#last && chunk.length === this.#firstBytes;
    return isAll && chunk.buffer instanceof ArrayBuffer && chunk.buffer.byteLength === chunk.length;
  }

  #segment(): Buffer<ArrayBuffer> {
    return (this.#last ??= Buffer.allocUnsafeSlow(this.#firstBytes));
  }

  #startSegment(full: Buffer<ArrayBuffer>): Buffer<ArrayBuffer> {
    const next = this.#allocate(segmentBytes);
    this.#full.push(full);
    this.#last = next;
    this.#lastUsed = 0;
    return next;
  }

  #allocate(bytes: number): Buffer<ArrayBuffer> {
    this.#account.hold(bytes);
    return Buffer.allocUnsafeSlow(bytes);
  }

  #releaseSegments(last: Buffer): void {
    let bytes = last.length;
    for (const segment of this.#full.slice(0, -1)) bytes += segment.length;
    this.#account.release(bytes);
    this.#full.length = 0;
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
