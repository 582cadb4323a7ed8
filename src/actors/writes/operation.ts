/** One call of a caller: its name, how long it may take, and how its attempts are told apart. */
import { randomUuid } from "../../base/index.js";
import type { Clock, Random } from "../../base/index.js";
import type { ConsistencyLevel } from "../../protocol/index.js";

export interface BatchName {
  /** Of one attempt, and no other one. */
  readonly id: string;
  /** A hash of ids: the shard that holds it decides; undefined: the first that the batch writes to. */
  readonly home: number | undefined;
}

/** Names for attempts to do several things as a whole. */
export interface BatchNames {
  /** Also what could be done directly is done as a batch, so that others can find what became of it. */
  readonly always: boolean;
  next(): Promise<BatchName>;
}

export interface Operation {
  /** Names it for ever: a replica applies it once, however often it hears of it. */
  readonly id: string;
  readonly level: ConsistencyLevel;
  /** Monotonic time of its deadline. */
  readonly endMs: number;
  /** How long replicas remember its outcome. */
  readonly remember_ms: number;
  readonly batches: BatchNames;
}

/**
 * Convergence, which is the other proof that a write was seen, follows at 11 minutes (`underWayMs` of
 * repair) and some rounds: until then replicas must remember the operation itself.
 */
const memoryMs = 20 * 60_000;

/** What names are made of. */
export interface NameParts {
  readonly clock: Clock;
  readonly random: Random;
}

const timeChars = 9;

/**
 * A name that no other operation ever has. It begins with the time, so that those of one commit are
 * neighbours in storage, also when they expire: by chance alone each would be on a page of its own.
 */
export function operationId({ clock, random }: NameParts): string {
  const time = Math.floor(clock.now()).toString(36).padStart(timeChars, "0");
  return `o:${time}-${randomUuid(random)}`;
}

export function newOperation(
  parts: NameParts,
  { level, endMs }: Pick<Operation, "level" | "endMs">,
): Operation {
  const id = operationId(parts);
  let attempts = 0;
  const next = (): Promise<BatchName> =>
    Promise.resolve({ id: `${id}.${++attempts}`, home: undefined });
  return { id, level, endMs, remember_ms: memoryMs, batches: { always: false, next } };
}
