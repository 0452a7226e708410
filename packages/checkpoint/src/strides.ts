/** The number of elements of `shape`; not a safe integer where it overflows. */
export function elementCount(shape: readonly number[]): number {
  // Infinity times zero is no number.
  return shape.includes(0) ? 0 : shape.reduce((product, size) => product * size, 1);
}

/** The strides, in elements, of a contiguous (row-major) tensor of `shape`. */
export function rowMajorStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= shape[axis]!;
  }
  return strides;
}

/** Whether a view of `shape` and `strides` is contiguous (row-major, without gaps). */
export function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  const expected = rowMajorStrides(shape);
  return shape.every((size, axis) => size === 1 || strides[axis] === expected[axis]);
}

interface Indexed<T> {
  readonly length: number;
  [index: number]: T;
}

/** Copies a strided view of `source` (`shape`, `strides`, `offset`) into `target`, which is contiguous; returns it. */
export function gather<T, A extends Indexed<T>>(
  source: Indexed<T>,
  target: A,
  shape: readonly number[],
  strides: readonly number[],
  offset = 0,
): A {
  // No elements to copy, although the outer axes may ask for billions of steps.
  if (shape.includes(0)) return target;
  const rank = shape.length;
  let at = 0;
  const walk = (axis: number, from: number): void => {
    if (axis === rank) {
      target[at++] = source[from]!;
      return;
    }
    const size = shape[axis]!;
    const stride = strides[axis]!;
    if (axis === rank - 1) {
      for (let i = 0; i < size; i++, from += stride) target[at++] = source[from]!;
    } else {
      for (let i = 0; i < size; i++, from += stride) walk(axis + 1, from);
    }
  };
  walk(0, offset);
  return target;
}
