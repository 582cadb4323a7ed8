/** What all requests of one server, or of one Express app, share. */
import type { Clock, DvespError, Random } from "../base/index.js";
import { openApiDocument } from "../protocol/index.js";
import type { NodeService } from "../protocol/index.js";
import { hostCheck, keyCheck } from "./access.js";
import type { HostCheck, KeyCheck } from "./access.js";
import { Admission } from "./admission.js";
import { ConnectionEnds } from "./connection-ends.js";
import { EventHub } from "./event-hub.js";
import { defaultHttpLimits } from "./options.js";
import type { HttpLimits, HttpOptions, Observation } from "./options.js";

export class ApiContext {
  readonly service: NodeService;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: HttpLimits;
  readonly admission: Admission;
  readonly events: EventHub;
  readonly connections = new ConnectionEnds();
  readonly checkKey: KeyCheck;
  readonly checkHost: HostCheck;
  /** The contract's document, encoded. */
  readonly openApi: string;
  /** Set when the server drains: answers then ask the client to leave. */
  closing = false;
  readonly #options: HttpOptions;
  #underWay = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(options: HttpOptions) {
    this.#options = options;
    this.service = options.service;
    this.clock = options.clock;
    this.random = options.random;
    this.limits = { ...defaultHttpLimits, ...options.limits };
    this.admission = new Admission(this.limits);
    this.checkKey = keyCheck(options.api_key);
    this.checkHost = hostCheck(options.allowed_hosts);
    const { version } = options;
    this.openApi = JSON.stringify(openApiDocument(version === undefined ? undefined : { version }));
    this.events = new EventHub({
      subscribe: (listener) => options.service.on_event(listener),
      onUnreadable: (error) => this.onError(error, "event stream"),
    });
  }

  /** Counts an exchange in, and with `end` out. */
  begin(): void {
    this.#underWay++;
  }

  end(): void {
    this.#underWay--;
    if (this.#underWay === 0) for (const resume of this.#waiting.splice(0)) resume();
  }

  /** Resolves as soon as no exchange is under way. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#underWay === 0) resolve();
      else this.#waiting.push(resolve);
    });
  }

  observe(observation: Observation): void {
    this.#options.observe?.(observation);
  }

  onError(error: DvespError, requestId: string): void {
    this.#options.onError?.(error, requestId);
  }
}
