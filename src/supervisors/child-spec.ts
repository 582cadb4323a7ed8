/**
 * Children as data: what to start, where, and what to do when it ends. Specs are checked, with
 * every default filled in, before any child starts.
 */
import { assert, invalid } from "../base/index.js";
import type { AnyDefinition, BackoffRange } from "../runtime/index.js";

/**
 * `permanent`: always started again. `transient`: started again unless it ended normally.
 * `temporary`: never started again.
 */
export const restartPolicies = ["permanent", "transient", "temporary"] as const;
export type RestartPolicy = (typeof restartPolicies)[number];

/** A value, or how to get it at each start (so that shared memory is the current one). */
export type Given<T> = T | (() => T | Promise<T>);

/** An actor from a module, on a worker thread or here. */
export interface ModuleStart {
  /** URL, as the host's loader takes it. */
  readonly module: string;
  /** Default `default`. */
  readonly export?: string;
  /** One host by name, or whichever host of a role has the fewest children. Default: this thread. */
  readonly host?: string | { readonly role: string };
  /** Functions are called at each start; a function itself is never an argument. */
  readonly args?: unknown;
  readonly attachments?: Given<readonly unknown[]>;
}

/** An actor of this thread whose code is at hand. */
export interface LocalStart {
  readonly definition: AnyDefinition;
  readonly args?: unknown;
  readonly attachments?: Given<readonly unknown[]>;
}

export interface RestartBudget {
  /** Restarts allowed within `withinMs`; one more and the supervisor escalates. */
  readonly restarts: number;
  readonly withinMs: number;
}

export interface Backoff extends BackoffRange {
  /** A child that ran this long is well again: its next restart is a first one. */
  readonly resetMs: number;
  readonly budget: RestartBudget;
}

export interface ChildSpec {
  /** The actor's name; unique within its supervisor and on its host. */
  readonly name: string;
  readonly start: ModuleStart | LocalStart;
  /** Default `permanent`. */
  readonly restart?: RestartPolicy;
  /** How long the child may take to stop. Default 5000. */
  readonly shutdownMs?: number;
  /** How long the child may take to start. Default 60,000. */
  readonly startMs?: number;
  readonly backoff?: Partial<Backoff>;
}

/** A spec with its defaults. */
export interface CheckedSpec {
  readonly name: string;
  readonly start: ModuleStart | LocalStart;
  readonly restart: RestartPolicy;
  readonly shutdownMs: number;
  readonly startMs: number;
  readonly backoff: Backoff;
}

/** A killed thread must serve again well within two seconds, so the first restarts are quick. */
export const backoffDefault: Backoff = {
  minMs: 10,
  maxMs: 5000,
  jitter: 0.2,
  resetMs: 10_000,
  budget: { restarts: 20, withinMs: 60_000 },
};
const shutdownMsDefault = 5000;
const startMsDefault = 60_000;

/** Checks one spec. Errors: `INVALID_ARGUMENT`, with the field. */
export function checkSpec(spec: ChildSpec): CheckedSpec {
  const { name, start, restart = "permanent" } = spec;
  const { shutdownMs = shutdownMsDefault, startMs = startMsDefault } = spec;
  const backoff = { ...backoffDefault, ...spec.backoff };
  const where = `child ${JSON.stringify(name)}`;
  if (typeof name !== "string" || name === "") throw invalid("a child needs a name", "name");
  if (!restartPolicies.includes(restart)) throw invalid(`${where}: unknown restart`, "restart");
  checkMs(shutdownMs, where, "shutdownMs");
  checkMs(startMs, where, "startMs");
  checkStart(start, where);
  checkBackoff(backoff, where);
  return { name, start, restart, shutdownMs, startMs, backoff };
}

/** Checks all specs, and that their names differ. Errors: `INVALID_ARGUMENT`. */
export function checkSpecs(specs: readonly ChildSpec[]): CheckedSpec[] {
  const checked = specs.map(checkSpec);
  const names = new Set(checked.map(({ name }) => name));
  if (names.size !== checked.length) throw invalid("two children have the same name", "name");
  return checked;
}

/** The value of a `Given` for this start. */
export async function given(value: unknown): Promise<unknown> {
  return typeof value === "function" ? await (value as () => unknown)() : value;
}

function checkStart(start: ModuleStart | LocalStart, where: string): void {
  if ("definition" in start) return;
  if (typeof start.module !== "string" || start.module === "") {
    throw invalid(`${where}: a module URL or a definition is needed`, "start.module");
  }
}

function checkBackoff(backoff: Backoff, where: string): void {
  const { minMs, maxMs, jitter, resetMs, budget } = backoff;
  checkMs(minMs, where, "backoff.minMs");
  checkMs(maxMs, where, "backoff.maxMs");
  checkMs(resetMs, where, "backoff.resetMs");
  checkMs(budget.withinMs, where, "backoff.budget.withinMs");
  if (minMs > maxMs) throw invalid(`${where}: minMs is above maxMs`, "backoff.minMs");
  if (!(jitter >= 0 && jitter <= 1)) throw invalid(`${where}: jitter is 0 to 1`, "backoff.jitter");
  if (!Number.isSafeInteger(budget.restarts) || budget.restarts < 0) {
    throw invalid(`${where}: restarts is a count`, "backoff.budget.restarts");
  }
}

function checkMs(value: number, where: string, field: string): void {
  if (!(Number.isFinite(value) && value >= 0)) {
    throw invalid(`${where}: ${field} is a number of milliseconds`, field);
  }
}

assert(backoffDefault.minMs <= backoffDefault.maxMs, "the default back-off is a range");
