/** The encoded face of a node: bodies go to worker threads as they came, and come back as bytes. */
import { unreachable } from "../base/index.js";
import type { Gateways } from "../actors/index.js";
import type { EncodedAnswer, EncodedRequest, EncodedStore } from "../protocol/index.js";
import type { CollectionRegistry } from "./collection-registry.js";

export class NodeEncodedStore implements EncodedStore {
  readonly #registry: CollectionRegistry;
  readonly #gateways: Gateways;

  constructor(registry: CollectionRegistry, gateways: Gateways) {
    this.#registry = registry;
    this.#gateways = gateways;
  }

  async execute(request: EncodedRequest): Promise<EncodedAnswer> {
    const { operation } = request;
    switch (operation) {
      case "insert":
      case "update":
      case "delete": {
        const prepared = await this.#gateways.prepare(operation, request);
        const collection = await this.#registry.forWrite(request.collection, prepared);
        const result = await collection.write(prepared);
        const body = await this.#gateways.encodeWrite(request.accept, result);
        return { body, release: () => undefined };
      }
      case "search":
      case "search_batch":
      case "get":
      case "scroll":
      case "count": {
        const collection = await this.#registry.forRead(request.collection);
        return collection.reads.readEncoded({ ...request, operation });
      }
      default:
        return unreachable(operation);
    }
  }
}
