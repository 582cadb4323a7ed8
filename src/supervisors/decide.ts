/**
 * The supervisor as a pure state machine, after Erlang/OTP's one-for-one supervisor with the
 * back-off of Pekko: an event and the time go in, the next state and what is to be done come out.
 * The actor around it (supervisor-actor.ts) only performs effects, so every rule here is tested in
 * virtual time, without threads.
 *
 * Invariants: a child has at most one life at a time; what an earlier life reports is ignored;
 * while closing nothing is started, and one child at a time is stopped, the last added first.
 */
import { type PlainError, type Random, unreachable } from "../base/index.js";
import type { Termination } from "../runtime/index.js";
import type { CheckedSpec } from "./child-spec.js";
import { pickHost } from "./pick-host.js";
import { attemptsBefore, isRestarted, restartDelayMs, spendRestart } from "./restart-policy.js";
import type {
  Child,
  ChildPhase,
  Decision,
  Effect,
  LifecycleDetails,
  SupervisorEvent,
  SupervisorState,
} from "./state.js";

/** The next state after `event` at `nowMs`, and the effects to perform, in order. */
export function decide(
  state: SupervisorState,
  event: SupervisorEvent,
  nowMs: number,
  random: Random,
): Decision {
  const draft = new Draft(state, nowMs, random);
  apply(draft, event);
  return draft.decision();
}

/** The decision in the making. */
class Draft {
  readonly children: Map<string, Child>;
  readonly hosts: Map<string, { readonly role: string; readonly up: boolean }>;
  readonly effects: Effect[] = [];
  phase: SupervisorState["phase"];

  constructor(
    state: SupervisorState,
    readonly nowMs: number,
    readonly random: Random,
  ) {
    this.children = new Map(state.children);
    this.hosts = new Map(state.hosts);
    this.phase = state.phase;
  }

  decision(): Decision {
    const { children, hosts, phase, effects } = this;
    return { state: { children, hosts, phase }, effects };
  }

  emit(event: LifecycleDetails): void {
    this.effects.push({ type: "emit", event });
  }

  put(child: Child, at: ChildPhase, changes: Partial<Child> = {}): Child {
    const next = { ...child, ...changes, at };
    this.children.set(child.spec.name, next);
    return next;
  }

  /** The child, when `life` is its present one. */
  living(name: string, life: number): Child | undefined {
    const child = this.children.get(name);
    return child?.life === life ? child : undefined;
  }
}

function apply(draft: Draft, event: SupervisorEvent): void {
  switch (event.type) {
    case "add": {
      add(draft, event.spec);
      return;
    }
    case "remove": {
      remove(draft, event.name);
      return;
    }
    case "started": {
      started(draft, draft.living(event.name, event.life));
      return;
    }
    case "start_failed": {
      startFailed(draft, draft.living(event.name, event.life), event.error);
      return;
    }
    case "exited": {
      exited(draft, draft.living(event.name, event.life), event.end);
      return;
    }
    case "stopped": {
      stopped(draft, draft.living(event.name, event.life));
      return;
    }
    case "due": {
      due(draft, draft.living(event.name, event.life));
      return;
    }
    case "host": {
      hostChanged(draft, event.host, event.role, event.up);
      return;
    }
    case "close": {
      close(draft);
      return;
    }
    default:
      unreachable(event);
  }
}

function add(draft: Draft, spec: CheckedSpec): void {
  if (draft.phase !== "running") return;
  // An ended child of that name makes room; its place in the order is that of the new one.
  draft.children.delete(spec.name);
  const at = { phase: "delayed" } as const;
  begin(draft, { spec, at, life: 0, everRan: false, attempt: 0, restartsMs: [] });
}

/** Starts a child now, or once a host is up. */
function begin(draft: Draft, child: Child): void {
  const host = pickHost(child.spec, draft.hosts, draft.children);
  const { name } = child.spec;
  if (host === undefined) {
    draft.put(child, { phase: "waiting_for_host" });
    draft.emit({ type: "child_waiting_for_host", child: name });
    return;
  }
  const life = child.life + 1;
  draft.put(child, { phase: "starting", host, stopWanted: false }, { life });
  draft.effects.push({ type: "start", name, life, host });
}

function started(draft: Draft, child: Child | undefined): void {
  if (child?.at.phase !== "starting") return;
  const { host, stopWanted } = child.at;
  const { name } = child.spec;
  draft.emit({ type: "child_started", child: name, on: host, life: child.life });
  const running = draft.put(
    child,
    { phase: "running", host, sinceMs: draft.nowMs },
    { everRan: true },
  );
  if (stopWanted) stop(draft, running);
}

