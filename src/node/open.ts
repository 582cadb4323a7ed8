/** The embedded store: a whole node in this process, no server. */
import type { WatchChange } from "../actors/index.js";
import { invalid } from "../base/index.js";
import { checkOpenOptions } from "../protocol/index.js";
import type { StoreEvent, VectorStore } from "../protocol/index.js";
import type { Observable } from "../supervisors/index.js";
import { ActorApi } from "./actor-api.js";
import { EmbeddedStore } from "./embedded-store.js";
import { Node } from "./node.js";
import type { NodeOptions } from "./node-options.js";
import { tuningDefault } from "./tuning.js";
import { watch } from "./watch.js";
import type { WatchOptions } from "./watch.js";

export interface OpenOptions extends NodeOptions {
  /**
   * Of each turn of the caller's event loop, the milliseconds in which short searches may be answered on
   * the caller's own thread; default 0.5. 0: all searches are answered by search threads.
   */
  readonly caller_thread_ms?: number | undefined;
}

const callerThreadMsDefault = 0.5;

/** How to end a worker thread on purpose. */
export type ThreadDeath = Parameters<Node["hosts"]["killHost"]>[1];

export interface OpenStore extends VectorStore {
  /** The actors inside, and a place for one's own. */
  readonly actors: ActorApi;
  /** Lifecycle, index, write and watch events, from now on. */
  readonly events$: Observable<StoreEvent>;
  /** A live query: every change that enters it, leaves it, or changes a row within it. */
  watch(options: WatchOptions): Observable<WatchChange>;
  /** Ends a worker thread the hard way. Errors: `PERMISSION_DENIED` without `test_hooks`. */
  kill_thread(host: string, how: ThreadDeath): Promise<void>;
}

/**
 * Opens a data directory in this process. Errors: `INVALID_ARGUMENT` for options that are none and for
 * a path where no directory can be, `DIRECTORY_LOCKED` when another process or store has it (the message
 * says who), `DATA_CORRUPTED`, `STORAGE_FULL`.
 */
export async function open(options: OpenOptions): Promise<OpenStore> {
  checkOpenOptions(options);
  const { caller_thread_ms: callerThreadMs = callerThreadMsDefault } = options;
  return new OpenNodeStore(await Node.open(options, { ...tuningDefault, callerThreadMs }));
}

/** The node inside. Errors: `INVALID_ARGUMENT` for a store that `open` did not make. */
export function nodeOf(store: OpenStore): Node {
  if (store instanceof OpenNodeStore) return store.node;
  throw invalid("the store is not one that open() made");
}

class OpenNodeStore extends EmbeddedStore implements OpenStore {
  readonly actors: ActorApi;
  readonly events$: Observable<StoreEvent>;
  readonly node: Node;

  constructor(node: Node) {
    super({ registry: node.registry, random: node.system.random, close: () => node.close() });
    this.node = node;
    this.actors = new ActorApi(node);
    this.events$ = node.events.events$;
  }

  watch(options: WatchOptions): Observable<WatchChange> {
    return watch(this.node, options);
  }

  kill_thread(host: string, how: ThreadDeath): Promise<void> {
    return this.node.hosts.killHost(host, how);
  }
}
