/**
 * A whole store in memory, exact and plain: the model that others are compared with. Both faces of
 * the contract, through the same checks and encodings as every real store.
 */
import { DvespError, unreachable } from "../../src/base/index.js";
import type { Clock, Random } from "../../src/base/index.js";
import {
  encodeAnswer,
  encodeRawAnswer,
  normalise,
  normaliseBody,
  normaliseCollection,
  normaliseCreate,
  rawToTyped,
} from "../../src/protocol/index.js";
import type {
  ChangeAnswer,
  CollectionDescription,
  CountAnswer,
  CollectionSettings,
  CreateCollectionRequest,
  EncodedAnswer,
  EncodedRequest,
  EncodedStore,
  GetAnswer,
  NormalCreate,
  NormalInsert,
  NormalRequest,
  NormalSearch,
  RawAnswer,
  RawSearchAnswer,
  RowOperation,
  ScrollAnswer,
  SearchAnswer,
  SearchBatchAnswer,
  VectorStore,
  WriteAnswer,
} from "../../src/protocol/index.js";
import { PlainCollection } from "./plain-collection.js";
import type { PredicateFactory } from "./plain-collection.js";

export interface PlainStoreParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly predicateOf: PredicateFactory;
}

/** Answers without rows are their own raw form. */
type PlainAnswer = RawAnswer | WriteAnswer | CountAnswer;

const idempotencyMs = 24 * 3600 * 1000;

export class PlainStore implements VectorStore, EncodedStore {
  readonly #parts: PlainStoreParts;
  readonly #collections = new Map<string, PlainCollection>();
  /** Results of writes by collection and idempotency key. */
  readonly #remembered = new Map<string, { readonly answer: WriteAnswer; readonly at: number }>();
  #versions = 0;
  #closed = false;

  constructor(parts: PlainStoreParts) {
    this.#parts = parts;
  }

  create_collection(request: CreateCollectionRequest): Promise<CollectionDescription> {
    return promised(() => {
      this.#checkOpen();
      const settings = settingsOf(normaliseCreate(request));
      const existing = this.#collections.get(settings.collection);
      if (existing && JSON.stringify(existing.settings) !== JSON.stringify(settings)) {
        const message = `collection ${settings.collection} exists with other settings`;
        throw new DvespError("ALREADY_EXISTS", message);
      }
      return (existing ?? this.#add(settings)).describe();
    });
  }

  list_collections(): Promise<CollectionDescription[]> {
    return promised(() => {
      this.#checkOpen();
      return [...this.#collections.values()].map((one) => one.describe());
    });
  }

  describe_collection(request: { collection: string }): Promise<CollectionDescription> {
    return promised(() => this.#named(normaliseCollection(request)).describe());
  }

  drop_collection(request: { collection: string }): Promise<void> {
    return promised(() => {
      const { collection } = this.#named(normaliseCollection(request)).settings;
      this.#collections.delete(collection);
    });
  }

  insert = (request: unknown): Promise<WriteAnswer> => this.#typed("insert", request);
  update = (request: unknown): Promise<ChangeAnswer> => this.#typed("update", request);
  delete = (request: unknown): Promise<ChangeAnswer> => this.#typed("delete", request);
  search = (request: unknown): Promise<SearchAnswer> => this.#typed("search", request);
  search_batch = (request: unknown): Promise<SearchBatchAnswer> =>
    this.#typed("search_batch", request);
  get = (request: unknown): Promise<GetAnswer> => this.#typed("get", request);
  scroll = (request: unknown): Promise<ScrollAnswer> => this.#typed("scroll", request);
  count = (request: unknown): Promise<CountAnswer> => this.#typed("count", request);

  execute({ operation, collection, body, format, accept }: EncodedRequest): Promise<EncodedAnswer> {
    return promised(() => {
      const answer = this.#run(normaliseBody(operation, collection, format, body));
      const isRaw = "operation" in answer;
      const encoded = isRaw ? encodeRawAnswer(accept, answer) : encodeAnswer(accept, answer);
      return { body: encoded, release: () => undefined };
    });
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  #typed<Answer>(operation: RowOperation, request: unknown): Promise<Answer> {
    return promised(() => {
      const answer = this.#run(normalise(operation, request));
      return ("operation" in answer ? rawToTyped(answer) : answer) as Answer;
    });
  }

  #run(request: NormalRequest): PlainAnswer {
    this.#checkOpen();
    switch (request.operation) {
      case "insert":
        return this.#once(request, () => this.#forInsert(request).insert(request));
      case "update":
        return this.#once(request, () => this.#named(request.collection).update(request));
      case "delete":
        return this.#once(request, () => this.#named(request.collection).delete(request));
      case "search":
        return this.#search(request);
      case "search_batch":
        return {
          operation: "search_batch",
          answers: request.queries.map((one) => this.#search(one)),
        };
      case "get":
        return { operation: "get", ...this.#named(request.collection).get(request) };
      case "scroll":
        return { operation: "scroll", ...this.#named(request.collection).scroll(request) };
      case "count":
        return { count: this.#named(request.collection).matching(request.filter).length };
      default:
        return unreachable(request);
    }
  }

  #search(request: NormalSearch): RawSearchAnswer {
    const startedMs = this.#parts.clock.monotonic();
    return {
      operation: "search",
      rows: this.#named(request.collection).search(request),
      metrics: {
        nodes_queried: 1,
        time_ms: this.#parts.clock.monotonic() - startedMs,
        consistency_level_achieved: request.consistency_level,
        exact: true,
        ...(request.explain && { plan: { kind: "scan" } }),
      },
    };
  }

  /** Answers a repeated key from memory; a write that was refused is not remembered. */
  #once<Answer extends WriteAnswer>(
    { collection, idempotency_key: key }: Exclude<NormalRequest, ReadRequest>,
    write: () => Answer,
  ): Answer {
    if (key === undefined) return write();
    const name = JSON.stringify([collection, key]);
    const first = this.#remembered.get(name);
    const now = this.#parts.clock.now();
    if (first && now - first.at < idempotencyMs) return first.answer as Answer;
    const answer = write();
    this.#remembered.set(name, { answer, at: now });
    return answer;
  }

  #forInsert({ collection, vectors: { dimension } }: NormalInsert): PlainCollection {
    const existing = this.#collections.get(collection);
    return existing ?? this.#add(settingsOf(normaliseCreate({ collection, dimension })));
  }

  #add(settings: CollectionSettings): PlainCollection {
    const { clock, random, predicateOf } = this.#parts;
    const made = new PlainCollection({
      settings,
      random,
      predicateOf,
      now: () => clock.now(),
      nextVersion: () => `${(++this.#versions).toString().padStart(16, "0")}-plain`,
    });
    this.#collections.set(settings.collection, made);
    return made;
  }

  #named(collection: string): PlainCollection {
    this.#checkOpen();
    const found = this.#collections.get(collection);
    if (found) return found;
    throw new DvespError("COLLECTION_NOT_FOUND", `there is no collection ${collection}`);
  }

  #checkOpen(): void {
    if (this.#closed) throw new DvespError("CLOSED", "the store is closed");
  }
}

/** What `act` returns or throws, as a promise. */
function promised<T>(act: () => T): Promise<T> {
  return new Promise((resolve) => resolve(act()));
}

type ReadRequest = Extract<
  NormalRequest,
  { operation: "search" | "search_batch" | "get" | "scroll" | "count" }
>;

function settingsOf({ shards, replication_factor, ...settings }: NormalCreate): CollectionSettings {
  return { ...settings, shards: shards ?? 1, replication_factor: replication_factor ?? 1 };
}
