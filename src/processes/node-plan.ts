/** What each node process of a host is: its name, its directory, its addresses. */
import { join } from "node:path";
import { invalid } from "../base/index.js";

export interface NodePlan {
  readonly node: string;
  readonly directory: string;
  /** Where other nodes reach it. */
  readonly listen: string;
  readonly host: string;
  /** Where clients reach it; 0: any free one. */
  readonly port: number;
}

export interface PlanOptions {
  readonly data: string;
  /** Directory of the sockets. */
  readonly sockets: string;
  readonly host: string;
  /** Of the first node; 0: any free one for each. */
  readonly port: number;
}

/** Node ids sort before this one, so that the nodes dial the parent (cluster/peers.ts). */
export const parentNode = "parent";
const nodePattern = /^n([1-9]\d{0,3})$/;

export function nodeName(number: number): string {
  return `n${number}`;
}

/** The number of a node process. Errors: `INVALID_ARGUMENT` for a name that none has. */
export function nodeNumber(node: string): number {
  const found = nodePattern.exec(node);
  if (!found) throw invalid(`${node} is no node process`, "node");
  return Number(found[1]);
}

export function planNode(node: string, { data, sockets, host, port }: PlanOptions): NodePlan {
  const number = nodeNumber(node);
  return {
    node,
    directory: nodeDirectory(data, number),
    listen: socketAddress(sockets, node),
    host,
    port: port === 0 ? 0 : port + number - 1,
  };
}

export function nodeDirectory(data: string, number: number): string {
  return join(data, `node-${number}`);
}

export function socketAddress(sockets: string, node: string): string {
  return `unix:${join(sockets, `${node}.sock`)}`;
}
