/**
 * Every bound of the store in one place: what a caller may ask for, and what a queue may hold.
 * Names end in their unit. The relations between them are checked when the module loads.
 */
import { assert } from "./assert.js";

const kibi = 1024;
const mebi = 1024 * kibi;

const values = {
  /** Components of a vector. */
  dimensionMax: 4096,
  /** Results of one search. */
  topKMax: 1000,
  /** Rows skipped before the first result. */
  offsetMax: 10_000,
  /** Rows of one insert, update or delete. */
  batchRowsMax: 100_000,
  /** Rows that one delete by filter may remove. */
  deleteRowsMax: 100_000,
  /** Queries of one search_batch. */
  batchQueriesMax: 1000,
  /** Rows of one page of scroll, and ids of one get. */
  pageRowsMax: 10_000,
  /** Encoded metadata of one row. */
  metadataBytesMax: 64 * kibi,
  /** Body of one request. */
  bodyBytesMax: 256 * mebi,
  filterDepthMax: 32,
  filterNodesMax: 1000,
  /** How long a caller may let an operation take. */
  timeoutMsMax: 600_000,
  timeoutMsDefault: 5000,
  /** How long an idempotency key is remembered. */
  idempotencyMsMax: 24 * 3600 * 1000,
  idempotencyKeyCharsMax: 256,
  collectionsMax: 1000,
  /** Vectors and metadata of one answer, before it is encoded. */
  answerBytesMax: 64 * mebi,

  /** Header and body of one frame; large binary parts travel beside it and count separately. */
  frameBytesMax: 64 * mebi,
  /** A frame with its parts: one body, and room for its header. */
  messageBytesMax: 264 * mebi,
  /** Binary values from this size on travel beside the frame, transferred instead of copied. */
  partBytesMin: 4 * kibi,
  /** User messages waiting in one mailbox. */
  mailboxMessagesMax: 1024,
  /** Frames on one link that the other side has not taken yet. */
  linkFramesMax: 4096,
  /** Bytes on one link that the other side has not taken yet. */
  linkBytesMax: 512 * mebi,
  /** User messages that one actor handles before others get their turn. */
  messagesPerTurn: 64,
};

export const limits: Readonly<typeof values> = Object.freeze(values);

assert(limits.bodyBytesMax < limits.messageBytesMax, "a whole body fits a message");
assert(limits.messageBytesMax <= limits.linkBytesMax, "a link carries the largest message");
assert(limits.partBytesMin < limits.frameBytesMax, "small values stay inside the frame");
assert(limits.topKMax <= limits.pageRowsMax, "results of a search fit a page");
assert(limits.answerBytesMax < limits.messageBytesMax / 3, "an answer fits, also as JSON");
assert(limits.deleteRowsMax <= limits.batchRowsMax, "an outcome fits its record");
