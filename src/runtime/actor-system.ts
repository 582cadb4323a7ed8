/**
 * The actors of one thread and their connection with the rest.
 *
 * One system per thread: the main one is the hub, to which each worker has a link; frames from
 * worker to worker pass through it undecoded. What may be relied on is written down, and numbered,
 * in docs/RUNTIME-SEMANTICS.md.
 */
import { type Clock, type Random, invalid, isDvespError } from "../base/index.js";
import { type Address, DeadLetters, type Link, type LinkHandlers } from "../mailbox/index.js";
import { systemStorage } from "../storage/index.js";
import { answerOf } from "./answer.js";
import type { ActorRef, AnyDefinition } from "./actor.js";
import { Connections } from "./connections.js";
import { DeathWatch, type TerminationListener } from "./death-watch.js";
import { systemName } from "./delivery.js";
import { Dispatcher, yieldToEventLoop } from "./dispatcher.js";
import { type RuntimeEvent, runtimeEvent } from "./events.js";
import { type HostRequest, Incoming } from "./incoming.js";
import { LocalActors } from "./local-actors.js";
import { PostOffice } from "./post-office.js";
import { Ref } from "./ref.js";
import { Router } from "./router.js";
import type { SpawnMessage, SystemRequest, SystemSignal } from "./signals.js";
import type { LocalSpawn, SpawnRequest, SystemOptions } from "./system-options.js";

const startMsDefault = 60_000;
/** What a request to another system may take on top of the work it asks for. */
const marginMs = 1000;

export class ActorSystem {
  readonly host: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly deadLetters = new DeadLetters();
  readonly #options: SystemOptions;
  readonly #self: Address;
  readonly #router = new Router();
  readonly #watch: DeathWatch;
  readonly #actors: LocalActors;
  readonly #post: PostOffice;
  readonly #incoming: Incoming;
  readonly #connections: Connections;

