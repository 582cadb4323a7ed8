import { MessageChannel } from "node:worker_threads";
import { afterEach } from "vitest";
import { type Credit, PortLink, loopbackPair } from "../../../src/mailbox/index.js";
import { transportSuite } from "../../conformance/transport-suite.js";

/** Several turns of the event loop: a port delivers, answers with credit, and that arrives. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

transportSuite({
  name: "in one thread",
  attachments: true,
  makePair: (window) => {
    const [a, b] = loopbackPair(window);
    return { a, b, settle: () => turns(2) };
  },
});

const open: MessageChannel[] = [];
afterEach(() => {
  for (const { port1, port2 } of open.splice(0)) {
    port1.close();
    port2.close();
  }
});

transportSuite({
  name: "MessagePort",
  attachments: true,
  makePair: (window?: Credit) => {
    const channel = new MessageChannel();
    open.push(channel);
    const { port1, port2 } = channel;
    return {
      a: new PortLink(port1, window),
      b: new PortLink(port2, window),
      injectGarbage: (garbage) => port1.postMessage(garbage),
      settle: () => turns(20),
    };
  },
});
