/** One operation of the route table as a request to a node, and its answer as a value. */
import { DvespError, limits } from "../base/index.js";
import { decodeAnswer, encodeRequest, routePath, routes } from "../protocol/index.js";
import type {
  BodyFormat,
  ClusterOperation,
  CollectionOperation,
  RowOperation,
} from "../protocol/index.js";
import type { Caller } from "./caller.js";
import type { WireAnswer } from "./transport.js";

export interface RemoteCallsOptions {
  readonly caller: Caller;
  readonly format: BodyFormat;
  readonly apiKey: string | undefined;
  /** Lets go of the connections. */
  readonly onClose: () => void;
}

export interface Sent {
  readonly operation: RowOperation | CollectionOperation | ClusterOperation;
  /** Parameters of the path. */
  readonly path: Readonly<Record<string, string>>;
  readonly body?: object;
  readonly timeoutMs: number;
  /** Executing it twice is the same as once. */
  readonly repeatable: boolean;
  readonly readsOnly: boolean;
}

const contentTypes: Readonly<Record<BodyFormat, string>> = {
  json: "application/json",
  msgpack: "application/msgpack",
};

export class RemoteCalls {
  readonly #options: RemoteCallsOptions;
  #closed = false;

  constructor(options: RemoteCallsOptions) {
    this.#options = options;
  }

  /** Errors: those of the operation, `TIMEOUT`, `NOT_ENOUGH_REPLICAS` when no node is reached. */
  async send<Answer>(sent: Sent): Promise<Answer> {
    if (this.#closed) throw new DvespError("CLOSED", "this client is closed");
    const { format, caller } = this.#options;
    const { operation, path, body } = sent;
    return caller.call<Answer>({
      ...sent,
      // A wrong timeout is for the node to refuse, and no reason to wait for ever.
      timeoutMs: Math.min(Math.max(0, sent.timeoutMs || 0), limits.timeoutMsMax),
      request: {
        method: routes[operation].method,
        path: routePath(operation, path),
        headers: this.#headers(body),
        body: body === undefined ? undefined : encodeRequest(format, body),
      },
      read: (answer) => {
        checkType(answer, contentTypes[format]);
        return decodeAnswer(format, operation, answer.body) as Answer;
      },
      isWhole: (answer) => !isPartial(answer),
    });
  }

  close(): void {
    this.#closed = true;
    this.#options.onClose();
  }

  #headers(body: object | undefined): Record<string, string> {
    const { format, apiKey } = this.#options;
    return {
      accept: contentTypes[format],
      ...(body === undefined ? {} : { "content-type": contentTypes[format] }),
      ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
    };
  }
}

/** A write that fewer replicas confirmed than its level asks. */
function isPartial(answer: unknown): boolean {
  const { status } = (answer ?? {}) as { readonly status?: unknown };
  return status === "partial";
}

/** A success in another type than was asked for is not from a node of this contract. */
function checkType({ body, contentType }: WireAnswer, expected: string): void {
  if (body.length === 0 || contentType.startsWith(expected)) return;
  const message = `an answer of type ${contentType || "unknown"} came, not ${expected}`;
  throw new DvespError("INTERNAL", `${message}: is this a node of this store?`);
}
