/** Checked requests on a collection, answered in the contract's types: for callers of this thread. */
import type { Random } from "../../base/index.js";
import { parseFilter } from "../../filters/index.js";
import type {
  ChangeAnswer,
  NormalRequests,
  ReadAnswers,
  RowOperation,
  WriteAnswer,
} from "../../protocol/index.js";
import type { Collection } from "./collection.js";
import { prepareWrite } from "./prepared-write.js";
import type { PreparedWrite } from "./prepared-write.js";
import { writeAnswer } from "./write-answer.js";

/** The answer to each operation on rows. */
export interface Answers extends ReadAnswers {
  insert: WriteAnswer;
  update: ChangeAnswer;
  delete: ChangeAnswer;
}

export type NormalRequestOf<Operation extends RowOperation> = NormalRequests[Operation];

/** Where a request goes once it is known what it brings: a write may make its collection. */
export interface Destinations {
  forRead(collection: string): Promise<Collection>;
  forWrite(collection: string, prepared: PreparedWrite): Promise<Collection>;
}

/** Errors: those of the operation. */
export async function execute<Operation extends RowOperation>(
  request: NormalRequestOf<Operation>,
  destinations: Destinations,
  random: Random,
): Promise<Answers[Operation]> {
  checkFilters(request);
  return (await dispatch(request, destinations, random)) as Answers[Operation];
}

/**
 * Filters are checked before they cross threads: what MessagePack has no form for, such as an
 * undefined member, must be refused and not lost on the way. Errors: `INVALID_ARGUMENT`.
 */
function checkFilters(request: NormalRequests[RowOperation]): void {
  if (request.operation === "search_batch")
    for (const query of request.queries) checkFilters(query);
  else if ("filter" in request && request.filter !== undefined) parseFilter(request.filter);
}

async function dispatch(
  request: NormalRequests[RowOperation],
  destinations: Destinations,
  random: Random,
): Promise<Answers[RowOperation]> {
  switch (request.operation) {
    case "insert":
    case "update":
    case "delete": {
      const prepared = prepareWrite(request, random);
      const collection = await destinations.forWrite(request.collection, prepared);
      return writeAnswer(await collection.write(prepared));
    }
    default: {
      const collection = await destinations.forRead(request.collection);
      return collection.reads.read(request);
    }
  }
}
