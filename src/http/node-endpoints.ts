/** What a node says about itself: health, figures, its neighbours, its contract, its page. */
import { DvespError } from "../base/index.js";
import { encodeAnswer } from "../protocol/index.js";
import { dashboardPage, dashboardPolicy } from "./dashboard.js";
import type { Exchange } from "./exchange.js";

const plainText = { "content-type": "text/plain; charset=utf-8" };

export async function describeCluster(exchange: Exchange): Promise<void> {
  const format = exchange.answerFormat("json");
  const cluster = await exchange.context.service.describe_cluster();
  exchange.answer(format, encodeAnswer(format, cluster));
}

export async function addNode(exchange: Exchange): Promise<void> {
  const format = exchange.answerFormat("json");
  exchange.answer(format, encodeAnswer(format, await exchange.context.service.add_node()));
}

export async function drainNode(exchange: Exchange): Promise<void> {
  const format = exchange.answerFormat("json");
  const change = await exchange.context.service.drain_node(exchange.parameter("node"));
  exchange.answer(format, encodeAnswer(format, change));
}

/** The process runs and its event loop turns; nothing more is claimed. */
export function health(exchange: Exchange): void {
  exchange.send(200, plainText, "alive\n");
}

/** Whether requests should be sent here now. Errors: `CLOSED` with the reason while not. */
export function readiness(exchange: Exchange): void {
  const { service, closing } = exchange.context;
  const reason = closing ? "the server is shutting down" : service.unready_reason();
  if (reason !== undefined) throw new DvespError("CLOSED", reason);
  exchange.send(200, plainText, "ready\n");
}

export async function metrics(exchange: Exchange): Promise<void> {
  const text = await exchange.context.service.metrics_text();
  exchange.send(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }, text);
}

export function openApi(exchange: Exchange): void {
  exchange.send(200, { "content-type": "application/json" }, exchange.context.openApi);
}

export function dashboard(exchange: Exchange): void {
  const headers = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": dashboardPolicy,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
  };
  exchange.send(200, headers, dashboardPage);
}
