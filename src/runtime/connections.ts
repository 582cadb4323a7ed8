/**
 * Which hosts and nodes this system is joined with, and who is told when one is lost: asks and watches
 * that went there end, here and on every thread that has its way through this one.
 */
import { assert } from "../base/index.js";
import { type Link, type LinkHandlers, nodeOf } from "../mailbox/index.js";
import type { Router } from "./router.js";
import type { SystemSignal } from "./signals.js";

export interface ConnectionsOptions {
  /** Of this system. */
  readonly host: string;
  readonly router: Router;
  /** What to do with what comes in over a link. */
  readonly handlers: (onClose: () => void) => LinkHandlers;
  readonly signal: (host: string, signal: SystemSignal) => void;
  /** Ends asks to, and watches of, the hosts for which `lost` is true. */
  readonly lose: (lost: (host: string) => boolean) => void;
}

export class Connections {
  readonly #options: ConnectionsOptions;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  /** See `ActorSystem.connect`. */
  connect(host: string, link: Link, onClose: (() => void) | undefined): void {
    const { router, handlers } = this.#options;
    const closed = (): void => {
      onClose?.();
      this.disconnect(host, link);
    };
    router.connect(host, link, handlers(closed));
  }

  connectHub(hub: string, link: Link): void {
    const { host, router, handlers, lose } = this.#options;
    const lostAll = (): void => lose((other) => other !== host);
    router.connectHub(hub, link, handlers(lostAll));
  }

  /** See `ActorSystem.connectNode`. */
  connectNode(hub: string, link: Link, onClose: (() => void) | undefined): void {
    const { host, router, handlers } = this.#options;
    const node = nodeOf(hub);
    assert(node !== "" && node !== nodeOf(host), "another node has another name");
    const before = router.nodeLink(node);
    if (before) this.disconnectNode(node, before);
    const closed = (): void => {
      onClose?.();
      this.disconnectNode(node, link);
    };
    router.connectNode(hub, link, handlers(closed));
  }

  disconnectNode(node: string, link: Link): void {
    if (this.#options.router.disconnectNode(node, link)) this.nodeLost(node);
  }

  disconnect(host: string, link: Link): void {
    const { router, signal } = this.#options;
    if (!router.disconnect(host, link)) return;
    this.hostLost(host);
    for (const hub of router.hubs()) signal(hub, { type: "host_lost", host });
  }

  /** Here and on the threads of this node. */
  hostLost(host: string): void {
    const { router, signal, lose } = this.#options;
    lose((lost) => lost === host);
    for (const other of router.hosts()) signal(other, { type: "host_lost", host });
  }

  /** Here and on the threads of this node. */
  nodeLost(node: string): void {
    const { router, signal, lose } = this.#options;
    lose((lost) => nodeOf(lost) === node);
    for (const other of router.hosts()) signal(other, { type: "node_lost", node });
  }

  close(): void {
    const { host, router, lose } = this.#options;
    router.close();
    lose((other) => other !== host);
  }
}
