/**
 * Faults made on purpose: each breaks one rule of the protocol in a copy of the sources, and the simulation
 * has to see it. `find` has to be in `file` exactly once, so that a mutation cannot miss what it breaks.
 */
import type { Mix } from "./mix.js";

export interface Mutation {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** The mix whose seeds look there; default: the standard one. */
  readonly mix?: Mix;
}

const actors = "src/actors";

export const mutations: readonly Mutation[] = [
  {
    name: "a hint is skipped",
    file: `${actors}/writes/replicated-write.ts`,
    find: "    parts.hints.missed(place.node, id, lateWrite(message, epoch));\n",
    replace: "",
    mix: "hinted",
  },
  {
    name: "versions are compared the wrong way",
    file: `${actors}/replica/planned-rows.ts`,
    find: "return version > (versionAfter(change) ?? this.#horizon);",
    replace: "return version < (versionAfter(change) ?? '~');",
  },
  {
    name: "the older row wins on another replica's word",
    file: `${actors}/reads/judge-rows.ts`,
    find: "if (!known || known.version < row.version)",
    replace: "if (!known || known.version > row.version)",
  },
  {
    name: "a delete leaves no tombstone",
    file: `${actors}/replica/row-change.ts`,
    find: "  change.afterTombstone = version;\n",
    replace: "  change.afterTombstone = change.before ? undefined : version;\n",
  },
  {
    name: "tombstones are dropped early",
    file: `${actors}/repair/decide-convergence.ts`,
    find: "const version = least([stampAt(beganMs - limits.underWayMs), ...staged.map(before)]);\n  const drop = least([version, dropBefore(beganMs, limits)]);",
    replace: "const version = stampAt(beganMs);\n  const drop = version;",
  },
  {
    name: "a write is acknowledged before its commit",
    file: `${actors}/replica/committer.ts`,
    find: "      if (!plan.isEmpty) await this.#commit(plan);\n",
    replace:
      "      if (!plan.isEmpty) { for (const { answer } of ready) answer(this.#root); await this.#commit(plan); }\n",
  },
  {
    name: "vectors are not flushed to disk",
    file: "src/storage/vector-files.ts",
    find: "for (const file of this.#unsynced) await file.datasync();",
    replace: "",
  },
  {
    name: "a promise is forgotten",
    file: `${actors}/replica/judge.ts`,
    find: "group.writes.newestOf(ids), group.replication.newestPromise(ids)]",
    replace: "group.writes.newestOf(ids)]",
    mix: "contended",
  },
  {
    name: "what stands on a minority is not written again",
    file: `${actors}/writes/stand.ts`,
    find: "const loose = seen.filter(({ newest }) => !newest.stands);",
    replace: "const loose = seen.slice(seen.length);",
    mix: "contended",
  },
  {
    name: "a recovering replica counts",
    file: `${actors}/replicas/access.ts`,
    find: 'return replicas.filter(({ place }) => place.state === "active");',
    replace: "return [...replicas];",
    mix: "replaced",
  },
  {
    name: "an undecided batch is committed without its register",
    file: `${actors}/writes/undecided-batches.ts`,
    find: "const { kind } = readDecision(await decideRegister(this.#parts, question));",
    replace:
      'const kind = question.endMs > 0 ? "commit" : readDecision(await decideRegister(this.#parts, question)).kind;',
  },
  {
    name: "the epoch fence is ignored",
    file: `${actors}/replica/judge.ts`,
    find: "return epoch < inForce ?",
    replace: "return epoch < inForce - 1e9 ?",
    mix: "replaced",
  },
  {
    name: "an operation is done again when its id comes again",
    file: `${actors}/replica/write-work.ts`,
    find: "if (known && (!replicated || known.version >= version)) return known.reply;",
    replace: "",
  },
  {
    name: "a key does not look whether it was used",
    file: `${actors}/writes/keyed-batches.ts`,
    find: "key: `key/${key}/${this.#slot}`,",
    replace: "key: `key/${key}/${own.operation_id}`,",
  },
  {
    name: "a blind write is acknowledged by one fewer than its level asks",
    file: `${actors}/writes/blind-write.ts`,
    find: "const needed = neededFor(this.#operation.level, shard);",
    replace: "const needed = Math.max(1, neededFor(this.#operation.level, shard) - 1);",
  },
  {
    name: "a read asks one replica fewer than its level says",
    file: `${actors}/reads/ask-replicas.ts`,
    find: "const needed = neededFor(run.level, shard.shard);",
    replace: "const needed = Math.max(1, neededFor(run.level, shard.shard) - 1);",
  },
];

/** The source of `file` with its fault. Errors: when it does not fit. */
export function mutated({ name, file, find, replace }: Mutation, source: string): string {
  const places = source.split(find).length - 1;
  if (places !== 1) throw new Error(`${name}: ${file} has ${places} times: ${find}`);
  return source.replace(find, () => replace);
}
