/**
 * Faults made on purpose: each breaks one rule of the protocol in a copy of the sources, and the simulation
 * has to see it. `find` has to be in `file` exactly once, so that a mutation cannot miss what it breaks.
 */
import type { Mix } from "./mix.js";

export interface Edit {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export interface Mutation extends Edit {
  readonly name: string;
  /** What would keep the fault from showing. */
  readonly also?: readonly Edit[];
  /** The mix whose seeds look there; default: the standard one. */
  readonly mix?: Mix;
  /** Options of the simulation, when they are not the usual ones. */
  readonly options?: readonly string[];
}

const actors = "src/actors";

/** A cut goes on whatever the halves hold. */
const halvesUnchecked: Edit = {
  file: `${actors}/split/half-filler.ts`,
  find: "const isWhole = await copy.isWhole();",
  replace: "const isWhole = true;",
};

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
    mix: "aged",
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
    name: "tombstones are dropped while a replica is away",
    file: `${actors}/repair/shard-repair.ts`,
    find: "if (compared < all || known.length < all || !staged) return;\n    const told = decideConvergence(\n      { beganMs, states: known, staged, dropped",
    replace:
      "const told = decideConvergence(\n      { beganMs, states: known, staged: staged ?? [], dropped",
    mix: "aged",
  },
  {
    name: "an undecided batch is committed without its register",
    file: `${actors}/writes/undecided-batches.ts`,
    find: "const { kind } = readDecision(await decideRegister(this.#parts, question));",
    replace:
      'const kind = question.endMs > 0 ? "commit" : readDecision(await decideRegister(this.#parts, question)).kind;',
    mix: "orphaned",
  },
  {
    name: "the epoch fence is ignored",
    file: `${actors}/replica/judge.ts`,
    find: "return epoch < inForce ?",
    replace: "return epoch < inForce - 1e9 ?",
    mix: "blinded",
  },
  {
    name: "an operation is done again when its id comes again",
    file: `${actors}/replica/write-work.ts`,
    find: "if (known && (!replicated || known.version >= version)) return known.reply;",
    replace: "",
    mix: "orphaned",
    options: ["--nodes", "0"],
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
  {
    name: "a cut leaves out what was written while it was copied",
    file: `${actors}/split/half-filler.ts`,
    find: '      if (!(await copy.changes())) throw notFilled("what changed last is not known");\n      const isWhole = await copy.isWhole();\n',
    replace: "const isWhole = true;",
    mix: "split",
  },
  {
    name: "halves take the place of a shard before they are complete",
    file: `${actors}/split/split-copy.ts`,
    find: "if (changed.left === 0) return true;",
    replace: "return true;",
    also: [halvesUnchecked],
    mix: "split",
  },
  {
    name: "replicas are not made alike before they are cut",
    file: `${actors}/split/cut.ts`,
    find: "  await makeAlike(parts, endMs);\n",
    replace: "",
    mix: "blinded",
  },
  {
    name: "a shard takes writes while it is cut",
    file: `${actors}/split/cut.ts`,
    find: "const fences = await Promise.all(replicas.map((one) => one.fence(epoch + 1)));",
    replace: "const fences = [];",
    also: [
      {
        file: `${actors}/split/cut.ts`,
        find: "replicas.map((one) => settle(one, epoch, clock))",
        replace: "replicas.map(() => '')",
      },
    ],
    mix: "blinded",
  },
  {
    name: "what is staged is not decided before a cut",
    file: `${actors}/split/cut.ts`,
    find: '  if (staged.flat().length > 0) throw interrupted("a write is not decided");\n',
    replace: "",
    also: [
      {
        file: `${actors}/split/cut.ts`,
        find: "replicas.map((one) => settle(one, epoch, clock))",
        replace: "replicas.map((one) => one.fence(epoch))",
      },
    ],
    mix: "split",
  },
  {
    name: "the old shard answers after it was split",
    file: "src/node/align-shards.ts",
    find: "  for (const id of tree.shards.ids()) if (isGone(id)) await tree.shards.close(id);\n",
    replace: "",
    mix: "split",
  },
  {
    name: "a row is in both halves",
    file: `${actors}/split/split-copy.ts`,
    find: "selectRows(rows, (index) => sides[index] === side)",
    replace: "selectRows(rows, () => true)",
    also: [halvesUnchecked],
    mix: "split",
  },
  {
    name: "halves do not know what became of operations",
    file: `${actors}/split/split-copy.ts`,
    find: "    await this.#allOperations();\n",
    replace: "",
    mix: "blinded",
  },
  {
    name: "halves do not have the promises of their shard",
    file: `${actors}/split/half-filler.ts`,
    find: "      await copy.memory();\n",
    replace: "",
    mix: "contended",
    options: ["--split-rows", "1"],
  },
  {
    name: "a replica is taken out without handing over",
    file: `${actors}/repair/handover.ts`,
    find: "  for (const one of givers) await exchange(hub, one, sync);\n",
    replace: "",
    mix: "handed",
  },
];

/** The sources that a mutation changes, with its fault, by file. Errors: when it does not fit. */
export function mutated(
  mutation: Mutation,
  sourceOf: (file: string) => string,
): ReadonlyMap<string, string> {
  const sources = new Map<string, string>();
  for (const { file, find, replace } of [mutation, ...(mutation.also ?? [])]) {
    const source = sources.get(file) ?? sourceOf(file);
    const places = source.split(find).length - 1;
    if (places !== 1) throw new Error(`${mutation.name}: ${file} has ${places} times: ${find}`);
    sources.set(
      file,
      source.replace(find, () => replace),
    );
  }
  return sources;
}
