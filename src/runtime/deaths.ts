/** How a test ends a worker thread from inside, each way as it happens in earnest. */
import { unreachable } from "../base/index.js";
import type { DeathKind } from "./signals.js";

/** Ends this thread after the present turn of its event loop. */
export function dieSoon(how: DeathKind): void {
  setImmediate(() => {
    switch (how) {
      case "throw":
        throw new Error("uncaught, as the test asked");
      case "exit":
        process.exit(1);
        break;
      case "out_of_memory":
        exhaustHeap();
        break;
      default:
        unreachable(how);
    }
  });
}

function exhaustHeap(): void {
  const hoard: number[][] = [];
  for (;;) hoard.push(new Array<number>(10_000).fill(hoard.length));
}
