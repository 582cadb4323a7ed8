/** The contract: its values, its interfaces, its errors, its encodings. Imports nothing but base. */
export * from "./client-codec.js";
export * from "./normalise-body.js";
export { encodeAnswer } from "./encode-answer.js";
export * from "./errors.js";
export { decodeMetadata, emptyMetadata, encodeMetadata, mergeMetadata } from "./metadata.js";
export { isPlainObject, nameOf } from "./plain-object.js";
export * from "./normal-requests.js";
export * from "./normalise.js";
export * from "./normalise-collection.js";
export { rangeOf, type BatchPart } from "./normalise-search.js";
export { joinBatchAnswers } from "./join-batch-answers.js";
export { openApiDocument, type OpenApiInfo } from "./openapi.js";
export * from "./raw-rows.js";
export { decodeBody } from "./request-body.js";
export * from "./routes.js";
export * from "./types.js";
export * from "./vector-store.js";
export { packVector, packVectors } from "./vectors.js";
