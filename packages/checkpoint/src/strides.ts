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
  const axes = mergedAxes(shape, strides);
  const last = axes.pop() ?? { size: 1, stride: 0 };
  let at = 0;
  const walk = (axis: number, from: number): void => {
    const outer = axes[axis];
    if (outer) {
      for (let i = 0; i < outer.size; i++, from += outer.stride) walk(axis + 1, from);
    } else {
      for (let i = 0; i < last.size; i++, from += last.stride) target[at++] = source[from]!;
    }
  };
  walk(0, offset);
  return target;
}

/** The axes of a view, outermost first, those of size 1 left out and neighbours made one where one stride goes through both. */
function mergedAxes(shape: readonly number[], strides: readonly number[]): { size: number; stride: number }[] {
  const axes: { size: number; stride: number }[] = [];
  shape.forEach((size, i) => {
    const stride = strides[i]!;
    const outer = axes.at(-1);
    if (size === 1) return;
    if (outer?.stride === size * stride) axes[axes.length - 1] = { size: outer.size * size, stride };
    else axes.push({ size, stride });
  });
  return axes;
}
