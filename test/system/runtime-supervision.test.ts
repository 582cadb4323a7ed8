import { afterEach, describe, expect, it } from "vitest";
import type { ActorRef } from "../../dist/runtime/index.js";
import * as supervisors from "../../dist/supervisors/index.js";
import { type Threads, actorModule, startThreads } from "./runtime-fixture.js";

let threads: Threads | undefined;
let supervisor: supervisors.Supervisor | undefined;
afterEach(async () => {
  await supervisor?.stop(3000);
  await threads?.close();
  supervisor = undefined;
  threads = undefined;
});

const echo = actorModule("(message) => message");

async function supervised(
  children: readonly supervisors.ChildSpec[],
): Promise<supervisors.Supervisor> {
  threads = await startThreads({ count: 2 });
  const { system, pool: hosts } = threads;
  supervisor = new supervisors.Supervisor({ name: "top", system, hosts, children });
  await supervisor.start();
  return supervisor;
}

/** Asks until there is an answer; the deadline of the test is the limit. */
async function untilServed(ref: ActorRef): Promise<void> {
  for (;;) {
    const { outcome } = await ref.ask("?", { timeout_ms: 100 });
    if (outcome === "ok") return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("supervised actors on real threads", () => {
  it.each(["throw", "exit", "out_of_memory", "terminate"] as const)(
    "R37: serve again within two seconds when their thread ends by %s",
    async (how) => {
      const top = await supervised(
        Array.from({ length: 8 }, (_, n) => ({
          name: `child-${n}`,
          start: { module: echo, host: n < 6 ? "worker-0" : "worker-1" },
        })),
      );
      const { system, pool } = threads!;
      const refs = top.children().map(({ name, host }) => system.ref({ host: host!, name }));
      const lost = threads!.next("host_lost");
      const killedAt = performance.now();
      await pool.killHost("worker-0", how);
      await lost;
      await Promise.all(refs.map(untilServed));
      const servedMs = performance.now() - killedAt;
      console.log(`${how}: kill to all 8 actors served again ${Math.round(servedMs)} ms`);
      expect(servedMs).toBeLessThan(2000);
      expect(top.children().map(({ life }) => life)).toEqual([2, 2, 2, 2, 2, 2, 1, 1]);
    },
  );

  it("R37: children of a role move to a thread that lives, without waiting for the new one", async () => {
    const top = await supervised([]);
    const start = { module: echo, host: { role: "work" } };
    const first = await top.startChild({ name: "any", start });
    const moved = new Promise<string>((resolve) =>
      top.lifecycle$.subscribe((event) => {
        if (event.type === "child_started") resolve(event.on);
      }),
    );
    await threads!.pool.killHost(first.address.host, "exit");
    expect(await moved).not.toBe(first.address.host);
    await untilServed(await top.whenRunning("any"));
  });

  it("R33: a crash on a worker restarts that child alone", async () => {
    const touchy = actorModule(`(m) => { if (m === "crash") throw new Error("a bug"); return m; }`);
    const top = await supervised(
      ["a", "b"].map((name) => ({ name, start: { module: touchy, host: "worker-0" } })),
    );
    const ref = threads!.system.ref({ host: "worker-0", name: "a" });
    const exited = threads!.next("actor_crashed");
    ref.tell("crash");
    expect(await exited).toMatchObject({ host: "worker-0", actor: "a" });
    await untilServed(ref);
    expect(top.children().map(({ life }) => life)).toEqual([2, 1]);
  });
});
