/** Callers that wait for a child to get somewhere; asked again after every change. */

type Look<Seen, Result> = (child: Seen) => { readonly result: Result } | undefined;

interface Waiter<Seen> {
  readonly name: string;
  /** True once served; throws never. */
  readonly serve: (child: Seen) => boolean;
}

export class WaitingRoom<Seen> {
  #waiters: Waiter<Seen>[] = [];

  /** Resolves with what `look` finds for the child, or rejects with what it throws. */
  wait<Result>(name: string, look: Look<Seen, Result>): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      const serve = (child: Seen): boolean => {
        try {
          const found = look(child);
          if (found) resolve(found.result);
          return found !== undefined;
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
          return true;
        }
      };
      this.#waiters.push({ name, serve });
    });
  }

  /** Lets everybody look again. */
  review(childOf: (name: string) => Seen): void {
    if (this.#waiters.length === 0) return;
    this.#waiters = this.#waiters.filter(({ name, serve }) => !serve(childOf(name)));
  }
}
