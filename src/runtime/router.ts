/**
 * Which link leads to which host. A worker has one link, to the hub of its node; the hub has one per
 * worker, and one per other node, to that node's hub.
 */
import { type DvespError, invalid } from "../base/index.js";
import type { Frame, Link, LinkHandlers, SendOutcome } from "../mailbox/index.js";
import { nodeOf } from "../mailbox/index.js";

interface NodeLink {
  /** Host of the node's hub. */
  readonly hub: string;
  readonly link: Link;
}

export class Router {
  readonly #links = new Map<string, Link>();
  readonly #nodes = new Map<string, NodeLink>();
  #hub: { readonly host: string; readonly link: Link } | undefined;

  /** Frames to `host` go through `link` from now on. */
  connect(host: string, link: Link, handlers: LinkHandlers): void {
    this.#links.set(host, link);
    link.open(handlers);
  }

  /** Frames to hosts that have no link of their own go through `link`. */
  connectHub(host: string, link: Link, handlers: LinkHandlers): void {
    this.#hub = { host, link };
    link.open(handlers);
  }

  /** Frames to hosts of another node, whose hub is `hub`, go through `link` from now on. */
  connectNode(hub: string, link: Link, handlers: LinkHandlers): void {
    this.#nodes.set(nodeOf(hub), { hub, link });
    link.open(handlers);
  }

  /** The link to a node, if there is one. */
  nodeLink(node: string): Link | undefined {
    return this.#nodes.get(node)?.link;
  }

  /** Forgets `link`, if it is still the one to `host`. */
  disconnect(host: string, link: Link): boolean {
    if (this.#links.get(host) !== link) return false;
    this.#links.delete(host);
    link.close();
    return true;
  }

  /** Forgets `link`, if it is still the one to the node. */
  disconnectNode(node: string, link: Link): boolean {
    if (this.#nodes.get(node)?.link !== link) return false;
    this.#nodes.delete(node);
    link.close();
    return true;
  }

  /** Hubs of other nodes. */
  hubs(): readonly string[] {
    return [...this.#nodes.values()].map(({ hub }) => hub);
  }

  /** Hosts with a link of their own. */
  hosts(): readonly string[] {
    return [...this.#links.keys()];
  }

  /** The host of the hub, when this is not the hub itself. */
  get hub(): string | undefined {
    return this.#hub?.host;
  }

  /** `closed` also when no link leads there. Errors: `INVALID_ARGUMENT` for uncloneable attachments. */
  send(frame: Frame): SendOutcome {
    const { host } = frame.header.to;
    const link = this.#links.get(host) ?? this.#nodes.get(nodeOf(host))?.link ?? this.#hub?.link;
    if (!link) return "closed";
    try {
      return link.send(frame);
    } catch (error) {
      throw notSendable(error);
    }
  }

  close(): void {
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
    for (const { link } of this.#nodes.values()) link.close();
    this.#nodes.clear();
    this.#hub?.link.close();
    this.#hub = undefined;
  }
}

function notSendable(error: unknown): DvespError {
  return invalid(`the message cannot be carried: ${String(error)}`);
}