  constructor(options: SystemOptions) {
    const { host, clock, random, encodeLocal = false } = options;
    this.#options = options;
    this.host = host;
    this.clock = clock;
    this.random = random;
    this.#self = { host, name: systemName };
    this.#watch = this.#makeWatch();
    this.#actors = this.#makeActors();
    this.#post = new PostOffice({
      host,
      clock,
      router: this.#router,
      deadLetters: this.deadLetters,
      cellOf: (name) => this.#actors.get(name),
      encodeLocal,
    });
    this.#incoming = this.#makeIncoming();
    this.#connections = new Connections({
      host,
      router: this.#router,
      handlers: (onClose) => this.#handlers(onClose),
      signal: (to, signal) => void this.#signal(to, signal),
      lose: (lost) => this.#lose(lost),
    });
  }

  /** A ref through which code outside any actor sends. */
  ref<Message>(address: Address): ActorRef<Message> {
    return new Ref(this.#post, this.#self, address);
  }

  /** Names of the actors on this thread. */
  actors(): readonly string[] {
    return this.#actors.names();
  }

  /**
   * Starts an actor from a module, here or on another host. Rejects with a `DvespError`:
   * `ALREADY_EXISTS`, `INVALID_ARGUMENT` (no such module), `TIMEOUT`, `CLOSED` (the host is gone),
   * or what the actor's `start` threw.
   */
  async spawn<Message = unknown>(request: SpawnRequest): Promise<ActorRef<Message>> {
    const { name, host = this.host, module, attachments = [] } = request;
    const message: SpawnMessage = {
      type: "spawn",
      name,
      module,
      export: request.export ?? "default",
      args: request.args,
      start_ms: request.startMs ?? startMsDefault,
    };
    if (host === this.host) await this.#spawnHere(message, attachments);
    else await this.requestHost(host, message, message.start_ms + marginMs, attachments);
    return this.ref({ host, name });
  }

  /** Starts an actor on this thread from a definition in hand. Errors: as `spawn`. */
  async spawnLocal<Message = unknown>(
    spawn: LocalSpawn,
    definition: AnyDefinition,
  ): Promise<ActorRef<Message>> {
    const { name, args, attachments = [], startMs = startMsDefault } = spawn;
    await this.#actors.start({ name, args, attachments, startMs }, definition);
    return this.ref({ host: this.host, name });
  }

  /** Stops an actor in good order; resolves when it has ended or is not there any more. */
  async stop(address: Address, shutdownMs: number): Promise<void> {
    const { host, name } = address;
    if (host === this.host) return this.#actors.get(name)?.stop(shutdownMs);
    const message = { type: "stop", name, shutdown_ms: shutdownMs } as const;
    try {
      await this.requestHost(host, message, shutdownMs + marginMs);
    } catch (error) {
      // With its host, the actor has ended as well.
      if (!isDvespError(error) || error.code !== "CLOSED") throw error;
    }
  }

  /** Ends an actor at once, without its `stop`. */
  kill(address: Address): void {
    if (address.host === this.host) this.#actors.get(address.name)?.kill();
    else this.#signal(address.host, { type: "kill", name: address.name });
  }

  /** Calls `listener` once when the actor there ends; the returned function ends the watch. */
  watch(address: Address, listener: TerminationListener): () => void {
    return this.#watch.watch(address, listener, (name) => this.#actors.get(name) !== undefined);
  }

  /** Publishes an event: to `onEvent` here and, from a worker, on the hub. */
  emit(type: string, details: Readonly<Record<string, unknown>> = {}): void {
    this.#publish(runtimeEvent(this.clock, this.host, type, details));
  }

  /**
   * Joins another host by `link`: frames to it go there from now on. `onClose` is called when the
   * link closes by itself, before anybody is told that the host is lost.
   */
  connect(host: string, link: Link, onClose?: () => void): void {
    this.#connections.connect(host, link, onClose);
  }

  /** Joins the hub, the host to which frames for all others go. */
  connectHub(hub: string, link: Link): void {
    this.#connections.connectHub(hub, link);
  }

  /**
   * Joins another node, whose hub is the host `hub`, by `link`: frames to any host of that node go
   * there from now on, and refs to its actors work on every thread of this one. A link that was there
   * before is lost. `onClose` is called when the link closes by itself.
   */
  connectNode(hub: string, link: Link, onClose?: () => void): void {
    this.#connections.connectNode(hub, link, onClose);
  }

  /** Forgets `link` to a node: asks to its hosts end as gone, watches as `host_lost`. */
  disconnectNode(node: string, link: Link): void {
    this.#connections.disconnectNode(node, link);
  }

  /** Forgets `link` to `host`: asks to it end as gone, watches as `host_lost`, here and elsewhere. */
  disconnect(host: string, link: Link): void {
    this.#connections.disconnect(host, link);
  }

  /** Asks the system of `host` itself. Rejects with what it refused, `TIMEOUT` or `CLOSED`. */
  async requestHost(
    host: string,
    request: SystemRequest,
    timeoutMs: number,
    attachments: readonly unknown[] = [],
  ): Promise<void> {
    const to = { host, name: systemName };
    const options = { timeout_ms: timeoutMs, lane: "control", attachments } as const;
    answerOf(await this.#post.ask(this.#self, to, request, options), host);
  }

  /** Stops all actors of this thread, the last one started first; takes `limitMs` at most. */
  stopAll(limitMs: number): Promise<void> {
    return this.#actors.stopAll(limitMs);
  }

  /** Closes the links to all other hosts; asks and watches there end. */
  closeLinks(): void {
    this.#connections.close();
  }

  #makeWatch(): DeathWatch {
    return new DeathWatch(this.host, {
      watch: (to, id, name) => {
        if (this.#signal(to, { type: "watch", id, name })) return;
        const address = { host: to, name };
        queueMicrotask(() => this.#watch.settle(id, { address, reason: "host_lost" }));
      },
      unwatch: (to, id) => void this.#signal(to, { type: "unwatch", id }),
      terminated: (to, id, end) => void this.#signal(to, { type: "terminated", id, end }),
    });
  }

  #makeActors(): LocalActors {
    const { host, clock, random, deadLetters } = this;
    const dispatcher = new Dispatcher(this.#options.yieldTurn ?? yieldToEventLoop);
    const actors: LocalActors = new LocalActors({
      host,
      clock,
      random,
      storage: this.#options.storage ?? systemStorage,
      tasks: this.#options.tasks,
      refFrom: (from, to) => new Ref(this.#post, from, to),
      watch: (address, listener) => this.watch(address, listener),
      publish: (type, details) => this.emit(type, details),
      cellHost: {
        dispatcher,
        deadLetters,
        emit: (type, details) => this.emit(type, details),
        ended: (cell, end) => {
          actors.remove(cell);
          this.#watch.ended(end);
        },
      },
    });
    return actors;
  }

  #makeIncoming(): Incoming {
    return new Incoming({
      host: this.host,
      nowMs: () => this.clock.monotonic(),
      router: this.#router,
      post: this.#post,
      actors: this.#actors,
      watch: this.#watch,
      deadLetters: this.deadLetters,
      refTo: (address) => this.ref(address),
      spawn: (message, attachments) => this.#spawnHere(message, attachments),
      hostRequest: (request) => this.#hostRequest(request),
      publish: (event) => this.#publish(event),
      hostLost: (host) => this.#connections.hostLost(host),
      nodeLost: (node) => this.#connections.nodeLost(node),
      malformed: (error) => this.emit("frame_malformed", { error }),
    });
  }

  async #spawnHere(message: SpawnMessage, attachments: readonly unknown[]): Promise<void> {
    const { name, module, args, start_ms: startMs } = message;
    const definition = await this.#options.load(module, message.export);
    await this.#actors.start({ name, args, attachments, startMs }, definition);
  }

  async #hostRequest(request: HostRequest): Promise<void> {
    const serve = this.#options.onHostRequest;
    if (!serve) throw invalid(`${this.host} does not end on request`);
    await serve(request);
  }

  #handlers(onClose: () => void): LinkHandlers {
    return {
      onFrame: (frame) => this.#incoming.receive(frame),
      onMalformed: (error) => {
        this.deadLetters.count("malformed");
        this.emit("frame_malformed", { error: error.toPlain() });
      },
      onClose,
    };
  }

  #signal(host: string, signal: SystemSignal): boolean {
    return this.#post.signal(this.#self, { host, name: systemName }, signal);
  }

  #publish(event: RuntimeEvent): void {
    if (this.#router.hub) this.#signal(this.#router.hub, { type: "event", event });
    else this.#options.onEvent?.(event);
  }

  #lose(lost: (host: string) => boolean): void {
    this.#post.pending.lose(lost);
    this.#watch.lose(lost);
  }
}
