/**
 * The payload index against looking at every row: random histories of writes, of a builder that takes
 * its time, dies and goes on, and of readers that get to know of it late, in every step of a commit.
 */
import { describe, expect, it } from "vitest";
import { randomBelow, seededRandom } from "../../../src/base/index.js";
import type { Random } from "../../../src/base/index.js";
import { AdmittedRows, ChangeLog, PayloadBuilder } from "../../../src/payload/index.js";
import type { PayloadPublication } from "../../../src/payload/index.js";
import { PlainRows } from "./plain-rows.js";
import type { Change } from "./plain-rows.js";
import { pick, randomFilter, randomMetadata } from "./random-metadata.js";

const seeds = Array.from({ length: 40 }, (_, at) => 3000 + at);
const stepsPerHistory = 60;
const sizes = { smallRows: 16, foldedFrom: 5 };

class History {
  readonly #random: Random;
  readonly #rows: PlainRows;
  readonly #readers: AdmittedRows[];
  readonly #filters: Record<string, unknown>[];
  #builder: PayloadBuilder;
  #publication: PayloadPublication | undefined;

  constructor(readonly seed: number) {
    this.#random = seededRandom(seed);
    // Some logs are so short that readers and builders fall out of them.
    const changes = ChangeLog.create(seed % 3 === 0 ? 12 : 1000);
    this.#rows = new PlainRows(changes);
    this.#readers = [new AdmittedRows(changes), new AdmittedRows(changes)];
    this.#filters = Array.from({ length: 6 }, () => randomFilter(this.#random));
    this.#builder = new PayloadBuilder(changes, undefined, sizes);
  }

  run(): void {
    for (let step = 0; step < stepsPerHistory; step++) {
      this.#step();
      this.#check();
    }
  }

  #step(): void {
    const random = this.#random;
    switch (randomBelow(random, 8)) {
      case 0:
      case 1:
        return this.#insert();
      case 2:
      case 3:
        return this.#change();
      case 4:
      case 5: {
        this.#build();
        return;
      }
      case 6: {
        this.#publish();
        return;
      }
      default: {
        const { changes } = this.#rows;
        this.#builder = new PayloadBuilder(changes, this.#publication, sizes);
      }
    }
  }

  #insert(): void {
    const count = randomBelow(this.#random, 30);
    const { next } = this.#rows;
    const changed = Array.from({ length: count }, (_, at): Change => [
      next + at,
      randomMetadata(this.#random),
    ]);
    this.#rows.commit(changed, randomBelow(this.#random, 3), () => this.#disturb());
  }

  /** Rows updated under their ordinals, and rows that go. */
  #change(): void {
    const { live } = this.#rows;
    if (live.length === 0) return;
    const changed = new Map<number, Change>();
    for (let left = randomBelow(this.#random, 12); left > 0; left--) {
      const ordinal = pick(this.#random, live);
      const goes = randomBelow(this.#random, 3) === 0;
      changed.set(ordinal, [ordinal, goes ? undefined : randomMetadata(this.#random)]);
    }
    this.#rows.commit([...changed.values()], 0, () => this.#disturb());
  }

  /** What other threads do in the middle of a commit. */
  #disturb(): void {
    if (randomBelow(this.#random, 2) === 0) this.#build();
    if (randomBelow(this.#random, 3) === 0) this.#publish();
    this.#check();
  }

  #build(): void {
    this.#builder.step(() => this.#rows.snapshot(), 1 + randomBelow(this.#random, 40));
  }

  #publish(): void {
    if (this.#builder.unpublished > 0) this.#publication = this.#builder.publish();
    if (this.#publication) pick(this.#random, this.#readers).refresh(this.#publication);
  }

  #check(): void {
    const isOld = randomBelow(this.#random, 3) > 0;
    const filter = isOld ? pick(this.#random, this.#filters) : randomFilter(this.#random);
    const { ordinals } = this.#rows.ask(pick(this.#random, this.#readers), filter);
    const where = `seed ${this.seed}, ${JSON.stringify(filter)}`;
    expect(ordinals, where).toEqual(this.#rows.expected(filter));
  }
}

describe("admitted rows", () => {
  it.each(seeds)("are those that looking at every row finds (seed %i)", (seed) => {
    new History(seed).run();
  });
});
