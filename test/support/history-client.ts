/** A caller of replicated rows who remembers what it did, when, and what it was told. */
import { isDvespError, packBytes, randomBelow, seededRandom } from "../../src/base/index.js";
import type { Random } from "../../src/base/index.js";
import { encodeMetadata } from "../../src/protocol/index.js";
import type { ConsistencyLevel } from "../../src/protocol/index.js";
import type { PackedWrite } from "../../src/actors/replica/messages.js";
import { WriteCoordinator } from "../../src/actors/writes/write-coordinator.js";
import type { WriteEnd } from "../../src/actors/writes/write-end.js";
import { absent, insertOf, numbersOf, packIds, stateOf } from "./history-world.js";
import type { Effect, HistoryWorld } from "./history-world.js";

export class HistoryClient {
  readonly #world: HistoryWorld;
  readonly #random: Random;
  #coordinator: WriteCoordinator;
  #dead = { yes: false };
  #node: string;
  #count = 0;
  readonly #name: string;

  constructor(world: HistoryWorld, name: string, node: string) {
    this.#world = world;
    this.#name = name;
    this.#node = node;
    this.#random = seededRandom(world.cluster.random.uint32());
    this.#coordinator = this.#begin();
  }

  /** Another coordinator, as after the death of this one's process: what it had begun stays where it is. */
  die(): void {
    this.#dead.yes = true;
    this.#dead = { yes: false };
    this.#coordinator = this.#begin();
  }

  #begin(): WriteCoordinator {
    const parts = this.#world.partsFor(this.#node, this.#dead);
    return new WriteCoordinator({ ...parts, find: () => this.#findAll() });
  }

  /** Every row matches. */
  async #findAll() {
    const found: { readonly id: number; readonly version: string }[] = [];
    for (let id = 0; id < this.#world.ids; id++) {
      const seen = await this.read(id);
      if (seen && seen.version !== "") found.push({ id, version: seen.version });
    }
    return { ids: packIds(found.map(({ id }) => id)), versions: found.map((one) => one.version) };
  }

  async run(count: number): Promise<void> {
    for (let index = 0; index < count; index++) {
      await this.#sleep(randomBelow(this.#random, this.#world.pauseMsMax));
      await this.#one();
    }
  }

  async #one(): Promise<void> {
    const kind = randomBelow(this.#random, 10);
    const several = randomBelow(this.#random, 4) === 0;
    const ids = several ? this.#pick(2) : this.#pick(1);
    if (kind < 2) return this.insert(ids);
    if (kind < 3) {
      return randomBelow(this.#random, 3) === 0 ? this.removeAll() : this.remove(ids);
    }
    if (kind < 6) return this.merge(ids);
    if (kind < 9 && ids.length === 1) return this.swap(ids[0] as number);
    await this.read(ids[0] as number);
  }

  async insert(ids: readonly number[]): Promise<void> {
    const tag = this.#tag();
    const write = insertOf(ids, { base: tag });
    const effect: Effect = () => stateOf({ base: tag });
    await this.#write(`insert ${tag}`, ids, write, () => effect);
  }

  async remove(ids: readonly number[]): Promise<void> {
    const write: PackedWrite = { kind: "delete", ids: packIds(ids) };
    await this.#write("delete", ids, write, () => () => absent);
  }

  /** Deletes by filter: what was found, and was still there. */
  async removeAll(): Promise<void> {
    const ids = Array.from({ length: this.#world.ids }, (_, id) => id);
    const write: PackedWrite = { kind: "delete", filter: {} };
    await this.#write("delete all", ids, write, (id, end) => {
      if (!end) return () => absent;
      return numbersOf(end.ids).includes(id) ? () => absent : (state) => state;
    });
  }

  /** Reads what is there and adds to it: a lost update shows. */
  async merge(ids: readonly number[]): Promise<void> {
    const tag = this.#tag();
    const metadata = packBytes(ids.map(() => encodeMetadata({ [tag]: 1 }, "metadata")));
    const write: PackedWrite = {
      kind: "update",
      ids: packIds(ids),
      metadata,
      metadata_mode: "merge",
    };
    await this.#write(`merge ${tag}`, ids, write, (id, end) => {
      const missing = end && numbersOf(end.missing).includes(id);
      if (missing) return (state) => (state === absent ? state : undefined);
      const merged: Effect = (state) =>
        state === absent ? undefined : stateOf({ ...(JSON.parse(state) as object), [tag]: 1 });
      // Without an answer it may have found no row.
      return end ? merged : (state) => merged(state) ?? state;
    });
  }

  /** Replaces the row, if it is still what was read. */
  async swap(id: number): Promise<void> {
    const seen = await this.read(id);
    if (!seen || seen.version === "") return;
    await this.#sleep(randomBelow(this.#random, 20));
    const tag = this.#tag();
    const { vectors, metadata } = insertOf([id], { swap: tag });
    const ids = packIds([id]);
    const if_versions = [seen.version];
    const write: PackedWrite =
      randomBelow(this.#random, 4) === 0
        ? { kind: "delete", ids, if_versions }
        : { kind: "update", ids, vectors, metadata, metadata_mode: "replace", if_versions };
    const after = write.kind === "delete" ? absent : stateOf({ swap: tag });
    const effect: Effect = (state) => (state === seen.state ? after : undefined);
    await this.#write(`swap ${tag} if ${seen.version}`, [id], write, (_, end) =>
      end ? effect : (state) => effect(state) ?? state,
    );
  }

