/**
 * The contract's two faces. `VectorStore` is typed, for programs; `EncodedStore` takes and gives
 * encoded bodies, for REST: who answers it need not decode them on the thread that reads sockets.
 * Both end in the same handlers. `NodeService` is what the HTTP layer needs of a node beside them.
 */
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
  ScrollAnswer,
  ScrollRequest,
  SearchAnswer,
  SearchBatchAnswer,
  SearchBatchRequest,
  SearchRequest,
  UpdateRequest,
  WriteAnswer,
} from "./types.js";

/**
 * Stores and finds vectors. Every method rejects with a `DvespError` whose `code` is one of the
 * catalogue; nothing is stored by a call that rejects, except `TIMEOUT` of a write, whose message
 * says that its outcome is unknown (try again with the same `idempotency_key`).
 */
export interface VectorStore {
  /** Creates a collection; the same settings again change nothing. Errors: `ALREADY_EXISTS`. */
  create_collection(request: CreateCollectionRequest): Promise<CollectionDescription>;
  list_collections(): Promise<CollectionDescription[]>;
  /** Errors: `COLLECTION_NOT_FOUND`. */
  describe_collection(request: { collection: string }): Promise<CollectionDescription>;
  /** Removes a collection with all of its data. Errors: `COLLECTION_NOT_FOUND`. */
  drop_collection(request: { collection: string }): Promise<void>;
  /** Stores all rows or none; a row whose id exists is replaced. */
  insert(request: InsertRequest): Promise<WriteAnswer>;
  update(request: UpdateRequest): Promise<ChangeAnswer>;
  delete(request: DeleteRequest): Promise<ChangeAnswer>;
  search(request: SearchRequest): Promise<SearchAnswer>;
  search_batch(request: SearchBatchRequest): Promise<SearchBatchAnswer>;
  get(request: GetRequest): Promise<GetAnswer>;
  scroll(request: ScrollRequest): Promise<ScrollAnswer>;
  count(request: CountRequest): Promise<CountAnswer>;
  /** Ends what is under way and lets go of everything. */
  close(): Promise<void>;
}

/** Operations on the rows of a collection: those whose bodies pass through undecoded. */
export const rowOperations = [
  "insert",
  "update",
  "delete",
  "search",
  "search_batch",
  "get",
  "scroll",
  "count",
] as const;
export type RowOperation = (typeof rowOperations)[number];

export type BodyFormat = "json" | "msgpack";

export interface EncodedRequest {
  readonly operation: RowOperation;
  /** From the path; it wins over a `collection` in the body. */
  readonly collection: string;
  /** The encoded request. Its memory may be moved to another thread: do not use it again. */
  readonly body: Uint8Array;
  readonly format: BodyFormat;
  /** Format wanted for the answer. */
  readonly accept: BodyFormat;
}

export interface EncodedAnswer {
  /** May lie in memory that threads share. */
  readonly body: Uint8Array;
  /** To be called once, when the body has been sent: its memory is then used for another answer. */
  readonly release: () => void;
}

export interface EncodedStore {
  /** Rejects with a `DvespError` as the typed face does. */
  execute(request: EncodedRequest): Promise<EncodedAnswer>;
}

/** The disk of a node's data directory. */
export interface DiskDescription {
  free_bytes: number;
  /** So little is free that rows are refused here: other replicas take them, and this one later. */
  full: boolean;
}

export interface ClusterNode {
  id: string;
  address: string;
  pid: number;
  state: "alive" | "suspect" | "dead";
  /** Absent when the node does not say. */
  disk?: DiskDescription;
}

export interface ReplicaDescription {
  node: string;
  /** `active`, `recovering`, `joining`, or `down` when it does not answer. */
  state: string;
  merkle_root: string;
  /** How old the oldest write is that it lacks, as far as is known; 0 when it lacks none. */
  lag_ms: number;
  /** What is being copied now. */
  repair?: {
    kind: string;
    with: string;
    buckets: number;
    buckets_done: number;
    rows_copied: number;
  };
  /** While it does not count: how many others it was filled from, and how many it has to be. */
  filled_from?: number;
  to_fill?: number;
  /** Nodes that lost their replicas as well, so that it can never be filled: see docs/CLUSTER.md. */
  lost_with?: string[];
}

export interface ClusterDescription {
  nodes: ClusterNode[];
  collections: {
    collection: string;
    shards: {
      id: number;
      rows: number;
      /** Into which shards it is being split, and how far that is. */
      split?: { into: number[]; phase: string; rows_copied: number };
      replicas: ReplicaDescription[];
    }[];
  }[];
}

/** What was asked for has begun; `GET /v1/cluster` shows how far it is. */
export interface ClusterChange {
  /** Id of the node that was added, or is being taken out. */
  node: string;
}

/** One thing that happened: lifecycle, index, write, repair or rebalance. */
export interface StoreEvent {
  readonly type: string;
  readonly time_ms: number;
  readonly [detail: string]: unknown;
}

export interface NodeService {
  readonly store: VectorStore;
  readonly encoded: EncodedStore;
  describe_cluster(): Promise<ClusterDescription>;
  /** Errors: `INVALID_ARGUMENT` for a node that is alone. */
  add_node(): Promise<ClusterChange>;
  /** Errors: `INVALID_ARGUMENT`, `NOT_ENOUGH_REPLICAS` when the others cannot hold all replicas. */
  drain_node(node: string): Promise<ClusterChange>;
  /** Calls `listener` at each event until the returned function is called. */
  on_event(listener: (event: StoreEvent) => void): () => void;
  /** Undefined when ready to serve, otherwise why not. */
  unready_reason(): string | undefined;
  /** The node's own figures in the Prometheus text format. */
  metrics_text(): Promise<string>;
}
