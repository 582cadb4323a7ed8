/** The writes of a workload: made up, sent, sent again, and what became of them told to the checker. */
import { randomBelow, sleep } from "../../src/base/index.js";
import type { VectorStore, WriteAnswer } from "../../src/protocol/index.js";
import type { Outcome } from "./client.js";
import type { WriteRecord } from "./history.js";
import { groups, metadataOf, rowsOf, vectorOf, versionOf } from "./requests.js";
import { short, told } from "./session.js";
import type { Sent, Session } from "./session.js";

type SendWrite = (store: VectorStore, sent: Sent) => Promise<WriteAnswer>;

/** A call that was acknowledged under a key. */
interface KeyedCall {
  readonly write: WriteRecord;
  readonly key: string;
  readonly send: SendWrite;
}

const attemptsMax = 4;
/** Of the last ones, so many may be sent again. */
const keyedMax = 12;

export class Writes {
  readonly #session: Session;
  /** The newest last. */
  #keyed: readonly KeyedCall[] = [];
  #count = 0;

  constructor(session: Session) {
    this.#session = session;
  }

  insert(): Promise<void> {
    const most = this.#session.chance(this.#session.parts.batchShare ?? 0.3) ? 8 : 2;
    const ids = this.#session.someIds(Math.min(most, this.#session.parts.ids.length));
    const write = this.#write("insert", ids, undefined);
    const rows = rowsOf(write.number, ids);
    const { collection } = this.#session.parts;
    return this.#perform(write, (store, options) =>
      store.insert({ collection, ids, ...rows, ...options }),
    );
  }

  update(conditional: boolean): Promise<void> {
    const ids = this.#session.someIds(this.#session.parts.isContended ? 1 : 2);
    const if_versions = conditional ? ids.map((id) => this.#session.knownVersion(id)) : undefined;
    if (if_versions?.some((one) => one === undefined)) return Promise.resolve();
    const write = this.#write("update", ids, if_versions as string[] | undefined);
    const metadata = ids.map(() => metadataOf(write.number));
    const vectors = this.#session.chance(0.5)
      ? ids.map((_, index) => vectorOf(write.number, index))
      : undefined;
    const { collection } = this.#session.parts;
    const change = { collection, ids, metadata, metadata_mode: "replace", vectors } as const;
    const { ifVersions } = write;
    return this.#perform(write, (store, options) =>
      store.update({ ...change, if_versions: ifVersions, ...options }),
    );
  }

  delete(): Promise<void> {
    const ids = this.#session.someIds(Math.min(3, this.#session.parts.ids.length));
    const write = this.#write("delete", ids, undefined);
    const { collection } = this.#session.parts;
    return this.#perform(write, (store, options) => store.delete({ collection, ids, ...options }));
  }

  deleteIf(): Promise<void> {
    const ids = this.#session.someIds(1);
    const version = this.#session.knownVersion(ids[0] as string);
    if (version === undefined) return Promise.resolve();
    const write = this.#write("delete", ids, [version]);
    const { collection } = this.#session.parts;
    return this.#perform(write, (store, options) =>
      store.delete({ collection, ids, if_versions: [version], ...options }),
    );
  }

  deleteByFilter(): Promise<void> {
    const { collection, ids, random } = this.#session.parts;
    const write = this.#write("delete", ids, undefined);
    const filter = { group: randomBelow(random, groups) };
    return this.#perform(
      write,
      (store, options) => store.delete({ collection, filter, ...options }),
      true,
    );
  }

  /** Sends a call again that was acknowledged long ago, as who never heard of it would: the answer is the same. */
  async again(): Promise<void> {
    const { checker, trace, random, collection } = this.#session.parts;
    const call = this.#keyed[randomBelow(random, Math.max(1, this.#keyed.length))];
    if (!call) return;
    const { write, key: idempotency_key, send } = call;
    const endpoint = this.#session.endpoint();
    const outcome = await this.#session.ask(endpoint, (store, options) =>
      send(store, { ...options, idempotency_key, consistency_level: write.level }),
    );
    const { number: n, version } = write;
    trace.add("again", { n, in: collection, node: endpoint.name, ...told(outcome) });
    if (outcome.type === "refusal") {
      const { code, message } = outcome.error;
      this.#session.refused(`write ${n}, sent again`, code, message);
      if (code === "VERSION_CONFLICT") {
        checker.fail("written_twice", `write ${n}, sent again, was judged anew: ${message}`);
      }
    }
    if (outcome.type !== "answer" || outcome.answer.status !== "success") return;
    const later = versionOf(outcome.answer);
    // What changed nothing has no version of its own.
    if (later === version || outcome.answer.vector_ids.length === 0) return;
    checker.fail("written_twice", `write ${n}, sent again, was done as ${later}, not ${version}`);
  }

  #write(
    kind: WriteRecord["kind"],
    ids: readonly string[],
    ifVersions: readonly string[] | undefined,
  ): WriteRecord {
    const { clock, checker, trace } = this.#session.parts;
    const write: WriteRecord = {
      ...{ number: ++this.#count, kind, ids, ifVersions, level: this.#session.writeLevel() },
      ...{ calledMs: clock.now(), fate: "under_way", version: undefined, changed: [] },
      isOvertaken: false,
      ...{ endedMs: Infinity, token: undefined },
    };
    checker.begun(write);
    trace.add("write", {
      n: write.number,
      in: this.#session.parts.collection,
      kind,
      ids: ids.map(short),
      ifVersions,
      level: write.level,
    });
    return write;
  }

  /** Sends a write, again through other nodes when nobody answers and it has a key. */
  async #perform(write: WriteRecord, send: SendWrite, byFilter = false): Promise<void> {
    const { clock, checker, trace, random, collection } = this.#session.parts;
    const key: { readonly idempotency_key?: string } = this.#session.chance(this.#keyShare)
      ? { idempotency_key: `key-${write.number}` }
      : {};
    const attempts = "idempotency_key" in key ? attemptsMax : 1;
    let maybe = false;
    for (let attempt = 0; attempt < attempts && write.fate === "under_way"; attempt++) {
      if (attempt > 0) await sleep(clock, 20 + randomBelow(random, 200));
      const endpoint = this.#session.endpoint();
      const outcome = await this.#session.ask(endpoint, (store, options) =>
        send(store, { ...options, ...key, consistency_level: write.level }),
      );
      const { number: n } = write;
      trace.add("written", { n, in: collection, node: endpoint.name, ...told(outcome) });
      maybe = this.#judge(write, outcome, byFilter) || maybe;
    }
    if (write.fate === "under_way") write.fate = maybe ? "unknown" : "none";
    write.endedMs = clock.now();
    checker.ended(write);
    if (write.fate !== "acknowledged") return;
    this.#session.done.push(write);
    const { idempotency_key } = key;
    if (idempotency_key === undefined) return;
    this.#keyed = [...this.#keyed, { write, key: idempotency_key, send }].slice(-keyedMax);
  }

  /** What has a key is a batch, which is never weak. */
  get #keyShare(): number {
    const { isContended, isWeak } = this.#session.parts;
    if (isWeak === true) return 0;
    return isContended === true ? 0.1 : 0.6;
  }

  /** Whether it may have happened without being acknowledged. */
  #judge(write: WriteRecord, outcome: Outcome<WriteAnswer>, byFilter: boolean): boolean {
    switch (outcome.type) {
      case "silence":
        return true;
      case "unsent":
        return false;
      case "refusal": {
        const { code, message } = outcome.error;
        this.#session.refused(`write ${write.number}`, code, message);
        write.isOvertaken ||= code === "VERSION_CONFLICT";
        return code === "TIMEOUT";
      }
      case "answer": {
        const { answer } = outcome;
        this.#session.answered++;
        if (answer.status !== "success") return answer.status === "partial";
        write.fate = "acknowledged";
        write.version = versionOf(answer);
        write.token = answer.commit_token;
        const all = write.kind === "delete" && !byFilter;
        write.changed = all ? write.ids : answer.vector_ids;
        if (write.kind !== "delete") {
          for (const id of write.changed) this.#session.learn(id, write.version);
        }
        return false;
      }
    }
  }
}
