/**
 * How far each replica of a shard is behind, in milliseconds, as far as this node can tell: by how much
 * the newest write that a replica has is older than the newest that any has; and while a replica is
 * known to lack something, or does not answer, the time since it last lacked nothing.
 */
import { versionTime } from "../../consistency/index.js";
import type { MerkleState } from "../replica/replication-messages.js";

interface Page {
  applied: string;
  /** When it last was known to lack nothing. */
  wholeMs: number;
  lacks: boolean;
  /** It did not answer when it was asked last. */
  isSilent: boolean;
}

export class LagBook {
  readonly #pages = new Map<string, Page>();

  /** States that were asked for at the same time; undefined for a replica that did not answer. */
  note(states: ReadonlyMap<string, MerkleState | undefined>, nowMs: number): void {
    for (const node of this.#pages.keys()) if (!states.has(node)) this.#pages.delete(node);
    for (const [node, state] of states) {
      const page = this.#page(node, nowMs);
      page.isSilent = state === undefined;
      if (state) page.applied = state.applied_version;
    }
    const roots = new Set([...states.values()].map((state) => state?.root));
    if (roots.size === 1 && !roots.has(undefined)) {
      for (const node of states.keys()) this.whole(node, nowMs);
    }
  }

  /** A comparison showed that it lacks nothing but writes under way. */
  whole(node: string, nowMs: number): void {
    Object.assign(this.#page(node, nowMs), { wholeMs: nowMs, lacks: false });
  }

  /** A comparison showed that it lacked something. */
  lacking(node: string, nowMs: number): void {
    this.#page(node, nowMs).lacks = true;
  }

  /** Undefined for a replica that nothing is known of. */
  lagMs(node: string, nowMs: number): number | undefined {
    const page = this.#pages.get(node);
    if (!page) return undefined;
    const newest = [...this.#pages.values()].reduce(
      (best, { applied }) => (applied > best ? applied : best),
      "",
    );
    const behindMs = page.applied < newest ? ageMs(page.applied, newest, nowMs) : 0;
    return Math.max(0, behindMs, page.lacks || page.isSilent ? nowMs - page.wholeMs : 0);
  }

  #page(node: string, nowMs: number): Page {
    const known = this.#pages.get(node);
    if (known) return known;
    const page: Page = { applied: "", wholeMs: nowMs, lacks: false, isSilent: false };
    this.#pages.set(node, page);
    return page;
  }
}

/** One that has nothing at all is behind by the age of the newest write. */
function ageMs(applied: string, newest: string, nowMs: number): number {
  return applied === "" ? nowMs - versionTime(newest) : versionTime(newest) - versionTime(applied);
}
