/**
 * Several hosts in one thread: a hub and workers joined by loopback links, on one virtual clock.
 * Actors are plain definitions, found by their key in a map.
 */
import { VirtualClock, seededRandom } from "../../../src/base/index.js";
import { type Credit, type Link, loopbackPair } from "../../../src/mailbox/index.js";
import {
  type Actor,
  type ActorContext,
  type ActorRef,
  ActorSystem,
  type AnyDefinition,
  type AskResult,
  type HostListener,
  type Hosts as HostsOfNode,
  type HostStatus,
  type RuntimeEvent,
  type SystemOptions,
  mapLoader,
} from "../../../src/runtime/index.js";

export interface Hosts {
  readonly clock: VirtualClock;
  readonly hub: ActorSystem;
  readonly workers: readonly ActorSystem[];
  readonly events: RuntimeEvent[];
  readonly definitions: Map<string, AnyDefinition>;
  /** What a host pool would tell of the workers. */
  readonly directory: Pick<HostsOfNode, "hosts" | "onHost">;
  /** Breaks the link between the hub and a worker, as the death of its thread does. */
  loseWorker(index: number): void;
  /** Puts a new, empty worker in the place of a lost one. */
  replaceWorker(index: number): void;
}

export interface HostsOptions {
  readonly workers?: number;
  readonly window?: Credit;
  readonly system?: Partial<SystemOptions>;
}

export function makeHosts({ workers: count = 0, window, system = {} }: HostsOptions = {}): Hosts {
  const clock = new VirtualClock();
  const events: RuntimeEvent[] = [];
  const definitions = new Map<string, AnyDefinition>();
  const base = {
    clock,
    random: seededRandom(1),
    load: mapLoader(definitions),
    yieldTurn: queueMicrotask,
    onEvent: (event: RuntimeEvent) => events.push(event),
    ...system,
  };
  const hub = new ActorSystem({ ...base, host: "main" });
  const links: Link[] = [];
  const workers: ActorSystem[] = [];
  const listeners = new Set<HostListener>();
  const up = new Set<number>();
  const status = (index: number): HostStatus => {
    return { name: `worker-${index}`, role: "work", state: up.has(index) ? "up" : "lost" };
  };
  const tell = (index: number): void => {
    for (const listener of listeners) listener(status(index));
  };
  const directory = {
    hosts: () => workers.map((_, index) => status(index)),
    onHost: (listener: HostListener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  const replaceWorker = (index: number): void => {
    const worker = new ActorSystem({ ...base, host: `worker-${index}` });
    const [atHub, atWorker] = loopbackPair(window);
    workers[index] = worker;
    links[index] = atHub;
    hub.connect(worker.host, atHub);
    worker.connectHub(hub.host, atWorker);
    up.add(index);
    tell(index);
  };
  const loseWorker = (index: number): void => {
    up.delete(index);
    tell(index);
    hub.disconnect(`worker-${index}`, links[index]!);
  };
  for (let index = 0; index < count; index++) replaceWorker(index);
  return { clock, hub, workers, events, definitions, directory, loseWorker, replaceWorker };
}

/** Long enough for whatever a test waits for. */
export const minute = { timeout_ms: 60_000 };

/** The same cases near and far, with `makeHosts({ workers: 1 })`. */
export const places = [
  ["on this host", "main"],
  ["on a worker", "worker-0"],
] as const;

/** The dead letters of the host with that name. */
export function lettersOf(hosts: Hosts, host: string): Hosts["hub"]["deadLetters"] {
  return (hosts.workers.find((worker) => worker.host === host) ?? hosts.hub).deadLetters;
}

/** Starts `definition` as actor `name` on `host`; messages come through the hub's ref. */
export async function spawnOn<Message = unknown>(
  hosts: Hosts,
  host: string,
  name: string,
  definition: AnyDefinition,
): Promise<ActorRef<Message>> {
  hosts.definitions.set(name, definition);
  const spawning = hosts.hub.spawn<Message>({ name, host, module: name });
  await hosts.clock.advance(0);
  return spawning;
}

/** An actor that only receives. */
export function receiver(
  receive: (message: never, context: ActorContext) => unknown,
  extra: Partial<AnyDefinition> & { stop?: Actor["stop"] } = {},
): AnyDefinition {
  const { stop, ...settings } = extra;
  return {
    ...settings,
    start: (context: ActorContext) => ({
      receive: (message: unknown) => receive(message as never, context),
      ...(stop ? { stop } : {}),
    }),
  };
}

/** How `work` has ended once virtual time has gone on by `ms`; `open` when it has not. */
export async function settled<T>(hosts: Hosts, work: Promise<T>, ms = 0): Promise<T | "open"> {
  const state = { ended: false };
  const end = (): void => void (state.ended = true);
  work.then(end, end);
  await hosts.clock.advance(ms);
  return state.ended ? work : "open";
}

/** A promise that is resolved from outside. */
export function gate<T = void>(): { promise: Promise<T>; open: (value: T) => void } {
  let open!: (value: T) => void;
  const promise = new Promise<T>((resolve) => (open = resolve));
  return { promise, open };
}

export function outcomes(results: readonly (AskResult<unknown> | "open")[]): string[] {
  return results.map((result) => (result === "open" ? result : result.outcome));
}
