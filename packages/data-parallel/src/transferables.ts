/**
 * Transfer lists for `postMessage`: the buffers of an object's own typed arrays that share them with nothing else in any of `objects`.
 *
 * @returns A list for each object.
 */
export function transferables(objects: readonly unknown[]): ArrayBuffer[][] {
  const counts = new Map<ArrayBufferLike, number>();
  for (const object of objects) {
    for (const buffer of new Set(viewsOf(object).map(({ buffer }) => buffer)))
      counts.set(buffer, (counts.get(buffer) ?? 0) + 1);
  }
  return objects.map((object) => {
    const whole = viewsOf(object).filter(
      ({ buffer, byteLength }) =>
        buffer instanceof ArrayBuffer && byteLength === buffer.byteLength && counts.get(buffer) === 1,
    );
    return [...new Set(whole.map(({ buffer }) => buffer as ArrayBuffer))];
  });
}

/** An object whose own typed arrays span their whole buffers, so that no more is copied. */
export function compact<T>(object: T): T {
  if (viewsOf(object).every(({ buffer, byteLength }) => byteLength === buffer.byteLength)) return object;
  const entries = Object.entries(object as object).map(([key, value]) => [key, isPart(value) ? sliceOf(value) : value]);
  return Object.fromEntries(entries);
}

const viewsOf = (object: unknown): ArrayBufferView[] =>
  typeof object === "object" && object !== null
    ? Object.values(object).filter((value) => ArrayBuffer.isView(value))
    : [];

// Not the method of a Buffer, which copies nothing.
const sliceOf = (view: Uint8Array) => Object.getPrototypeOf(Uint8Array.prototype).slice.call(view) as Uint8Array;

function isPart(value: unknown): value is Uint8Array {
  return (
    ArrayBuffer.isView(value) &&
    !(value instanceof DataView) &&
    value.buffer instanceof ArrayBuffer &&
    value.byteLength < value.buffer.byteLength
  );
}
