/** What nodes ask of the process that started them. */

/** Starts one more node; answered by `AddedNode` once it has been started. */
export interface ParentMessage {
  readonly type: "add_node";
}

export interface AddedNode {
  readonly node: string;
}
