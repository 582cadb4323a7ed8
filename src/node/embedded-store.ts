/** The typed face of a node: checks requests on the caller's thread, and takes them to collections. */
import { execute } from "../actors/index.js";
import type { Answers } from "../actors/index.js";
import { DvespError } from "../base/index.js";
import type { Random } from "../base/index.js";
import { normalise, normaliseCollection, normaliseCreate } from "../protocol/index.js";
import type {
  ChangeAnswer,
  CollectionDescription,
  CountAnswer,
  CountRequest,
  CreateCollectionRequest,
  DeleteRequest,
  GetAnswer,
  GetRequest,
  InsertRequest,
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
} from "../protocol/index.js";
import type { CollectionRegistry } from "./collection-registry.js";

export interface EmbeddedParts {
  readonly registry: CollectionRegistry;
  readonly random: Random;
  readonly close: () => Promise<void>;
}

export class EmbeddedStore implements VectorStore {
  readonly #parts: EmbeddedParts;
  #closed = false;

  constructor(parts: EmbeddedParts) {
    this.#parts = parts;
  }

  async create_collection(request: CreateCollectionRequest): Promise<CollectionDescription> {
    return (await this.#registry.create(normaliseCreate(request))).describe();
  }

  async list_collections(): Promise<CollectionDescription[]> {
    return Promise.all(this.#registry.list().map((one) => one.describe()));
  }

  async describe_collection(request: { collection: string }): Promise<CollectionDescription> {
    return (await this.#registry.forRead(normaliseCollection(request))).describe();
  }

  async drop_collection(request: { collection: string }): Promise<void> {
    await this.#registry.drop(normaliseCollection(request));
  }

  insert(request: InsertRequest): Promise<WriteAnswer> {
    return this.#execute("insert", request);
  }

  update(request: UpdateRequest): Promise<ChangeAnswer> {
    return this.#execute("update", request);
  }

  delete(request: DeleteRequest): Promise<ChangeAnswer> {
    return this.#execute("delete", request);
  }

  search(request: SearchRequest): Promise<SearchAnswer> {
    return this.#execute("search", request);
  }

  search_batch(request: SearchBatchRequest): Promise<SearchBatchAnswer> {
    return this.#execute("search_batch", request);
  }

  get(request: GetRequest): Promise<GetAnswer> {
    return this.#execute("get", request);
  }

  scroll(request: ScrollRequest): Promise<ScrollAnswer> {
    return this.#execute("scroll", request);
  }

  count(request: CountRequest): Promise<CountAnswer> {
    return this.#execute("count", request);
  }

  close(): Promise<void> {
    this.#closed = true;
    return this.#parts.close();
  }

  async #execute<Operation extends RowOperation>(
    operation: Operation,
    request: unknown,
  ): Promise<Answers[Operation]> {
    const registry = this.#registry;
    return execute<Operation>(normalise(operation, request), registry, this.#parts.random);
  }

  /** Errors: `CLOSED`. */
  get #registry(): CollectionRegistry {
    if (this.#closed) throw new DvespError("CLOSED", "the store is closed");
    return this.#parts.registry;
  }
}
