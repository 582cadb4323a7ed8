/** Several nodes on one host: one parent process that supervises a process per node. */
export * from "./child-process.js";
export * from "./exit-codes.js";
export type { NodeFailure } from "./node-process.js";
export { nodeDirectory, parentNode } from "./node-plan.js";
export type { NodePlan } from "./node-plan.js";
export { Parent } from "./parent.js";
export type { NodeStatus, ParentLinks, ParentOptions } from "./parent.js";
export { parentActorName } from "./parent-actor.js";
export type { AddedNode, ParentMessage } from "./parent-messages.js";
export * from "./private-files.js";
