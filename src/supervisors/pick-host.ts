/** Where a child goes: its own host, or the least loaded one of a role. */
import type { CheckedSpec } from "./child-spec.js";
import type { Child, HostView } from "./state.js";

/** In a state's hosts: the thread of the supervisor itself. */
export const hereRole = "here";

/** A host that is up and fits the spec; undefined when there is none now. */
export function pickHost(
  spec: CheckedSpec,
  hosts: ReadonlyMap<string, HostView>,
  children: ReadonlyMap<string, Child>,
): string | undefined {
  const wanted = wantedHost(spec);
  if (typeof wanted === "string") return hosts.get(wanted)?.up ? wanted : undefined;
  const load = loads(children);
  let best: string | undefined;
  for (const [host, { role, up }] of hosts) {
    if (!up || role !== wanted.role) continue;
    if (best === undefined || (load.get(host) ?? 0) < (load.get(best) ?? 0)) best = host;
  }
  return best;
}

function wantedHost({ start }: CheckedSpec): string | { readonly role: string } {
  if ("definition" in start) return { role: hereRole };
  return start.host ?? { role: hereRole };
}

/** Children on each host. */
function loads(children: ReadonlyMap<string, Child>): ReadonlyMap<string, number> {
  const load = new Map<string, number>();
  for (const { at } of children.values()) {
    if (at.phase !== "starting" && at.phase !== "running") continue;
    load.set(at.host, (load.get(at.host) ?? 0) + 1);
  }
  return load;
}
