/** Which actor hosts a node has, and which of them a collection runs on. */
import { availableParallelism } from "node:os";
import type { HostPlan } from "../actors/index.js";
import type { HostSpec } from "../runtime/index.js";

/** Cores for which one thread that writes and one that builds are enough. */
const coresPerWriter = 4;

/**
 * One search thread per core (or as many as asked for), and writers and builders on threads of their
 * own, so that neither a disk flush nor an insertion into a graph makes a search wait.
 */
export function hostSpecs(searchThreads = availableParallelism()): HostSpec[] {
  const writers = Math.max(1, Math.floor(searchThreads / coresPerWriter));
  return [
    ...named("search", Math.max(1, searchThreads)),
    ...named("write", writers),
    ...named("build", writers),
  ];
}

/** Spreads collections over writers and builders by name; every search thread serves each. */
export function hostPlan(hosts: readonly HostSpec[], collection: string): HostPlan {
  const of = (role: string): string[] =>
    hosts.filter((one) => one.role === role).map(({ name }) => name);
  return {
    write: pick(of("write"), collection),
    build: pick(of("build"), collection),
    search: of("search"),
  };
}

function named(role: string, count: number): HostSpec[] {
  return Array.from({ length: count }, (_, index) => ({ name: `${role}-${index}`, role }));
}

function pick(hosts: readonly string[], collection: string): string {
  let hash = 0;
  for (const char of collection) hash = (Math.imul(hash, 31) + char.charCodeAt(0)) >>> 0;
  return hosts[hash % hosts.length] as string;
}
