/**
 * The actors of one host, by name, in the order in which they were started. A name is taken from
 * the moment of its spawn until the actor has let go of everything.
 */
import { DvespError, type Clock, type Random, invalid } from "../base/index.js";
import { type Address, addressPartCharsMax } from "../mailbox/index.js";
import type { Storage } from "../storage/index.js";
import type { ActorContext, ActorDefinition, ActorRef, AnyDefinition } from "./actor.js";
import { ActorCell, type CellHost } from "./actor-cell.js";
import type { TerminationListener } from "./death-watch.js";
import { systemName } from "./delivery.js";
import type { TaskRunner } from "./task-pool.js";

export interface LocalActorsOptions {
  readonly host: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly storage: Storage;
  readonly cellHost: CellHost;
  readonly tasks: TaskRunner | undefined;
  readonly refFrom: (from: Address, to: Address) => ActorRef;
  readonly watch: (address: Address, listener: TerminationListener) => () => void;
  readonly publish: (type: string, details: Readonly<Record<string, unknown>>) => void;
}

export interface StartRequest {
  readonly name: string;
  readonly args: unknown;
  readonly attachments: readonly unknown[];
  readonly startMs: number;
}

export class LocalActors {
  readonly #options: LocalActorsOptions;
  readonly #cells = new Map<string, ActorCell>();
  #closing = false;

  constructor(options: LocalActorsOptions) {
    this.#options = options;
  }

  get(name: string): ActorCell | undefined {
    return this.#cells.get(name);
  }

  names(): readonly string[] {
    return [...this.#cells.keys()];
  }

  /**
   * Starts an actor; its name is taken, and messages to it wait, from this call on.
   * Errors: `ALREADY_EXISTS`, `CLOSED`, `INVALID_ARGUMENT`, and what `start` throws.
   */
  async start(request: StartRequest, definition: AnyDefinition): Promise<void> {
    const { name, args, attachments, startMs } = request;
    checkName(name);
    if (this.#closing) throw new DvespError("CLOSED", "the host is closing");
    if (this.#cells.has(name)) throw new DvespError("ALREADY_EXISTS", `actor ${name} exists`);
    // Bound to this very cell: a task left over from a crash must not end the actor's successor.
    const context = this.#context(name, attachments, (error) => cell.crash(error));
    const any = definition as ActorDefinition<unknown, unknown>;
    const cell: ActorCell = new ActorCell(this.#options.cellHost, context, any);
    this.#cells.set(name, cell);
    await cell.start(args, startMs);
  }

  /** Forgets a cell that has ended. */
  remove(cell: ActorCell): void {
    this.#cells.delete(cell.address.name);
  }

  /** Stops all actors, the last one started first, each within what is left of `limitMs`. */
  async stopAll(limitMs: number): Promise<void> {
    this.#closing = true;
    const { clock } = this.#options;
    const end = clock.monotonic() + limitMs;
    for (const cell of [...this.#cells.values()].reverse()) {
      await cell.stop(Math.max(0, end - clock.monotonic()));
    }
  }

  #context(
    name: string,
    attachments: readonly unknown[],
    crash: ActorContext["crash"],
  ): ActorContext {
    const { host, clock, random, storage, tasks, refFrom, watch, publish } = this.#options;
    const address = { host, name };
    return {
      self: refFrom(address, address),
      clock,
      random,
      storage,
      attachments,
      tasks,
      ref: (to) => refFrom(address, to),
      watch,
      emit: ({ type, ...details }) => publish(type, { actor: name, ...details }),
      crash,
    };
  }
}

function checkName(name: string): void {
  if (name === systemName || name.length > addressPartCharsMax) {
    throw invalid(`an actor's name has 1 to ${addressPartCharsMax} characters`, "name");
  }
}
