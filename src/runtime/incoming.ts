/**
 * What a frame that arrives leads to: it is passed on, queued for an actor, ends an ask, or speaks
 * to this host's system. Nothing that comes in may throw out of here.
 */
import { DvespError, type PlainError, toDvespError, unreachable } from "../base/index.js";
import { type Address, type DeadLetters, type Frame } from "../mailbox/index.js";
import type { DeathWatch } from "./death-watch.js";
import { type Delivery, systemName } from "./delivery.js";
import type { RuntimeEvent } from "./events.js";
import type { LocalActors } from "./local-actors.js";
import { type PostOffice, overloaded } from "./post-office.js";
import type { Router } from "./router.js";
import type { SpawnMessage, SystemRequest, SystemSignal } from "./signals.js";

export type HostRequest = Extract<SystemRequest, { type: "end" | "die" }>;

export interface IncomingOptions {
  readonly host: string;
  /** Steady time. */
  readonly nowMs: () => number;
  readonly router: Router;
  readonly post: PostOffice;
  readonly actors: LocalActors;
  readonly watch: DeathWatch;
  readonly deadLetters: DeadLetters;
  readonly refTo: (address: Address) => unknown;
  readonly spawn: (message: SpawnMessage, attachments: readonly unknown[]) => Promise<void>;
  readonly hostRequest: (request: HostRequest) => Promise<void>;
  readonly publish: (event: RuntimeEvent) => void;
  readonly hostLost: (host: string) => void;
  readonly nodeLost: (node: string) => void;
  readonly malformed: (error: PlainError) => void;
}

export class Incoming {
  readonly #options: IncomingOptions;

  constructor(options: IncomingOptions) {
    this.#options = options;
  }

  /** Takes one frame; never throws. */
  receive(frame: Frame): void {
    const { to, kind } = frame.header;
    try {
      if (to.host !== this.#options.host) this.#forward(frame);
      else if (kind === "signal") this.#signal(frame);
      else if (kind === "tell" || kind === "ask") this.#deliver(frame);
      else this.#options.post.receiveAnswer(frame, this.#options.refTo);
    } catch (error) {
      this.#options.deadLetters.count("malformed");
      this.#options.malformed(toDvespError(error).toPlain());
    }
  }

  /** The hub's part: on to the next host, undecoded. */
  #forward(frame: Frame): void {
    const outcome = this.#options.router.send(frame);
    if (outcome === "accepted") return;
    if (frame.header.kind === "ask") {
      this.#options.post.answer(
        frame.header,
        outcome === "full" ? overloaded() : { outcome: "gone" },
      );
    } else {
      this.#options.deadLetters.count(outcome === "full" ? "link_full" : "no_route");
    }
  }

  #deliver(frame: Frame): void {
    const delivery = this.#options.post.delivery(frame);
    if (frame.header.to.name === systemName) {
      void this.#serve(delivery);
      return;
    }
    const cell = this.#options.actors.get(frame.header.to.name);
    if (!cell) {
      this.#options.deadLetters.count("no_actor");
      delivery.answer?.({ outcome: "gone" });
    } else if (!cell.offer(delivery)) {
      if (delivery.answer) delivery.answer(overloaded(cell.retryAfterMs));
      else this.#options.deadLetters.count("mailbox_full");
    }
  }

  async #serve(delivery: Delivery): Promise<void> {
    try {
      const request = delivery.open(this.#options.refTo) as SystemRequest;
      await this.#perform(request, delivery);
      delivery.answer?.({ outcome: "ok", value: undefined });
    } catch (error) {
      delivery.answer?.({ outcome: "refused", error: toDvespError(error).toPlain() });
    }
  }

  async #perform(request: SystemRequest, delivery: Delivery): Promise<void> {
    const { actors, spawn, hostRequest, nowMs } = this.#options;
    switch (request.type) {
      case "ping":
        return;
      case "spawn":
        await spawn(request, delivery.attachments);
        // Nobody waits for it any more: an actor without an owner must not stay.
        if (nowMs() > (delivery.deadlineMs ?? Infinity)) await actors.get(request.name)?.stop(0);
        return;
      case "stop":
        return actors.get(request.name)?.stop(request.shutdown_ms);
      case "end":
      case "die":
        return hostRequest(request);
      default:
        throw new DvespError("INVALID_ARGUMENT", "unknown request to a host");
    }
  }

  #signal(frame: Frame): void {
    const { watch, actors, publish, hostLost, nodeLost, post } = this.#options;
    const signal = post.open(frame) as SystemSignal;
    const { host } = frame.header.from;
    switch (signal.type) {
      case "watch":
        watch.watchedBy(host, signal.id, signal.name, actors.get(signal.name) !== undefined);
        return;
      case "unwatch":
        watch.unwatchedBy(host, signal.id);
        return;
      case "terminated":
        watch.settle(signal.id, signal.end);
        return;
      case "host_lost":
        hostLost(signal.host);
        return;
      case "node_lost":
        nodeLost(signal.node);
        return;
      case "event":
        publish(signal.event);
        return;
      case "kill":
        actors.get(signal.name)?.kill();
        return;
      default:
        unreachable(signal);
    }
  }
}
