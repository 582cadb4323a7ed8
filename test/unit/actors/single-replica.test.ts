import { describe, expect, it } from "vitest";
import {
  DvespError,
  VirtualClock,
  errorFromPlain,
  packBytes,
  seededRandom,
} from "../../../src/base/index.js";
import { HybridClock } from "../../../src/consistency/index.js";
import { movableBuffer } from "../../../src/mailbox/index.js";
import { copiedBytesMax } from "../../../src/actors/collection/prepared-write.js";
import type { PreparedWrite } from "../../../src/actors/collection/prepared-write.js";
import { evenRanges } from "../../../src/cluster/index.js";
import type { CollectionAccess, ReplicaAccess } from "../../../src/actors/replicas/access.js";
import { noHints } from "../../../src/actors/writes/hints.js";
import { WriteCoordinator } from "../../../src/actors/writes/write-coordinator.js";
import type {
  PackedInsert,
  WriteMessage,
  WriteOutcome,
} from "../../../src/actors/replica/messages.js";
import { HandMadeRef, gone, ok, refused, timeout } from "./hand-made-ref.js";
import type { Reply } from "./hand-made-ref.js";

const seed = Number(process.env.SEED ?? 3);
const outcome = { version: "v1", ids: new Uint8Array(16), missing: new Uint8Array(0), root: "00" };

interface Question {
  readonly type: "write" | "outcome";
  readonly operation_id: string;
}

class World {
  readonly clock = new VirtualClock();
  readonly replica: HandMadeRef;
  readonly #coordinator: WriteCoordinator;
  /** Why the replica will not come back. */
  end: DvespError | undefined;

  constructor(reply: (message: Question, count: number) => Reply) {
    const { clock } = this;
    this.replica = new HandMadeRef((message, count) => reply(message as Question, count));
    this.#coordinator = new WriteCoordinator({
      clock,
      random: seededRandom(seed),
      versions: new HybridClock(clock, "n1"),
      access: this.#access(),
      hints: noHints,
      find: () => Promise.reject(new Error("nobody looks for rows here")),
    });
  }

  get coordinator() {
    return { write: (write: PreparedWrite) => this.#write(write) };
  }

  async #write(write: PreparedWrite): Promise<WriteOutcome | undefined> {
    const end = await this.#coordinator.write(write);
    if (!end) return undefined;
    const { version, ids, missing, roots } = end;
    return { version, ids, missing, root: roots[0] ?? "" };
  }

  #access(): CollectionAccess {
    const [range] = evenRanges(1);
    const place = { node: "n1", state: "active", identity: "" } as const;
    const replica: Pick<ReplicaAccess, "place" | "local" | "isAlive" | "ask"> = {
      place,
      local: true,
      isAlive: () => this.end === undefined,
      ask: (message, timeout_ms) => this.replica.ask(message, { timeout_ms }),
    };
    const shard = { id: 0, from: 0, to: 0, ...range, epoch: 1, replicas: [place] };
    return {
      settings: {} as CollectionAccess["settings"],
      shards: () => {
        if (this.end) throw this.end;
        return [{ shard, replicas: [replica as ReplicaAccess] }];
      },
      newer: () => Promise.resolve(),
    };
  }

  sent(): WriteMessage[] {
    return this.replica.asked.map(({ message }) => message as WriteMessage);
  }

  questions(): string[] {
    return this.sent().map(({ type }) => type);
  }
}

function insert(rows = 1, dimension = 2): PackedInsert {
  const ids = new Uint8Array(16 * rows);
  const vectors = new Float32Array(rows * dimension).fill(1);
  return { kind: "insert", ids, vectors, metadata: packBytes([]) };
}

function prepared(changes: Partial<PreparedWrite> = {}): PreparedWrite {
  return {
    write: insert(),
    has_made_ids: false,
    dimension: 2,
    consistency_level: "ONE",
    timeout_ms: 1000,
    idempotency_key: undefined,
    ...changes,
  };
}

