/**
 * The first half of a conditional write (CASPaxos: Rystsov, "CASPaxos: Replicated State Machines without
 * logs", 2018; each id is a register of its own). A majority of a shard's replicas promises to take
 * nothing older than a ballot for some ids any more, and says what it holds.
 *
 * Of the versions that a majority holds the largest is the one to go on from: whatever was chosen
 * before has left its trace with one of them, and nothing older than the ballot can be chosen any more.
 */
import { assert, packedItem } from "../../base/index.js";
import type { DvespError } from "../../base/index.js";
import { isCutting, majorityOf } from "../../cluster/index.js";
import type { PreparedRows, Refusal } from "../replica/replication-messages.js";
import type { ShardAccess } from "../replicas/access.js";
import { isRefusal } from "./delivery.js";
import { MajorityQuestion } from "./majority-question.js";
import type { WriteParts } from "./write-parts.js";

/** Who is asked for whole rows beside their versions. */
export type Contents = "nobody" | "first" | "all";

export interface Question {
  readonly ids: Uint8Array;
  readonly ballot: string;
  readonly contents: Contents;
}

export interface StoredRow {
  readonly vector: Float32Array;
  readonly metadata: Uint8Array;
}

/** The newest that a majority knows of one id. */
export interface Newest {
  /** "" when there never was a row. */
  readonly version: string;
  readonly live: boolean;
  /** Accepted by a majority: no rival can take its place without having seen it. */
  readonly stands: boolean;
  /** Of a live row, if somebody who has it was asked for it. */
  readonly row: StoredRow | undefined;
}

export class Promises {
  readonly shard: ShardAccess;
  readonly #dimension: number;
  readonly #rows = new Map<string, PreparedRows>();
  readonly refusals: Refusal[] = [];
  /** Why no majority can promise now: so many have no room. */
  withoutRoom: DvespError | undefined;

  constructor(shard: ShardAccess, dimension: number) {
    this.shard = shard;
    this.#dimension = dimension;
  }

  add(node: string, answer: PreparedRows | Refusal): void {
    if (isRefusal(answer)) this.refusals.push(answer);
    else this.#rows.set(node, answer);
  }

  of(node: string): PreparedRows | undefined {
    return this.#rows.get(node);
  }

  /** Those that promised. */
  get nodes(): string[] {
    return [...this.#rows.keys()];
  }

  get count(): number {
    return this.#rows.size;
  }

  get isMajority(): boolean {
    return this.#rows.size >= majorityOf(this.shard.shard);
  }

  /** Of the id at `index` of those asked for. */
  newest(index: number): Newest {
    assert(this.#rows.size > 0, "somebody promised");
    const all = [...this.#rows.values()];
    const versions = all.map((rows) => rows.versions[index] as string);
    const version = versions.reduce((best, one) => (one > best ? one : best));
    const holders = all.filter((_, at) => versions[at] === version);
    const accepted = holders.filter(({ late }) => late[index] !== 1);
    const live = holders[0]?.live[index] === 1;
    const source = holders.find(({ vectors }) => vectors !== undefined);
    return {
      version,
      live,
      stands: accepted.length >= majorityOf(this.shard.shard),
      row: live && source ? this.#row(source, index) : undefined,
    };
  }

  #row({ live, vectors, metadata }: PreparedRows, index: number): StoredRow | undefined {
    if (!vectors || !metadata) return undefined;
    let position = 0;
    for (let at = 0; at < index; at++) position += live[at] as number;
    const from = position * this.#dimension;
    const vector = vectors.subarray(from, from + this.#dimension);
    return { vector, metadata: packedItem(metadata, position) };
  }
}

/** How long those who have not answered are waited for when what a majority said leaves doubts. */
const doubtMs = 50;

/**
 * Asks the replicas that count. Resolves when a majority promised and `isClear`, or when a majority
 * cannot be had now, or at `endMs`; `isMajority` says which.
 */
export async function prepare(
  parts: WriteParts,
  shard: ShardAccess,
  question: Question,
  end: {
    readonly endMs: number;
    readonly isClear: (promises: Promises) => boolean;
    /** Told of every promise, also of those that come when nobody waits for them any more. */
    readonly heard: (node: string, rows: PreparedRows) => void;
  },
): Promise<Promises> {
  const promises = new Promises(shard, parts.access.settings.dimension);
  const { ids, ballot, contents } = question;
  const { epoch } = shard.shard;
  if (isCutting(shard.shard)) {
    promises.refusals.push({ refused: "stale", epoch });
    return promises;
  }
  const asked = new MajorityQuestion<PreparedRows | Refusal>(parts, shard, {
    message: (index) => {
      const whole = contents === "all" || (contents === "first" && index === 0);
      return { type: "prepare", epoch, ids, ballot, contents: whole };
    },
    take: (node, answer) => {
      promises.add(node, answer);
      if (isRefusal(answer)) return false;
      end.heard(node, answer);
      return true;
    },
    endMs: end.endMs,
  });
  const isClear = (): boolean => end.isClear(promises);
  if ((await asked.hasMajority()) && !isClear()) await asked.wait(isClear, doubtMs);
  promises.withoutRoom = asked.withoutRoom;
  return promises;
}
