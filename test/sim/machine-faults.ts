/** What can befall a machine: power cuts, dead threads, stops, slow and full disks, jumps of its clock. */
import { randomBelow } from "../../src/base/index.js";
import type { Clock, Random } from "../../src/base/index.js";
import type { FaultKind } from "./faults.js";
import type { Machine } from "./sim-node.js";

export interface MachineFaultParts {
  readonly machines: readonly Machine[];
  readonly clock: Clock;
  readonly random: Random;
}

const hosts = ["search-0", "write-0", "build-0"];

export function machineFaults(parts: MachineFaultParts): FaultKind[] {
  return [
    { name: "power_cut", weight: 3, lastsMsMax: 3000, begin: () => powerCut(parts) },
    { name: "dead_thread", weight: 2, lastsMsMax: 10, begin: () => deadThread(parts) },
    { name: "standstill", weight: 2, lastsMsMax: 4000, begin: () => standstill(parts) },
    { name: "slow_disk", weight: 2, lastsMsMax: 3000, begin: () => slowDisk(parts) },
    { name: "full_disk", weight: 1, lastsMsMax: 3000, begin: () => fullDisk(parts) },
    { name: "clock_jump", weight: 1, lastsMsMax: 10, begin: () => clockJump(parts) },
  ];
}

/** A machine that runs and that no other fault has now. */
function healthy({ machines, random }: MachineFaultParts): Machine | undefined {
  const some = machines.filter((one) => one.life && !one.isTroubled);
  return some[randomBelow(random, Math.max(1, some.length))];
}

function powerCut(parts: MachineFaultParts): ReturnType<FaultKind["begin"]> {
  const machine = healthy(parts);
  if (!machine) return undefined;
  machine.crash();
  return { where: machine.name, mend: () => machine.start() };
}

function deadThread(parts: MachineFaultParts): ReturnType<FaultKind["begin"]> {
  const machine = healthy(parts);
  if (!machine?.life) return undefined;
  const host = hosts[randomBelow(parts.random, hosts.length)] as string;
  const { node } = machine.life;
  const up = node.hosts.hosts().some(({ name, state }) => name.endsWith(host) && state === "up");
  if (!up) return undefined;
  void node.hosts.killHost(host, "terminate");
  return { where: `${machine.name}/${host}`, mend: () => undefined };
}

function standstill(parts: MachineFaultParts): ReturnType<FaultKind["begin"]> {
  const machine = healthy(parts);
  const clock = machine?.life?.clock;
  if (!machine || !clock) return undefined;
  machine.isTroubled = true;
  clock.pause();
  const mend = (): void => {
    machine.isTroubled = false;
    clock.resume();
  };
  return { where: machine.name, mend };
}

function slowDisk(parts: MachineFaultParts): ReturnType<FaultKind["begin"]> {
  const machine = healthy(parts);
  if (!machine) return undefined;
  const { medium } = machine.storage.disk;
  machine.isTroubled = true;
  medium.slowDown(parts.clock, 1 + randomBelow(parts.random, 40));
  const mend = (): void => {
    machine.isTroubled = false;
    medium.slowDown(parts.clock, 0);
  };
  return { where: machine.name, mend };
}

function fullDisk(parts: MachineFaultParts): ReturnType<FaultKind["begin"]> {
  const machine = healthy(parts);
  if (!machine) return undefined;
  const { medium } = machine.storage.disk;
  machine.isTroubled = true;
  medium.limitBytes(medium.usedBytes);
  const mend = (): void => {
    machine.isTroubled = false;
    medium.limitBytes(Infinity);
  };
  return { where: machine.name, mend };
}

function clockJump(parts: MachineFaultParts): ReturnType<FaultKind["begin"]> {
  const machine = healthy(parts);
  if (!machine) return undefined;
  const ms = randomBelow(parts.random, 20_000) - 10_000;
  machine.jumpClock(ms);
  return { where: `${machine.name} by ${ms} ms`, mend: () => undefined };
}
