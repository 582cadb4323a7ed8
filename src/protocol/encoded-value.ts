/** A value inside an answer that is MessagePack already, as metadata is when it comes from storage. */
export class EncodedValue {
  /** Exactly one value. */
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}
