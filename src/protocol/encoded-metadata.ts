/** The metadata of a batch that came in encoded and was checked in that form. */
export class EncodedMetadata {
  /** One MessagePack map per row, each within the limits; views of the request's body. */
  readonly rows: readonly Uint8Array[];

  constructor(rows: readonly Uint8Array[]) {
    this.rows = rows;
  }
}
