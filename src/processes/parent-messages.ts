/** What nodes ask of the process that started them. */

export type ParentMessage =
  /** Starts one more node; answered by `AddedNode` once it has been started. */
  | { readonly type: "add_node" }
  /** Stops a node that holds nothing any more, and forgets it. */
  | { readonly type: "remove_node"; readonly node: string };

export interface AddedNode {
  readonly node: string;
}