function startFailed(draft: Draft, child: Child | undefined, error: PlainError): void {
  if (child?.at.phase !== "starting") return;
  const { name } = child.spec;
  draft.emit({ type: "child_start_failed", child: name, error });
  if (child.at.stopWanted || draft.phase !== "running") {
    stopped(draft, child);
  } else if (error.code === "CLOSED") {
    restart(draft, child, error, true);
  } else if (child.everRan) {
    restart(draft, child, error, false);
  } else {
    // A child that never ran is its adder's affair: it is told, and the child forgotten.
    draft.children.delete(name);
  }
}

function exited(draft: Draft, child: Child | undefined, end: Termination): void {
  if (child?.at.phase !== "running") return;
  const { reason, error } = end;
  const { name, restart: policy } = child.spec;
  const told = { type: "child_exited", child: name, reason } as const;
  draft.emit(error ? { ...told, error } : told);
  if (draft.phase !== "running") stopped(draft, child);
  else if (isRestarted(policy, reason)) {
    restart(draft, child, error ?? lost(child), reason === "host_lost");
  } else if (policy === "temporary") draft.children.delete(name);
  else draft.put(child, { phase: "ended" });
}

function restart(draft: Draft, child: Child, error: PlainError, hostLost: boolean): void {
  const { name, backoff } = child.spec;
  const restartsMs = spendRestart(child.restartsMs, backoff.budget, draft.nowMs);
  if (!restartsMs) {
    giveUp(draft, child, error);
    return;
  }
  const attempt = attemptsBefore(child, draft.nowMs);
  const delayMs = restartDelayMs(backoff, attempt, hostLost, draft.random);
  draft.emit({ type: "child_restarting", child: name, delay_ms: delayMs });
  const next = draft.put(child, { phase: "delayed" }, { attempt: attempt + 1, restartsMs });
  if (delayMs === 0) begin(draft, next);
  else draft.effects.push({ type: "delay", name, life: child.life, delayMs });
}

function giveUp(draft: Draft, child: Child, error: PlainError): void {
  const { name, backoff } = child.spec;
  draft.put(child, { phase: "ended", error });
  draft.emit({ type: "child_gave_up", child: name, restarts: backoff.budget.restarts });
  draft.emit({ type: "escalated", child: name });
  draft.effects.push({ type: "escalate", name, error });
}

function due(draft: Draft, child: Child | undefined): void {
  if (child?.at.phase === "delayed" && draft.phase === "running") begin(draft, child);
}

function hostChanged(draft: Draft, host: string, role: string, up: boolean): void {
  draft.hosts.set(host, { role, up });
  if (!up || draft.phase !== "running") return;
  for (const child of [...draft.children.values()]) {
    const waits = child.at.phase === "waiting_for_host";
    if (waits && pickHost(child.spec, draft.hosts, draft.children) !== undefined) {
      begin(draft, child);
    }
  }
}

function remove(draft: Draft, name: string): void {
  const child = draft.children.get(name);
  if (child) stop(draft, child);
}

/** Stops a child for good, whatever it is doing. */
function stop(draft: Draft, child: Child): void {
  const { at, life, spec } = child;
  switch (at.phase) {
    case "starting":
      draft.put(child, { ...at, stopWanted: true });
      return;
    case "running":
      draft.put(child, { phase: "stopping", host: at.host });
      draft.effects.push({ type: "stop", name: spec.name, life, host: at.host });
      return;
    case "stopping":
      return;
    case "delayed":
    case "waiting_for_host":
    case "ended":
      forget(draft, child);
      return;
    default:
      unreachable(at);
  }
}

function stopped(draft: Draft, child: Child | undefined): void {
  if (!child) return;
  forget(draft, child);
  if (draft.phase === "closing") stopLast(draft);
}

function forget(draft: Draft, child: Child): void {
  const { name } = child.spec;
  draft.children.delete(name);
  if (child.at.phase !== "ended") draft.emit({ type: "child_stopped", child: name });
}

function close(draft: Draft): void {
  if (draft.phase !== "running") return;
  draft.phase = "closing";
  stopLast(draft);
}

/** Stops from the end of the order up to the first child for which that takes time. */
function stopLast(draft: Draft): void {
  for (const child of [...draft.children.values()].reverse()) {
    stop(draft, child);
    if (draft.children.has(child.spec.name)) return;
  }
  draft.phase = "closed";
}

function lost(child: Child): PlainError {
  return { code: "INTERNAL", message: `${child.spec.name} ended` };
}
