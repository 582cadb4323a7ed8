/**
 * A network in memory, for twins and simulations: streams with a delay, links that can be cut and
 * healed. As with TCP, nothing within a stream is lost or swapped: what was sent over a link that is cut
 * arrives when it is healed, unless a side has given the stream up by then.
 */
import { Duplex } from "node:stream";
import type { Clock } from "./clock.js";
import { DvespError } from "./errors.js";
import type { Listener, Network } from "./network.js";

interface Listening {
  readonly node: string;
  readonly onStream: (stream: Duplex) => void;
}

export interface MemoryNetworkOptions {
  readonly clock: Clock;
  /** Of each chunk, one way; asked for anew each time. */
  readonly delayMs?: () => number;
}

export class MemoryNetwork {
  readonly #clock: Clock;
  readonly #delayMs: () => number;
  readonly #listening = new Map<string, Listening>();
  readonly #streams = new Set<MemoryStream>();
  readonly #cuts = new Set<string>();

  constructor({ clock, delayMs = () => 0.1 }: MemoryNetworkOptions) {
    this.#clock = clock;
    this.#delayMs = delayMs;
  }

  /** The network as a node sees it. */
  at(node: string): Network {
    return {
      listen: (address, onStream) => Promise.resolve(this.#listen(node, address, onStream)),
      dial: (address) => this.#dial(node, address),
    };
  }

  /** Nothing passes between two nodes, and nobody is told. */
  cut(one: string, other: string): void {
    this.#cuts.add(pairOf(one, other));
  }

  heal(one: string, other: string): void {
    this.#cuts.delete(pairOf(one, other));
    for (const stream of this.#streams) stream.flow();
  }

  /** Ends every stream of a node, as the end of its process does. */
  drop(node: string): void {
    for (const [address, { node: owner }] of [...this.#listening]) {
      if (owner === node) this.#listening.delete(address);
    }
    for (const stream of [...this.#streams]) if (stream.node === node) stream.destroy();
  }

  isCut(one: string, other: string): boolean {
    return this.#cuts.has(pairOf(one, other));
  }

  #listen(node: string, address: string, onStream: (stream: Duplex) => void): Listener {
    if (this.#listening.has(address)) throw new DvespError("CLOSED", `${address} is in use`);
    const listening = { node, onStream };
    this.#listening.set(address, listening);
    return {
      address,
      close: () => {
        if (this.#listening.get(address) === listening) this.#listening.delete(address);
        return Promise.resolve();
      },
    };
  }

  #dial(node: string, address: string): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      this.#clock.after(this.#delayMs(), () => {
        const listening = this.#listening.get(address);
        if (!listening || this.isCut(node, listening.node)) {
          reject(new DvespError("CLOSED", `${address}: nobody answers`));
          return;
        }
        const near = this.#stream(node, listening.node);
        const far = this.#stream(listening.node, node);
        near.peer = far;
        far.peer = near;
        listening.onStream(far);
        resolve(near);
      });
    });
  }

  #stream(node: string, other: string): MemoryStream {
    const stream = new MemoryStream({
      node,
      later: (action) => void this.#clock.after(this.#delayMs(), action),
      isCut: () => this.isCut(node, other),
      ended: () => void this.#streams.delete(stream),
    });
    this.#streams.add(stream);
    return stream;
  }
}

interface StreamParts {
  readonly node: string;
  readonly later: (action: () => void) => void;
  readonly isCut: () => boolean;
  readonly ended: () => void;
}

/** One end of a stream: what is written here comes out of `peer`. */
class MemoryStream extends Duplex {
  peer: MemoryStream | undefined;
  readonly #parts: StreamParts;
  /** In order; the first is on its way. */
  readonly #underWay: (() => void)[] = [];
  #moving = false;

  constructor(parts: StreamParts) {
    super({ allowHalfOpen: false });
    this.#parts = parts;
  }

  get node(): string {
    return this.#parts.node;
  }

  /** Moves on what waits, if it can move. */
  flow(): void {
    if (this.#moving || this.#underWay.length === 0 || this.#parts.isCut()) return;
    this.#moving = true;
    this.#parts.later(() => {
      this.#moving = false;
      if (!this.#parts.isCut()) this.#underWay.shift()?.();
      this.flow();
    });
  }

  override _read(): void {
    // Chunks are pushed as they arrive.
  }

  override _write(chunk: Uint8Array, _: string, done: () => void): void {
    const bytes = Uint8Array.from(chunk);
    this.#send(() => {
      this.peer?.push(bytes);
      done();
    });
  }

  override _final(done: () => void): void {
    this.#send(() => {
      this.peer?.push(null);
      done();
    });
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#underWay.length = 0;
    this.#send(() => this.peer?.destroy());
    this.#parts.ended();
    done(error);
  }

  #send(action: () => void): void {
    this.#underWay.push(action);
    this.flow();
  }
}

function pairOf(one: string, other: string): string {
  return one < other ? `${one} ${other}` : `${other} ${one}`;
}