/** How a promise ended, which it may do long before it is looked at. */
async function endOf(
  clock: VirtualClock,
  promise: Promise<unknown>,
  withinMs: number,
): Promise<unknown> {
  const ended = promise.catch((error: unknown) => error);
  await clock.advance(withinMs);
  return Promise.race([ended, Promise.resolve("still waits")]);
}

describe(`writes to a single replica (SEED=${seed})`, () => {
  it("answers what the replica answered", async () => {
    const world = new World(() => ok(outcome));
    const write = prepared();
    await expect(world.coordinator.write(write)).resolves.toEqual(outcome);
    const [message] = world.sent();
    expect(message).toMatchObject({ type: "write", write: write.write });
    expect(message?.operation_id).toMatch(/^o:[0-9a-z]{9}-[0-9a-f-]{36}$/);
    expect(message?.remember_ms).toBeUndefined();
    expect(world.replica.asked[0]?.options.timeout_ms).toBe(1000);
  });

  it("names each write anew, and one with a key by its key, for a day", async () => {
    const world = new World(() => ok(outcome));
    for (const idempotency_key of [undefined, undefined, "k1", "k1"]) {
      await world.coordinator.write(prepared({ idempotency_key }));
    }
    await world.coordinator.write(
      prepared({ idempotency_key: "k1", write: { kind: "delete", filter: {} } }),
    );
    const names = world.sent().map(({ operation_id }) => operation_id);
    expect(new Set(names).size).toBe(4);
    expect(names.slice(2)).toEqual(["k:insert:k1", "k:insert:k1", "k:delete:k1"]);
    expect(world.sent()[2]?.remember_ms).toBe(24 * 3600 * 1000);
  });

  it("passes a refusal through", async () => {
    const world = new World(() => refused("VERSION_CONFLICT", "another version"));
    await expect(world.coordinator.write(prepared())).rejects.toMatchObject({
      code: "VERSION_CONFLICT",
      message: "another version",
    });
    expect(world.replica.asked).toHaveLength(1);
  });

  it("knows that a write refused as too late was not stored", async () => {
    const world = new World(() => refused("TIMEOUT"));
    await expect(world.coordinator.write(prepared())).resolves.toBeUndefined();
  });

  it("sends a write again when the replica is gone: same operation, newer version", async () => {
    const world = new World((_, count) => (count < 3 ? gone : ok(outcome)));
    const write = prepared();
    expect(await endOf(world.clock, world.coordinator.write(write), 100)).toEqual(outcome);
    const sent = world.sent();
    expect(sent.map(({ type }) => type)).toEqual(["write", "write", "write", "write"]);
    expect(new Set(sent.map(({ operation_id }) => operation_id)).size).toBe(1);
    const versions = sent.map(({ version }) => version);
    expect(new Set(versions).size).toBe(4);
    expect([...versions].sort()).toEqual(versions);
    expect(sent.every((one) => one.write === write.write)).toBe(true);
    const timeouts = world.replica.asked.map(({ options }) => options.timeout_ms);
    expect(timeouts[3]).toBeLessThan(1000);
  });

  it("inquires into a write whose replica stays gone until its time is over", async () => {
    const world = new World(({ type }) => (type === "write" ? gone : ok(outcome)));
    const write = world.coordinator.write(prepared({ timeout_ms: 200 }));
    expect(await endOf(world.clock, write, 300)).toEqual(outcome);
    expect(world.questions().at(-1)).toBe("outcome");
    expect(world.questions().filter((type) => type === "outcome")).toHaveLength(1);
  });

  it("moves a large write's memory, and settles it instead of sending it again", async () => {
    const large = insert(1, copiedBytesMax / 4 + 1);
    const world = new World(({ type }) => (type === "write" ? gone : ok(outcome)));
    const write = world.coordinator.write(prepared({ write: large }));
    expect(await endOf(world.clock, write, 10)).toEqual(outcome);
    expect(world.questions()).toEqual(["write", "outcome"]);
    const [sent, asked] = world.sent();
    expect(asked?.operation_id).toBe(sent?.operation_id);
    const { vectors } = sent?.write as PackedInsert;
    expect(movableBuffer(vectors)).toBe(large.vectors.buffer);
  });

  it("does not move the memory of a write that it may have to send again", async () => {
    const world = new World(() => ok(outcome));
    const write = insert(1, copiedBytesMax / 4 - 4);
    await world.coordinator.write(prepared({ write }));
    expect(movableBuffer((world.sent()[0]?.write as PackedInsert).vectors)).toBeUndefined();
  });

  it("answers with the outcome of a write whose answer came too late", async () => {
    const world = new World(({ type }) => (type === "write" ? timeout : ok(outcome)));
    await expect(world.coordinator.write(prepared())).resolves.toEqual(outcome);
    expect(world.questions()).toEqual(["write", "outcome"]);
  });

  it.each([undefined, null])("knows a write without a record (%s) as not stored", async (none) => {
    const world = new World(({ type }) => (type === "write" ? timeout : ok(none)));
    await expect(world.coordinator.write(prepared())).resolves.toBeUndefined();
  });

  it("keeps inquiring while the replica starts anew", async () => {
    const world = new World(({ type }, count) =>
      type === "write" ? timeout : count < 50 ? gone : ok(outcome),
    );
    expect(await endOf(world.clock, world.coordinator.write(prepared()), 1000)).toEqual(outcome);
    expect(world.questions().filter((type) => type === "write")).toHaveLength(1);
  });

  it("says TIMEOUT, and no more, when the outcome cannot be had", async () => {
    const world = new World(({ type }) => (type === "write" ? timeout : gone));
    const write = world.coordinator.write(prepared());
    expect(await endOf(world.clock, write, 4900)).toBe("still waits");
    const end = await endOf(world.clock, write, 200);
    expect(end).toMatchObject({ code: "TIMEOUT" });
    expect(world.clock.pending).toBe(0);
  });

  it("does not ask a replica that was given up", async () => {
    const world = new World(() => ok(outcome));
    world.end = errorFromPlain({ code: "COLLECTION_NOT_FOUND", message: "dropped" });
    await expect(world.coordinator.write(prepared())).rejects.toBe(world.end);
    expect(world.replica.asked).toEqual([]);
  });

  it("stops sending once the replica is given up, and does not claim to know", async () => {
    const world = new World(() => gone);
    const write = world.coordinator.write(prepared({ timeout_ms: 60_000 }));
    expect(await endOf(world.clock, write, 100)).toBe("still waits");
    world.end = errorFromPlain({ code: "CLOSED", message: "stopping" });
    expect(await endOf(world.clock, write, 10)).toMatchObject({ code: "TIMEOUT" });
  });

  it("asks what became of a write when the replica was gone and then refuses", async () => {
    for (const code of ["CLOSED", "TIMEOUT", "NOT_ENOUGH_REPLICAS"] as const) {
      const refusal = refused(code);
      const world = new World(({ type }, count) =>
        type === "outcome" ? ok(outcome) : count === 0 ? gone : refusal,
      );
      const write = world.coordinator.write(prepared());
      expect(await endOf(world.clock, write, 100)).toEqual(outcome);
      expect(world.questions()).toEqual(["write", "write", "outcome"]);
    }
  });

  it("never calls a write that may be stored overloaded: it sends again", async () => {
    const full = refused("OVERLOADED");
    const world = new World((_, count) => (count === 0 ? gone : count < 3 ? full : ok(outcome)));
    const write = world.coordinator.write(prepared());
    expect(await endOf(world.clock, write, 100)).toEqual(outcome);
    expect(world.questions()).toEqual(["write", "write", "write", "write"]);
    const direct = new World(() => full);
    expect(await endOf(direct.clock, direct.coordinator.write(prepared()), 100)).toMatchObject({
      code: "OVERLOADED",
    });
  });
});
