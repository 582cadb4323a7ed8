/**
 * Marks memory to be handed over instead of copied. The mark is beside the view, not around it: a
 * message with a moved array has the same shape as one without.
 */
const marks = new WeakSet<ArrayBufferView>();

/**
 * Marks `view` to be moved with the next message that carries it to another host: the sender's view
 * is then empty (length 0). Only memory that the view spans from end to end can be moved; parts of
 * a larger buffer, and shared memory, are copied all the same. Returns `view`.
 */
export function moved<View extends ArrayBufferView>(view: View): View {
  marks.add(view);
  return view;
}

/** The memory under `view` when it may be moved, otherwise undefined. */
export function movableBuffer(view: ArrayBufferView): ArrayBuffer | undefined {
  if (!marks.has(view)) return undefined;
  const { buffer } = view;
  if (!(buffer instanceof ArrayBuffer)) return undefined;
  return view.byteLength === buffer.byteLength ? buffer : undefined;
}
