/** Sets of ids in numbered buckets, packed: millions of them cost little more than their 16 bytes. */
import { assert, uuidBytes } from "../../base/index.js";
import { idAt } from "./packed-rows.js";

interface Bucket {
  ids: Uint8Array;
  count: number;
}

export class IdBuckets {
  readonly #buckets: Bucket[];

  constructor(count: number) {
    this.#buckets = Array.from({ length: count }, () => ({ ids: new Uint8Array(0), count: 0 }));
  }

  add(number: number, id: Uint8Array): void {
    const bucket = this.#bucket(number);
    if (find(bucket, id) !== undefined) return;
    const end = bucket.count * uuidBytes;
    if (end === bucket.ids.length) bucket.ids = withRoom(bucket.ids);
    bucket.ids.set(id, end);
    bucket.count++;
  }

  remove(number: number, id: Uint8Array): void {
    const bucket = this.#bucket(number);
    const at = find(bucket, id);
    if (at === undefined) return;
    bucket.count--;
    bucket.ids.copyWithin(at * uuidBytes, bucket.count * uuidBytes, (bucket.count + 1) * uuidBytes);
  }

  *of(number: number): Generator<Uint8Array> {
    const { ids, count } = this.#bucket(number);
    for (let index = 0; index < count; index++) yield idAt(ids, index).slice();
  }

  #bucket(number: number): Bucket {
    const bucket = this.#buckets[number];
    assert(bucket, "a bucket that exists");
    return bucket;
  }
}

function find({ ids, count }: Bucket, id: Uint8Array): number | undefined {
  const end = count * uuidBytes;
  const packed = Buffer.from(ids.buffer, 0, end);
  for (let at = packed.indexOf(id); at >= 0 && at < end; at = packed.indexOf(id, at + 1)) {
    if (at % uuidBytes === 0) return at / uuidBytes;
  }
  return undefined;
}

function withRoom(ids: Uint8Array): Uint8Array {
  const longer = new Uint8Array(Math.max(4 * uuidBytes, 2 * ids.length));
  longer.set(ids);
  return longer;
}
