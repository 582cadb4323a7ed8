/** What can befall a machine: power cuts, dead threads, stops, slow and full disks, jumps of its clock. */
import { randomBelow } from "../../src/base/index.js";
import type { Clock, Random } from "../../src/base/index.js";
import type { Fault, FaultKind } from "./faults.js";
import type { Machine } from "./machine.js";

export interface MachineFaultParts {
  readonly machines: readonly Machine[];
  readonly clock: Clock;
  readonly random: Random;
  /** How far off wall clocks are set at most: one that is set anew jumps by twice as much. */
  readonly jumpMsMax: number;
  /** How much longer they are away than they are by default. */
  readonly awayFactor?: number;
}

export function machineFaults(parts: MachineFaultParts): FaultKind[] {
  const on = (
    name: string,
    weight: number,
    lastsMsMax: number,
    begin: (machine: Machine) => Fault,
  ): FaultKind => ({ name, weight, lastsMsMax, begin: () => troubled(parts, begin) });
  const awayMsMax = 3000 * (parts.awayFactor ?? 1);
  return [
    on("power_cut", 3, awayMsMax, powerCut),
    on("kill", 3, awayMsMax, kill),
    on("dead_thread", 2, 10, (machine) => deadThread(machine, parts)),
    on("standstill", 2, 4000, standstill),
    on("slow_disk", 2, 3000, (machine) => slowDisk(machine, parts)),
    on("full_disk", 1, 3000, fullDisk),
    on("clock_jump", 1, 10, (machine) => clockJump(machine, parts)),
  ];
}

/** One machine, once, loses its disk. */
export function diskLoss(parts: MachineFaultParts): FaultKind {
  let isLost = false;
  const begin = (): Fault | undefined => {
    if (isLost) return undefined;
    const fault = troubled(parts, lostDisk);
    isLost = fault !== undefined;
    return fault;
  };
  return { name: "lost_disk", weight: 6, lastsMsMax: 2000, begin };
}

/** A fault of a machine that runs and that no other one has now. */
function troubled(
  { machines, random }: MachineFaultParts,
  begin: (machine: Machine) => Fault,
): Fault | undefined {
  const healthy = machines.filter((one) => one.running && !one.isTroubled);
  const machine = healthy[randomBelow(random, Math.max(1, healthy.length))];
  return machine && faultOf(machine, begin);
}

/** A fault of this machine, unless it has another one, or does not run. */
export function faultOf(machine: Machine, begin: (machine: Machine) => Fault): Fault | undefined {
  if (!machine.running || machine.isTroubled) return undefined;
  machine.isTroubled = true;
  const { where, mend } = begin(machine);
  const mended = async (): Promise<void> => {
    await mend();
    machine.isTroubled = false;
  };
  return { where: `${machine.name}${where}`, mend: mended };
}

export function powerCut(machine: Machine): Fault {
  machine.cutPower();
  return { where: "", mend: () => machine.start() };
}

function lostDisk(machine: Machine): Fault {
  machine.loseDisk();
  return { where: "", mend: () => machine.start() };
}

export function kill(machine: Machine): Fault {
  machine.kill();
  return { where: "", mend: () => machine.start() };
}

function deadThread(machine: Machine, { random }: MachineFaultParts): Fault {
  const hosts = machine.running?.node.hosts;
  const up = hosts?.hosts().filter(({ state }) => state === "up") ?? [];
  const { name } = up[randomBelow(random, up.length)] as { name: string };
  void hosts?.killHost(name, "terminate");
  return { where: `, ${name}`, mend: () => undefined };
}

/** The thread that writes dies. */
export function deadWriter(machine: Machine): Fault {
  const hosts = machine.running?.node.hosts;
  const writer = hosts?.hosts().find(({ role, state }) => role === "write" && state === "up");
  if (writer) void hosts?.killHost(writer.name, "terminate");
  return { where: `, ${writer?.name ?? "no thread"}`, mend: () => undefined };
}

function standstill(machine: Machine): Fault {
  machine.stop();
  return { where: "", mend: () => machine.resume() };
}

function slowDisk(machine: Machine, { clock, random }: MachineFaultParts): Fault {
  const { medium } = machine.storage.disk;
  medium.slowDown(clock, 1 + randomBelow(random, 40));
  return { where: "", mend: () => medium.slowDown(clock, 0) };
}

function fullDisk(machine: Machine): Fault {
  const { medium } = machine.storage.disk;
  medium.limitBytes(medium.usedBytes);
  return { where: "", mend: () => medium.limitBytes(Infinity) };
}

function clockJump(machine: Machine, { random, jumpMsMax }: MachineFaultParts): Fault {
  const ms = randomBelow(random, 2 * jumpMsMax) - jumpMsMax;
  machine.setClock(ms);
  return { where: ` to ${ms} ms off`, mend: () => undefined };
}
