/**
 * A way between nodes that can be cut, or go silent: a Unix socket in front of a node's own. Who dials
 * says its name in clear at the beginning (src/mailbox/handshake.ts), so that each pair of nodes has a
 * state of its own.
 */
import { rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { Server, Socket } from "node:net";

/** `silent`: streams are accepted, and nothing passes. */
export type LinkState = "open" | "cut" | "silent";

interface Way {
  readonly from: string;
  readonly near: Socket;
  readonly far: Socket;
}

/** Of the hello: the magic and the version, then the length of the name, then the name. */
const lengthAt = 5;
const nameAt = 6;

export class LinkProxy {
  readonly #server: Server;
  readonly #ways = new Set<Way>();
  readonly #states = new Map<string, LinkState>();

  private constructor(path: string, target: string) {
    this.#server = createServer((near) => this.#accept(near, target));
    rmSync(path, { force: true });
    this.#server.listen(path);
  }

  /** Passes on, to the socket `target`, what is dialled at `path`. */
  static listen(path: string, target: string): LinkProxy {
    return new LinkProxy(path, target);
  }

  /** Of links dialled by the node `from`. */
  set(from: string, state: LinkState): void {
    this.#states.set(from, state);
    for (const way of this.#ways) if (way.from === from) this.#apply(way);
  }

  close(): void {
    for (const way of this.#ways) destroy(way);
    this.#server.close();
  }

  #accept(near: Socket, target: string): void {
    near.on("error", () => near.destroy());
    near.once("data", (hello) => {
      near.pause();
      const from = hello.toString("latin1", nameAt, nameAt + hello[lengthAt]!);
      if (this.#states.get(from) === "cut") near.destroy();
      else this.#open(from, near, target, hello);
    });
  }

  #open(from: string, near: Socket, target: string, hello: Buffer): void {
    const far = connect(target);
    const way = { from, near, far };
    this.#ways.add(way);
    const ended = (): void => {
      destroy(way);
      this.#ways.delete(way);
    };
    for (const socket of [near, far]) socket.on("error", ended).on("close", ended);
    far.write(hello);
    near.on("data", (chunk) => void far.write(chunk));
    far.on("data", (chunk) => void near.write(chunk));
    this.#apply(way);
  }

  #apply(way: Way): void {
    const state = this.#states.get(way.from) ?? "open";
    if (state === "cut") destroy(way);
    for (const socket of [way.near, way.far]) {
      if (state === "silent") socket.pause();
      else socket.resume();
    }
  }
}

function destroy({ near, far }: Way): void {
  near.destroy();
  far.destroy();
}
