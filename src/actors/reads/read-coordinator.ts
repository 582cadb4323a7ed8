/**
 * Reads of one collection. What one replica of this node can answer alone is answered by it, encoded,
 * and passes through; everything else is put together here from the answers of shards and replicas.
 */
import { isDvespError } from "../../base/index.js";
import { neededFor } from "../../cluster/index.js";
import { rawToTyped } from "../../protocol/index.js";
import type { BodyFormat, EncodedAnswer, ReadAnswers } from "../../protocol/index.js";
import type { ReplicaAccess, ShardAccess } from "../replicas/access.js";
import type { NormalRead, ReadAnswer, ReadOperation } from "../searcher/messages.js";
import { onOneMap, untilMapped } from "./one-map.js";
import { LocalReads } from "./local-reads.js";
import type { EncodedRead, LocalReaders } from "./local-reads.js";
import type { SharedReadParts } from "./read-parts.js";
import { SharedReads } from "./shared-reads.js";

/** Bodies between their bytes and what they say; large ones on other threads. */
export interface ReadCodec {
  decode(request: EncodedRead): Promise<NormalRead>;
  encode(format: BodyFormat, answer: ReadAnswer): Promise<Uint8Array>;
}

export interface ReadParts extends SharedReadParts {
  readonly codec: ReadCodec;
  /** Who reads a shard on this node; undefined when it is not open here. */
  readonly local: (shard: number) => LocalReaders | undefined;
}

const nothing = (): void => undefined;

export class ReadCoordinator {
  readonly #parts: ReadParts;
  readonly #shared: SharedReads;

  constructor(parts: ReadParts) {
    this.#parts = parts;
    this.#shared = new SharedReads(parts);
  }

  /** The typed answer. */
  async read<Operation extends ReadOperation>(
    request: Extract<NormalRead, { readonly operation: Operation }>,
  ): Promise<ReadAnswers[Operation]> {
    const whole: NormalRead = request;
    await untilMapped(this.#parts, whole);
    return onOneMap(this.#parts, (shards) => {
      const alone = this.#alone(whole, shards);
      const together = async (): Promise<ReadAnswers[Operation]> => {
        const answer = await this.#shared.read(whole, shards);
        if (answer.operation === "count") return { count: answer.count } as ReadAnswers[Operation];
        return rawToTyped(answer) as ReadAnswers[Operation];
      };
      return orTogether(shards, alone && (() => alone.read(request)), together);
    });
  }

  /** The encoded answer to an encoded request. */
  readEncoded(request: EncodedRead): Promise<EncodedAnswer> {
    const { codec, access } = this.#parts;
    // Once, however often the read begins anew.
    let decoded: Promise<NormalRead> | undefined;
    return onOneMap(this.#parts, async (before) => {
      const only = decoded ? undefined : this.#onlyReplica(before);
      if (only) return only.readEncoded(request);
      decoded ??= codec.decode(request);
      const normal = await decoded;
      const shards = (await untilMapped(this.#parts, normal)) ? access.shards() : before;
      const alone = this.#alone(normal, shards);
      const together = async (): Promise<EncodedAnswer> => {
        const answer = await this.#shared.read(normal, shards);
        return { body: await codec.encode(request.accept, answer), release: nothing };
      };
      return orTogether(
        shards,
        alone && (() => alone.readNormal(normal, request.accept)),
        together,
      );
    });
  }

  /** Who answers any read alone: the only replica of the only shard, when it is here. */
  #onlyReplica(shards: readonly ShardAccess[]): LocalReads | undefined {
    const [shard] = shards;
    if (!shard || shards.length !== 1 || shard.replicas.length !== 1) return undefined;
    return this.#localReads(shard.shard.id, shard.replicas[0]);
  }

  /** Who answers this read alone: the replica here of the only shard, where one is enough. */
  #alone(request: NormalRead, shards: readonly ShardAccess[]): LocalReads | undefined {
    const [shard] = shards;
    if (!shard || shards.length !== 1) return undefined;
    const queries = request.operation === "search_batch" ? request.queries : [request];
    const isEnough = queries.every((one) => neededFor(one.consistency_level, shard.shard) === 1);
    return isEnough ? this.#localReads(shard.shard.id, shard.replicas[0]) : undefined;
  }

  #localReads(shard: number, replica: ReplicaAccess | undefined): LocalReads | undefined {
    if (!replica?.local || replica.place.state !== "active") return undefined;
    const readers = this.#parts.local(shard);
    return readers && new LocalReads(this.#parts.clock, readers);
  }
}

/** What one replica answers alone; where a row of it is damaged and there are others, what they answer. */
async function orTogether<Answer>(
  shards: readonly ShardAccess[],
  alone: (() => Promise<Answer>) | undefined,
  together: () => Promise<Answer>,
): Promise<Answer> {
  if (!alone) return together();
  try {
    return await alone();
  } catch (error) {
    const mayHelp = shards.some(({ replicas }) => replicas.length > 1);
    if (!mayHelp || !isDvespError(error) || error.code !== "DATA_CORRUPTED") throw error;
    return together();
  }
}
