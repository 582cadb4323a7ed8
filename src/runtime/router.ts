/** Which link leads to which host. A worker has one link, to the hub; the hub has one per worker. */
import { type DvespError, invalid } from "../base/index.js";
import type { Frame, Link, LinkHandlers, SendOutcome } from "../mailbox/index.js";

export class Router {
  readonly #links = new Map<string, Link>();
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

  /** Forgets `link`, if it is still the one to `host`. */
  disconnect(host: string, link: Link): boolean {
    if (this.#links.get(host) !== link) return false;
    this.#links.delete(host);
    link.close();
    return true;
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
    const link = this.#links.get(frame.header.to.host) ?? this.#hub?.link;
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
    this.#hub?.link.close();
    this.#hub = undefined;
  }
}

function notSendable(error: unknown): DvespError {
  return invalid(`the message cannot be carried: ${String(error)}`);
}
