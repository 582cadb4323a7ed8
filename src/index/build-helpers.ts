/** Threads beside the builder's own that may take part in a build; whoever starts a builder lends them. */
export interface BuildHelpers {
  /** How many work at the same time. */
  readonly count: number;
  /** The scratch slots from here on, one each, are theirs on the builder's rows. */
  readonly firstSlot: number;
  /**
   * Calls the export of a module on one of them. Arguments go by structured clone: shared memory is
   * shared. Rejects when the function throws, and when its thread dies, once it does nothing more.
   */
  run(module: string, exportName: string, args: readonly unknown[]): Promise<unknown>;
}
