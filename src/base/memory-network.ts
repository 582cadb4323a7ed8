/**
 * A network in memory, for twins and simulations: streams with a delay, links that can be cut and
 * healed, in one direction or both, and nodes that stand still. As with TCP, nothing within a stream is
 * lost or swapped: what was sent over a link that is cut arrives when it is healed, unless a side has
 * given the stream up by then.
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
  readonly delayMs?: (from: string, to: string) => number;
}

export class MemoryNetwork {
  readonly #clock: Clock;
  readonly #delayMs: (from: string, to: string) => number;
  readonly #listening = new Map<string, Listening>();
  readonly #streams = new Set<MemoryStream>();
  /** Directions in which nothing passes. */
  readonly #cuts = new Set<string>();
  /** Nodes that stand still, and who waits to be let in by them. */
  readonly #stopped = new Map<string, (() => void)[]>();

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
    this.cutOneWay(one, other);
    this.cutOneWay(other, one);
  }

  /** Nothing passes in one direction. */
  cutOneWay(from: string, to: string): void {
    this.#cuts.add(directionOf(from, to));
  }

  /** All passes again, in both directions. */
  heal(one: string, other: string): void {
    this.#cuts.delete(directionOf(one, other));
    this.#cuts.delete(directionOf(other, one));
    this.#flow();
  }

  /** A node stands still: it takes nothing and sends nothing, and whoever dials it waits. */
  stop(node: string): void {
    if (!this.#stopped.has(node)) this.#stopped.set(node, []);
  }

  resume(node: string): void {
    const waiting = this.#stopped.get(node) ?? [];
    this.#stopped.delete(node);
    for (const letIn of waiting) letIn();
    this.#flow();
  }

  /** Ends the streams between two nodes; what was under way on them is lost. */
  reset(one: string, other: string): void {
    for (const stream of [...this.#streams]) {
      const ends = [stream.node, stream.other];
      if (ends.includes(one) && ends.includes(other)) stream.destroy();
    }
  }

  /** Ends every stream of a node, as the end of its process does. */
  drop(node: string): void {
    this.resume(node);
    for (const [address, { node: owner }] of [...this.#listening]) {
      if (owner === node) this.#listening.delete(address);
    }
    for (const stream of [...this.#streams]) if (stream.node === node) stream.destroy();
  }

  /** Whether nothing passes from one node to the other now. */
  isCut(from: string, to: string): boolean {
    const stands = this.#stopped.has(from) || this.#stopped.has(to);
    return stands || this.#cuts.has(directionOf(from, to));
  }

  #flow(): void {
    for (const stream of this.#streams) stream.flow();
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
      const arrive = (): void => {
        const listening = this.#listening.get(address);
        const waiting = listening && this.#stopped.get(listening.node);
        if (waiting) {
          waiting.push(arrive);
        } else if (!listening || !this.#isJoined(node, listening.node)) {
          reject(new DvespError("CLOSED", `${address}: nobody answers`));
        } else {
          resolve(this.#join(node, listening));
        }
      };
      this.#clock.after(this.#delayMs(node, address), arrive);
    });
  }

  #isJoined(one: string, other: string): boolean {
    return !this.isCut(one, other) && !this.isCut(other, one);
  }

  /** The near end of a new stream. */
  #join(node: string, listening: Listening): MemoryStream {
    const near = this.#stream(node, listening.node);
    const far = this.#stream(listening.node, node);
    near.peer = far;
    far.peer = near;
    listening.onStream(far);
    return near;
  }

  #stream(node: string, other: string): MemoryStream {
    const stream = new MemoryStream({
      node,
      other,
      later: (action) => void this.#clock.after(this.#delayMs(node, other), action),
      isCut: () => this.isCut(node, other),
      ended: () => void this.#streams.delete(stream),
    });
    this.#streams.add(stream);
    return stream;
  }
}

interface StreamParts {
  readonly node: string;
  /** The node of the other end. */
  readonly other: string;
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

  get other(): string {
    return this.#parts.other;
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
    this.#sendBytes(Uint8Array.from(chunk), done);
  }

  /** What was written together travels together. */
  override _writev(chunks: { readonly chunk: Uint8Array }[], done: () => void): void {
    this.#sendBytes(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
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

  #sendBytes(bytes: Uint8Array, done: () => void): void {
    this.#send(() => {
      this.peer?.push(bytes);
      done();
    });
  }

  #send(action: () => void): void {
    this.#underWay.push(action);
    this.flow();
  }
}

function directionOf(from: string, to: string): string {
  return `${from} ${to}`;
}
