/** The pure supervisor driven by hand, in virtual time: what its tests share. */
import { type PlainError, seededRandom } from "../../../src/base/index.js";
import type { Termination } from "../../../src/runtime/index.js";
import { type ChildSpec, checkSpec } from "../../../src/supervisors/index.js";
import { decide } from "../../../src/supervisors/decide.js";
import {
  type Effect,
  type SupervisorEvent,
  type SupervisorState,
  emptyState,
} from "../../../src/supervisors/state.js";

export const bug: PlainError = { code: "INTERNAL", message: "a bug" };
export const reasons = ["normal", "error", "host_lost"] as const;

/** A supervisor's state driven by hand, in time of its own. */
export class Driver {
  state: SupervisorState = emptyState;
  now = 0;
  readonly #random = seededRandom(5);

  constructor() {
    this.send({ type: "host", host: "worker-0", role: "work", up: true });
  }

  send(event: SupervisorEvent): readonly Effect[] {
    const { state, effects } = decide(this.state, event, this.now, this.#random);
    this.state = state;
    return effects;
  }

  /** Adds a child and lets it start. */
  run(name: string, spec: Partial<ChildSpec> = {}): void {
    const start = { module: "m", host: "worker-0" };
    this.send({ type: "add", spec: checkSpec({ name, start, ...spec }) });
    this.started(name);
  }

  started(name: string): readonly Effect[] {
    return this.send({ type: "started", name, life: this.life(name) });
  }

  exit(name: string, reason: Termination["reason"] = "error"): readonly Effect[] {
    const address = { host: "worker-0", name };
    const end = reason === "error" ? { address, reason, error: bug } : { address, reason };
    return this.send({ type: "exited", name, life: this.life(name), end });
  }

  due(name: string): readonly Effect[] {
    return this.send({ type: "due", name, life: this.life(name) });
  }

  phase(name: string): string | undefined {
    return this.state.children.get(name)?.at.phase;
  }

  life(name: string): number {
    return this.state.children.get(name)?.life ?? 0;
  }
}

export function delayOf(effects: readonly Effect[]): number | undefined {
  for (const effect of effects) {
    if (effect.type === "delay") return effect.delayMs;
    if (effect.type === "start") return 0;
  }
  return undefined;
}

export const typesOf = (effects: readonly Effect[]): string[] =>
  effects.map((effect) => (effect.type === "emit" ? effect.event.type : effect.type));
