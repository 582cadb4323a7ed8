/**
 * Tells exchanges that their connection has ended. Node tells only the response that is being written;
 * those of pipelined requests behind it would never hear of it, and count as under way for ever.
 * One listener per connection serves all of its exchanges.
 */
import type { IncomingMessage } from "node:http";

type Connection = IncomingMessage["socket"];

export class ConnectionEnds {
  readonly #watchers = new WeakMap<Connection, Set<() => void>>();

  /** Calls `onEnd` once when `connection` closes, unless the returned function was called before. */
  watch(connection: Connection, onEnd: () => void): () => void {
    const watchers = this.#watchers.get(connection) ?? this.#listen(connection);
    watchers.add(onEnd);
    return () => watchers.delete(onEnd);
  }

  #listen(connection: Connection): Set<() => void> {
    const watchers = new Set<() => void>();
    this.#watchers.set(connection, watchers);
    connection.once("close", () => {
      for (const onEnd of watchers) onEnd();
      watchers.clear();
    });
    return watchers;
  }
}
