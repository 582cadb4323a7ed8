/**
 * The `VectorStore` of a client: each operation becomes one call of the route table, encoded as asked
 * for. Writes get an idempotency key when they have none, so that they may be sent again; thereby a
 * write is executed once, however often its connection breaks.
 */
import { DvespError, limits, randomUuid } from "../base/index.js";
import type { Random } from "../base/index.js";
import { decodeAnswer, encodeRequest, routePath, routes } from "../protocol/index.js";
import type {
  BodyFormat,
  ChangeAnswer,
  CollectionDescription,
  CollectionOperation,
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
import type { Caller } from "./caller.js";
import type { WireAnswer } from "./transport.js";

export interface RemoteStoreOptions {
  readonly caller: Caller;
  readonly random: Random;
  readonly format: BodyFormat;
  readonly apiKey: string | undefined;
  readonly timeoutMs: number;
  readonly consistencyLevel: ConsistencyLevel | undefined;
  /** Lets go of the connections. */
  readonly onClose: () => void;
}

const contentTypes: Readonly<Record<BodyFormat, string>> = {
  json: "application/json",
  msgpack: "application/msgpack",
};

interface Sent {
  readonly operation: RowOperation | CollectionOperation;
  readonly collection?: string;
  readonly body?: object;
  readonly timeoutMs: number;
  readonly repeatable: boolean;
  readonly readsOnly: boolean;
}

export class RemoteStore implements VectorStore {
  readonly #options: RemoteStoreOptions;
  #closed = false;

  constructor(options: RemoteStoreOptions) {
    this.#options = options;
  }

  create_collection(request: CreateCollectionRequest): Promise<CollectionDescription> {
    const { collection, ...body } = request;
    return this.#manage({ operation: "create_collection", collection, body, repeatable: true });
  }

  async list_collections(): Promise<CollectionDescription[]> {
    return this.#manage({ operation: "list_collections", readsOnly: true });
  }

  describe_collection({ collection }: { collection: string }): Promise<CollectionDescription> {
    return this.#manage({ operation: "describe_collection", collection, readsOnly: true });
  }

  /** Not sent again once it may have been executed: a second drop would find nothing. */
  drop_collection({ collection }: { collection: string }): Promise<void> {
    return this.#manage({ operation: "drop_collection", collection });
  }

  insert(request: InsertRequest): Promise<WriteAnswer> {
    return this.#write("insert", request);
  }

  update(request: UpdateRequest): Promise<ChangeAnswer> {
    return this.#write("update", request);
  }

  delete(request: DeleteRequest): Promise<ChangeAnswer> {
    return this.#write("delete", request);
  }

  search(request: SearchRequest): Promise<SearchAnswer> {
    return this.#read("search", request);
  }

  async search_batch(request: SearchBatchRequest): Promise<SearchBatchAnswer> {
    const { collection } = request;
    const queries = request.queries.map((query) => this.#withDefaults(query));
    return this.#send({
      operation: "search_batch",
      collection,
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
    this.#closed = true;
    this.#options.onClose();
    return Promise.resolve();
  }

  #manage<Answer>(sent: Pick<Sent, "operation"> & Partial<Sent>): Promise<Answer> {
    const { timeoutMs } = this.#options;
    const readsOnly = sent.readsOnly ?? false;
    return this.#send({ timeoutMs, repeatable: readsOnly, readsOnly, ...sent });
  }

  #write<Answer>(
    operation: RowOperation,
    request: WriteOptions & { readonly collection: string },
  ): Promise<Answer> {
    const body = {
      ...this.#withDefaults(request),
      idempotency_key: request.idempotency_key ?? randomUuid(this.#options.random),
    };
    const { collection, timeout_ms: timeoutMs } = body;
    return this.#send({
      operation,
      collection,
      body,
      timeoutMs,
      repeatable: true,
      readsOnly: false,
    });
  }

  #read<Answer>(
    operation: RowOperation,
    request: ReadOptions & { readonly collection: string },
  ): Promise<Answer> {
    const body = this.#withDefaults(request);
    const { collection, timeout_ms: timeoutMs } = body;
    return this.#send({
      operation,
      collection,
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

  async #send<Answer>(sent: Sent): Promise<Answer> {
    if (this.#closed) throw new DvespError("CLOSED", "this client is closed");
    const { format, apiKey, caller } = this.#options;
    const { operation, collection, body } = sent;
    const answer = await caller.call({
      ...sent,
      // A wrong timeout is for the node to refuse, and no reason to wait for ever.
      timeoutMs: Math.min(Math.max(0, sent.timeoutMs || 0), limits.timeoutMsMax),
      request: {
        method: routes[operation].method,
        path: routePath(operation, collection === undefined ? {} : { collection }),
        headers: {
          accept: contentTypes[format],
          ...(body === undefined ? {} : { "content-type": contentTypes[format] }),
          ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
        },
        body: body === undefined ? undefined : encodeRequest(format, body),
      },
    });
    checkType(answer, contentTypes[format]);
    return decodeAnswer(format, operation, answer.body) as Answer;
  }
}

/** A success in another type than was asked for is not from a node of this contract. */
function checkType({ body, contentType }: WireAnswer, expected: string): void {
  if (body.length === 0 || contentType.startsWith(expected)) return;
  const message = `an answer of type ${contentType || "unknown"} came, not ${expected}`;
  throw new DvespError("INTERNAL", `${message}: is this a node of this store?`);
}