  /** A conditional write that nothing can fulfil answers with what stands; version "" for no row. */
  async read(
    id: number,
  ): Promise<{ readonly version: string; readonly state: string } | undefined> {
    const ids = packIds([id]);
    const write: PackedWrite = { kind: "delete", ids, if_versions: ["0000000000000000.none"] };
    const beginMs = this.#world.tick();
    try {
      await this.#perform("read", write);
    } catch (error) {
      if (!isDvespError(error) || error.code !== "VERSION_CONFLICT") return undefined;
      const version = /found version (\S+)/.exec(error.message)?.[1];
      const state = version === undefined ? absent : this.#world.stateOf(id, version);
      const apply: Effect = (before) => (before === state ? before : undefined);
      this.#world.record({ ids: [id], name: `read ${state}`, beginMs, apply });
      return { version: version ?? "", state };
    }
    return undefined;
  }

  async #write(
    name: string,
    ids: readonly number[],
    write: PackedWrite,
    effectOn: (id: number, end: WriteEnd | undefined) => Effect,
  ): Promise<void> {
    const beginMs = this.#world.tick();
    const line = `${this.#name} ${name} [${ids.join()}]`;
    const { counts } = this.#world;
    counts.operations++;
    const level = (["ONE", "QUORUM", "QUORUM", "ALL"] as const)[
      randomBelow(this.#random, 4)
    ] as ConsistencyLevel;
    const unknown = this.#world.begin(ids, line, beginMs, (id) => effectOn(id, undefined));
    try {
      const isKeyed = randomBelow(this.#random, 6) === 0;
      const end = isKeyed
        ? await this.#performKeyed(line, write, level)
        : await this.#perform(line, write, level);
      if (!end) {
        counts.failed++;
        unknown.forEach((one) => this.#world.forget(one));
        return;
      }
      counts[end.status === "success" ? "successes" : "partial"]++;
      const blind =
        write.kind === "insert" || (write.kind === "delete" && write.ids && !write.if_versions);
      // A blind write below QUORUM, or on fewer than asked, may be overtaken by who did not see it.
      if (end.status === "partial" || (blind && level === "ONE")) return;
      unknown.forEach((one, index) => {
        this.#world.forget(one);
        const id = ids[index] as number;
        this.#world.record({ ids: [id], name: line, beginMs, apply: effectOn(id, end) });
      });
      this.#world.acknowledged.push({ ids, version: end.version, line });
    } catch (error) {
      if (!isDvespError(error)) throw error;
      if (error.code === "VERSION_CONFLICT") counts.conflicts++;
      if (error.code === "TIMEOUT") counts.unknown++;
      else unknown.forEach((one) => this.#world.forget(one));
      if (!["VERSION_CONFLICT", "TIMEOUT", "NOT_ENOUGH_REPLICAS"].includes(error.code)) throw error;
    }
  }

  async #perform(
    line: string,
    write: PackedWrite,
    level: ConsistencyLevel = "QUORUM",
    key?: string,
  ): Promise<WriteEnd | undefined> {
    const { clock, cluster } = this.#world;
    cluster.trace.push(`${clock.monotonic()} BEGIN ${line} ${level} ${key ?? ""}`);
    const prepared = {
      ...{ write, dimension: undefined, has_made_ids: false },
      ...{ consistency_level: level, timeout_ms: 1500, idempotency_key: key },
    };
    try {
      const end = await this.#coordinator.write(prepared);
      const said = end ? `${end.status} ${end.version} ${end.operation_id}` : "failed";
      cluster.trace.push(`${clock.monotonic()} END ${line}: ${said}`);
      return end;
    } catch (error) {
      cluster.trace.push(`${clock.monotonic()} END ${line}: ${String(error)}`);
      throw error;
    }
  }

  /** Asks again with the same key, through other coordinators too, while the outcome is not known. */
  async #performKeyed(
    line: string,
    write: PackedWrite,
    level: ConsistencyLevel,
  ): Promise<WriteEnd | undefined> {
    const key = `key ${line}`;
    for (let attempt = 0; ; attempt++) {
      const client = this.#world.clients[randomBelow(this.#random, 3)] as HistoryClient;
      try {
        const end = await client.#perform(line, write, level, key);
        if (end || attempt === 3) return end;
      } catch (error) {
        if (attempt === 3 || !isDvespError(error) || error.code !== "TIMEOUT") throw error;
      }
    }
  }

  #pick(count: number): number[] {
    const { ids } = this.#world;
    const first = randomBelow(this.#random, ids);
    return count === 1 ? [first] : [first, (first + 1) % ids].sort((a, b) => a - b);
  }

  #tag(): string {
    return `${this.#name}-${++this.#count}`;
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.#world.clock.after(ms, resolve));
  }
}
