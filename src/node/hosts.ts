/** Which actor hosts a node has, and which of them a collection runs on. */
import { availableParallelism } from "node:os";
import { present } from "../base/index.js";
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
  return {
    write: hostFor(hosts, "write", collection),
    build: hostFor(hosts, "build", collection),
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

function named(role: string, count: number): HostSpec[] {
  return Array.from({ length: count }, (_, index) => ({ name: `${role}-${index}`, role }));
}
