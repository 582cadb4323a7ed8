/** Which actor hosts a node has, and which of them a collection runs on. */
import { availableParallelism } from "node:os";
import { helpersMax, searchersMax } from "../actors/index.js";
import { invalid, present } from "../base/index.js";
import type { HostPlan } from "../actors/index.js";
import type { HostSpec } from "../runtime/index.js";

/** Cores for which one thread that writes is enough. */
const coresPerWriter = 4;

/** How many threads a node has for what. */
export interface ThreadCounts {
  readonly search: number;
  /** At most so many cores are busy with building at the same time. */
  readonly build: number;
}

/**
 * As many search threads as cores, and half as many that build, or as many as asked for.
 * Errors: `INVALID_ARGUMENT` for more than have a place in shared memory.
 */
export function threadCounts(
  {
    threads,
    build_threads,
  }: { readonly threads?: number | undefined; readonly build_threads?: number | undefined },
  cores = availableParallelism(),
): ThreadCounts {
  const search = threads ?? Math.min(cores, searchersMax);
  const build = build_threads ?? Math.min(Math.floor(cores / 2), 1 + helpersMax);
  checkCount("threads", search, searchersMax);
  checkCount("build_threads", build, 1 + helpersMax);
  return { search: Math.max(1, search), build: Math.max(1, build) };
}

function checkCount(name: string, count: number, max: number): void {
  if (Number.isInteger(count) && count >= 0 && count <= max) return;
  throw invalid(`${name} is a whole number from 0 to ${max}`, name);
}

/**
 * Searchers, and writers and builders on threads of their own, so that neither a disk flush nor an
 * insertion into a graph makes a search wait. One host builds for all collections and shares its
 * slices with the other build threads: so the largest collection has them all, and together they
 * never are more. `prefix`: of their names.
 */
export function hostSpecs({ search, build }: ThreadCounts, prefix = ""): HostSpec[] {
  const named = (role: string, count: number): HostSpec[] =>
    Array.from({ length: count }, (_, index) => ({ name: `${prefix}${role}-${index}`, role }));
  return [
    ...named("search", search),
    ...named("write", Math.max(1, Math.floor(search / coresPerWriter))),
    {
      name: `${prefix}build-0`,
      role: "build",
      taskThreads: Math.max(1, build - 1),
      givesWay: true,
    },
  ];
}

/** Spreads collections over writers by name; every search thread serves each. */
export function hostPlan(
  hosts: readonly HostSpec[],
  { build }: ThreadCounts,
  collection: string,
): HostPlan {
  return {
    write: hostFor(hosts, "write", collection),
    build: hostFor(hosts, "build", collection),
    buildHelpers: build - 1,
    search: namesOf(hosts, "search"),
  };
}

/** The host of a role that an actor of this name lives on: always the same one. */
export function hostFor(hosts: readonly HostSpec[], role: string, name: string): string {
  const names = namesOf(hosts, role);
  let hash = 0;
  for (const char of name) hash = (Math.imul(hash, 31) + char.charCodeAt(0)) >>> 0;
  return present(names[hash % names.length], `a host with the role ${role}`);
}

function namesOf(hosts: readonly HostSpec[], wanted: string): string[] {
  return hosts.filter(({ role }) => role === wanted).map(({ name }) => name);
}
