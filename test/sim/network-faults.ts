/** What can befall the links between machines: cuts in one direction or both, partitions, resets, clogs. */
import { randomBelow, sleep } from "../../src/base/index.js";
import type { Clock, MemoryNetwork, Random } from "../../src/base/index.js";
import type { Fault, FaultKind } from "./faults.js";

export interface NetworkFaultParts {
  readonly network: MemoryNetwork;
  /** Of all machines, with that of the cluster store. */
  readonly names: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
}

type Pair = readonly [string, string];

export function networkFaults(parts: NetworkFaultParts): FaultKind[] {
  const of = (
    name: string,
    weight: number,
    lastsMsMax: number,
    begin: (parts: NetworkFaultParts) => Fault,
  ): FaultKind => ({ name, weight, lastsMsMax, begin: () => begin(parts) });
  return [
    of("cut_link", 3, 4000, cutLink),
    of("cut_one_way", 2, 4000, cutOneWay),
    of("isolated", 2, 4000, isolated),
    of("reset", 2, 10, reset),
    of("swizzle", 1, 10, swizzle),
  ];
}

function cutLink({ network, ...parts }: NetworkFaultParts): Fault {
  const [one, other] = somePair(parts);
  network.cut(one, other);
  return { where: `${one}-${other}`, mend: () => network.heal(one, other) };
}

function cutOneWay({ network, ...parts }: NetworkFaultParts): Fault {
  const [one, other] = somePair(parts);
  network.cutOneWay(one, other);
  return { where: `${one}>${other}`, mend: () => network.heal(one, other) };
}

/** One machine is cut off from all others. */
function isolated({ network, names, random }: NetworkFaultParts): Fault {
  const one = names[randomBelow(random, names.length)] as string;
  const others = names.filter((name) => name !== one);
  for (const other of others) network.cut(one, other);
  const mend = (): void => {
    for (const other of others) network.heal(one, other);
  };
  return { where: one, mend };
}

function reset({ network, ...parts }: NetworkFaultParts): Fault {
  const [one, other] = somePair(parts);
  network.reset(one, other);
  return { where: `${one}-${other}`, mend: () => undefined };
}

/** Links are clogged one after the other, and freed in another order (FoundationDB's swizzle-clogging). */
function swizzle({ network, clock, random, ...parts }: NetworkFaultParts): Fault {
  const pairs = shuffled(allPairs(parts.names), random);
  const mend = async (): Promise<void> => {
    for (const [one, other] of pairs) {
      network.cut(one, other);
      await sleep(clock, randomBelow(random, 300));
    }
    for (const [one, other] of shuffled(pairs, random)) {
      await sleep(clock, randomBelow(random, 300));
      network.heal(one, other);
    }
  };
  return { where: "all links", mend };
}

function somePair({ names, random }: Pick<NetworkFaultParts, "names" | "random">): Pair {
  const pairs = allPairs(names);
  const [one, other] = pairs[randomBelow(random, pairs.length)] as Pair;
  return randomBelow(random, 2) === 0 ? [one, other] : [other, one];
}

function allPairs(names: readonly string[]): Pair[] {
  return names.flatMap((one, index) => names.slice(index + 1).map((other): Pair => [one, other]));
}

/** Fisher and Yates. */
function shuffled<T>(values: readonly T[], random: Random): T[] {
  const left = [...values];
  return Array.from({ length: values.length }, () => {
    return left.splice(randomBelow(random, left.length), 1)[0] as T;
  });
}
