/**
 * The `VectorStore` of a client: each operation becomes one call of the route table, encoded as asked
 * for. A write may be sent again when its connection breaks: an insert without ids gets ids here, which
 * nobody else knows, so that a second one puts the same rows in their place; every other write gets an
 * idempotency key when it has none, and is executed once.
 */
import { limits, randomUuid } from "../base/index.js";
import type { Random } from "../base/index.js";
import type {
  ChangeAnswer,
  CollectionDescription,
  ConsistencyLevel,
  CountAnswer,
  CountRequest,
  CreateCollectionRequest,
  DeleteRequest,
  GetAnswer,
  GetRequest,
  InsertRequest,
  ReadOptions,
  RowOperation,
  ScrollAnswer,
  ScrollRequest,
  SearchAnswer,
  SearchBatchAnswer,
  SearchBatchRequest,
  SearchRequest,
  UpdateRequest,
  VectorStore,
  WriteAnswer,
  WriteOptions,
} from "../protocol/index.js";
import type { RemoteCalls, Sent } from "./remote-calls.js";

export interface RemoteStoreOptions {
  readonly calls: RemoteCalls;
  readonly random: Random;
  readonly timeoutMs: number;
  readonly consistencyLevel: ConsistencyLevel | undefined;
}

export class RemoteStore implements VectorStore {
  readonly #options: RemoteStoreOptions;

  constructor(options: RemoteStoreOptions) {
    this.#options = options;
  }

  create_collection(request: CreateCollectionRequest): Promise<CollectionDescription> {
    const { collection, ...body } = request;
    const path = { collection };
    return this.#manage({ operation: "create_collection", path, body, repeatable: true });
  }

  async list_collections(): Promise<CollectionDescription[]> {
    return this.#manage({ operation: "list_collections", readsOnly: true });
  }

  describe_collection({ collection }: { collection: string }): Promise<CollectionDescription> {
    const path = { collection };
    return this.#manage({ operation: "describe_collection", path, readsOnly: true });
  }

  /** Not sent again once it may have been executed: a second drop would find nothing. */
  drop_collection({ collection }: { collection: string }): Promise<void> {
    return this.#manage({ operation: "drop_collection", path: { collection } });
  }

  insert(request: InsertRequest): Promise<WriteAnswer> {
    const { ids, idempotency_key, vectors } = request;
    const rows = ids === undefined && idempotency_key === undefined ? rowsOf(vectors) : undefined;
    if (rows === undefined) return this.#write("insert", this.#once(request));
    const { random } = this.#options;
    const named = { ...request, ids: Array.from({ length: rows }, () => randomUuid(random)) };
    return this.#write("insert", named);
  }

  update(request: UpdateRequest): Promise<ChangeAnswer> {
    return this.#write("update", this.#once(request));
  }

  delete(request: DeleteRequest): Promise<ChangeAnswer> {
    return this.#write("delete", this.#once(request));
  }

  search(request: SearchRequest): Promise<SearchAnswer> {
    return this.#read("search", request);
  }

  async search_batch(request: SearchBatchRequest): Promise<SearchBatchAnswer> {
    const { collection } = request;
    const queries = request.queries.map((query) => this.#withDefaults(query));
    return this.#options.calls.send({
      operation: "search_batch",
      path: { collection },
      body: { ...request, queries },
      timeoutMs: Math.max(this.#options.timeoutMs, ...queries.map((query) => query.timeout_ms)),
      repeatable: true,
      readsOnly: true,
    });
  }

  get(request: GetRequest): Promise<GetAnswer> {
    return this.#read("get", request);
  }

  scroll(request: ScrollRequest): Promise<ScrollAnswer> {
    return this.#read("scroll", request);
  }

  count(request: CountRequest): Promise<CountAnswer> {
    return this.#read("count", request);
  }

  close(): Promise<void> {
    this.#options.calls.close();
    return Promise.resolve();
  }

  #manage<Answer>(sent: Pick<Sent, "operation"> & Partial<Sent>): Promise<Answer> {
    const { timeoutMs } = this.#options;
    const readsOnly = sent.readsOnly ?? false;
    return this.#options.calls.send({
      path: {},
      timeoutMs,
      repeatable: readsOnly,
      readsOnly,
      ...sent,
    });
  }

  #write<Answer>(
    operation: RowOperation,
    request: WriteOptions & { readonly collection: string },
  ): Promise<Answer> {
    const body = this.#withDefaults(request);
    const { collection, timeout_ms: timeoutMs } = body;
    return this.#options.calls.send({
      operation,
      path: { collection },
      body,
      timeoutMs,
      repeatable: true,
      readsOnly: false,
    });
  }

  #once<Request extends WriteOptions>(request: Request): Request {
    const idempotency_key = request.idempotency_key ?? randomUuid(this.#options.random);
    return { ...request, idempotency_key };
  }

  #read<Answer>(
    operation: RowOperation,
    request: ReadOptions & { readonly collection: string },
  ): Promise<Answer> {
    const body = this.#withDefaults(request);
    const { collection, timeout_ms: timeoutMs } = body;
    return this.#options.calls.send({
      operation,
      path: { collection },
      body,
      timeoutMs,
      repeatable: true,
      readsOnly: true,
    });
  }

  #withDefaults<Request extends Pick<ReadOptions, "consistency_level" | "timeout_ms">>(
    request: Request,
  ): Request & { timeout_ms: number } {
    const { timeoutMs, consistencyLevel } = this.#options;
    return {
      ...request,
      timeout_ms: request.timeout_ms ?? timeoutMs,
      ...(request.consistency_level === undefined && consistencyLevel !== undefined
        ? { consistency_level: consistencyLevel }
        : {}),
    };
  }
}

/** How many rows an insert brings; undefined when it is for the node to say what is wrong. */
function rowsOf(vectors: unknown): number | undefined {
  const rows = Array.isArray(vectors) ? vectors.length : packedRows(vectors);
  return Number.isInteger(rows) && rows > 0 && rows <= limits.batchRowsMax ? rows : undefined;
}

function packedRows(vectors: unknown): number {
  const { dimension, data } = (vectors ?? {}) as Partial<Record<string, unknown>>;
  return data instanceof Float32Array ? data.length / Number(dimension) : 0;
}
