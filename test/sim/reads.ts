/** The reads of a workload, each judged by what it had to see when it was begun. */
import { randomBelow } from "../../src/base/index.js";
import type { ConsistencyLevel, VectorStore } from "../../src/protocol/index.js";
import type { Endpoint } from "./client.js";
import type { ReadRecord, SeenRow, WriteRecord } from "./history.js";
import { seenRow, vectorOf } from "./requests.js";
import { short, told } from "./session.js";
import type { Sent, Session } from "./session.js";

type SendRead = (
  store: VectorStore,
  sent: Sent,
) => Promise<readonly Parameters<typeof seenRow>[0][]>;

interface ReadOf {
  readonly ids: readonly string[];
  readonly level: ConsistencyLevel;
  readonly after?: WriteRecord | undefined;
}

/** One of so many writes is read back. */
const backMax = 12;

const included = { include_vectors: true, include_metadata: true };

export class Reads {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  some(): Promise<unknown> {
    const session = this.#session;
    const of = {
      ids: session.someIds(Math.min(4, session.parts.ids.length)),
      level: session.level(),
      after: session.recent(),
    };
    return this.get(session.endpoint(), of);
  }

  /** What was written not long ago, wherever it has arrived by now: the token alone says that it is to be seen. */
  async back(): Promise<void> {
    const session = this.#session;
    const after = session.done.at(-1 - randomBelow(session.parts.random, backMax));
    if (after && after.changed.length > 0) {
      await this.get(session.endpoint(), { ids: after.changed, level: "ONE", after });
    }
  }

  /** Undefined when nobody answered. */
  get(endpoint: Endpoint, of: ReadOf): Promise<ReadRecord | undefined> {
    const { collection } = this.#session.parts;
    const request = { collection, ids: of.ids, ...included };
    return this.#read(endpoint, "get", of, async (store, options) => {
      return (await store.get({ ...request, ...options })).vectors;
    });
  }

  search(): Promise<unknown> {
    const { collection, ids, random } = this.#session.parts;
    const request = {
      collection,
      query_vector: vectorOf(randomBelow(random, 50), 1),
      top_k: ids.length,
    };
    const of = { ids, level: this.#session.level(), after: this.#session.recent() };
    return this.#read(this.#session.endpoint(), "search", of, async (store, options) => {
      return (await store.search({ ...request, ...included, ...options })).results;
    });
  }

  scroll(): Promise<unknown> {
    const { collection, ids } = this.#session.parts;
    const of = { ids, level: this.#session.level(), after: this.#session.recent() };
    return this.#read(this.#session.endpoint(), "scroll", of, async (store, options) => {
      const request = { collection, limit: ids.length, include_metadata: true };
      return (await store.scroll({ ...request, ...options })).vectors;
    });
  }

  async count(): Promise<void> {
    const { collection, ids, checker } = this.#session.parts;
    const endpoint = this.#session.endpoint();
    const outcome = await this.#session.ask(endpoint, (store, options) =>
      store.count({ collection, ...options }),
    );
    this.#session.parts.trace.add("count", { node: endpoint.name, ...told(outcome) });
    if (outcome.type === "refusal")
      this.#session.refused("count", outcome.error.code, outcome.error.message);
    if (outcome.type !== "answer") return;
    this.#session.answered++;
    if (outcome.answer.count > ids.length) {
      checker.fail("count", `${outcome.answer.count} rows of ${ids.length} ids`);
    }
  }

  async #read(
    endpoint: Endpoint,
    what: string,
    of: ReadOf,
    send: SendRead,
  ): Promise<ReadRecord | undefined> {
    const { checker, trace } = this.#session.parts;
    const { ids, level, after } = of;
    const floors = checker.floors();
    const token = after?.token === undefined ? {} : { after: after.token };
    const outcome = await this.#session.ask(endpoint, (store, options) =>
      send(store, { ...options, ...token, consistency_level: level }),
    );
    if (outcome.type === "refusal")
      this.#session.refused(what, outcome.error.code, outcome.error.message);
    if (outcome.type !== "answer") {
      trace.add(what, { node: endpoint.name, level, ...told(outcome) });
      return undefined;
    }
    this.#session.answered++;
    const rows = new Map<string, SeenRow | undefined>(ids.map((id) => [id, undefined]));
    for (const row of outcome.answer) {
      if (rows.get(row.id)) checker.fail("row_twice", `${what} answered ${short(row.id)} twice`);
      rows.set(row.id, seenRow(row));
    }
    for (const [id, row] of rows) if (row) this.#session.learn(id, row.version);
    const shown = [...rows].map(([id, row]) => [short(id), row?.number, row?.version]);
    trace.add(what, { node: endpoint.name, level, after: after?.number, rows: shown });
    const record = {
      what: `${what} at ${level} by ${endpoint.name}`,
      node: endpoint.name,
      level,
      after,
      rows,
    };
    checker.read(record, floors);
    return record;
  }
}
