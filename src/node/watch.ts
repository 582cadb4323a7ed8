/** Live queries of an embedded node. */
import { DvespError, randomUuid } from "../base/index.js";
import type { WatchChange } from "../actors/index.js";
import { parseFilter } from "../filters/index.js";
import type { Filter, VectorInput } from "../protocol/index.js";
import { packVector } from "../protocol/index.js";
import { observe } from "../supervisors/index.js";
import type { Observable } from "../supervisors/index.js";
import type { Node } from "./node.js";

export interface WatchOptions {
  readonly collection: string;
  readonly filter?: Filter;
  /** Rows within `max_distance` of `vector`, by the collection's metric. */
  readonly near?: { readonly vector: VectorInput; readonly max_distance: number };
}

/**
 * Every committed change that enters the query, leaves it, or changes a row within it, from the time
 * of subscription on. Completes when the store is closed; ends with the error `COLLECTION_NOT_FOUND`
 * (also when it is dropped) or `INVALID_ARGUMENT`.
 */
export function watch(node: Node, options: WatchOptions): Observable<WatchChange> {
  return observe((subscriber) => {
    const { collection: name } = options;
    const { collection } = node.registry.tree(name);
    const watch_id = randomUuid(node.system.random);
    if (options.filter) parseFilter(options.filter);
    const { near, filter } = options;
    const spec = {
      watch_id,
      ...(filter && { filter }),
      ...(near && { near: { ...near, vector: packVector(near.vector, "near.vector") } }),
    };
    const events = node.events.events$.subscribe({
      next: (event) => {
        if (event.type === "watch" && event["watch_id"] === watch_id) {
          subscriber.next(event as unknown as WatchChange);
        } else if (event.type === "collection_dropped" && event["collection"] === name) {
          subscriber.error(new DvespError("COLLECTION_NOT_FOUND", `${name} was dropped`));
        }
      },
      complete: () => subscriber.complete(),
    });
    collection.watch(spec).catch((error: unknown) => subscriber.error(error));
    return () => {
      events.unsubscribe();
      collection.unwatch(watch_id).catch(() => undefined);
    };
  });
}
