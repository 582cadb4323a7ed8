/** The figures that splits go by. They are arguments, so that tests and simulations run splits in moments. */

export interface SplitLimits {
  /** A shard with more live rows than this is split. */
  readonly rows: number;
  /** With so many shards a collection's are not split any more. */
  readonly shardsMax: number;
  /** Between two counts of the rows of a shard. */
  readonly countMs: number;
  /** Between two looks at what is to be done, and at what has changed in a shard that is being copied. */
  readonly lookMs: number;
  /** Rows, operations and changes of one step. */
  readonly perStep: number;
  /** Contents of one step, about. */
  readonly bytesPerStep: number;
  /** Contents copied by this node in a second. */
  readonly bytesPerSecond: number;
  /** A question that took longer has failed. */
  readonly askMs: number;
  /** How long writes that are under way when a cut begins are left to end by themselves. */
  readonly graceMs: number;
  /** A cut that takes longer is taken back: nothing can be written to the shard meanwhile. */
  readonly cutMs: number;
  /** After a cut that was taken back. */
  readonly restMs: number;
  /** After a split that was given up. */
  readonly giveUpMs: number;
  /** Rows of a half that its index may not cover yet when it takes over. */
  readonly freshRows: number;
}

const mebi = 1024 * 1024;

/** Of a store that is told nothing else. */
export const splitRowsDefault = 10_000_000;

export const splitLimits: SplitLimits = {
  rows: splitRowsDefault,
  shardsMax: 1024,
  countMs: 2000,
  lookMs: 500,
  perStep: 512,
  bytesPerStep: mebi,
  bytesPerSecond: 32 * mebi,
  askMs: 5000,
  graceMs: 50,
  cutMs: 8000,
  restMs: 10_000,
  giveUpMs: 600_000,
  freshRows: 50_000,
};
