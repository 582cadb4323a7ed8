/** The operations on whole collections, and on one row by its address. Small, so decoded here. */
import { DvespError, invalid } from "../base/index.js";
import { decodeBody, encodeAnswer, isPlainObject, nameOf } from "../protocol/index.js";
import type { CreateCollectionRequest } from "../protocol/index.js";
import type { Exchange } from "./exchange.js";
import { readOptions } from "./query-options.js";

export async function createCollection(exchange: Exchange): Promise<void> {
  const format = exchange.bodyFormat();
  const accept = exchange.answerFormat(format);
  const body: unknown = decodeBody(format, await exchange.body());
  if (!isPlainObject(body)) throw invalid(`the body must be an object, not ${nameOf(body)}`);
  const request = { ...body, collection: exchange.parameter("collection") };
  // The store checks the shape, as it does for callers of its typed face.
  const made = await exchange.context.service.store.create_collection(
    request as CreateCollectionRequest,
  );
  exchange.answer(accept, encodeAnswer(accept, made));
}

export async function listCollections(exchange: Exchange): Promise<void> {
  const format = exchange.answerFormat("json");
  const collections = await exchange.context.service.store.list_collections();
  exchange.answer(format, encodeAnswer(format, collections));
}

export async function describeCollection(exchange: Exchange): Promise<void> {
  const format = exchange.answerFormat("json");
  const collection = exchange.parameter("collection");
  const description = await exchange.context.service.store.describe_collection({ collection });
  exchange.answer(format, encodeAnswer(format, description));
}

export async function dropCollection(exchange: Exchange): Promise<void> {
  await exchange.context.service.store.drop_collection({
    collection: exchange.parameter("collection"),
  });
  exchange.send(204, {});
}

/** One row by its id. Errors: `VECTOR_NOT_FOUND`. */
export async function getVector(exchange: Exchange): Promise<void> {
  const format = exchange.answerFormat("json");
  const id = exchange.parameter("id");
  const answer = await exchange.context.service.store.get({
    collection: exchange.parameter("collection"),
    ids: [id],
    ...readOptions(exchange.query),
  });
  const row = answer.vectors[0];
  if (row === undefined) throw new DvespError("VECTOR_NOT_FOUND", `there is no vector ${id}`);
  exchange.answer(format, encodeAnswer(format, row));
}
