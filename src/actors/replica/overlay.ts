/** A map as it will be once a group is committed: changes over what is there, which stays as it is. */
export class Overlay<Value> {
  readonly #base: Map<string, Value>;
  readonly #changes = new Map<string, Value | undefined>();

  constructor(base: Map<string, Value>) {
    this.#base = base;
  }

  /** Certainly nothing is in it. */
  get isEmpty(): boolean {
    return this.#base.size === 0 && this.#changes.size === 0;
  }

  get(key: string): Value | undefined {
    return this.#changes.has(key) ? this.#changes.get(key) : this.#base.get(key);
  }

  /** Without a value: removes it. */
  set(key: string, value: Value | undefined): void {
    this.#changes.set(key, value);
  }

  get changes(): ReadonlyMap<string, Value | undefined> {
    return this.#changes;
  }

  *values(): Generator<Value> {
    for (const [key, value] of this.#base) if (!this.#changes.has(key)) yield value;
    for (const value of this.#changes.values()) if (value !== undefined) yield value;
  }

  /** Makes the changes, once they are durable. */
  commit(): void {
    for (const [key, value] of this.#changes) {
      if (value === undefined) this.#base.delete(key);
      else this.#base.set(key, value);
    }
  }
}
