/** A convolution without padding, stride 1, over one square image. */
export interface Convolution {
  /** Height and width of the image. */
  size: number;
  channels: number;
  filters: number;
  /** Height and width of the window. */
  kernel: number;
  dilation: number;
  /** Groups, as of a grouped convolution; as many as channels for a depthwise one. */
  groups: number;
}

/** Height and width of the result. */
export const resultSize = ({ size, kernel, dilation }: Convolution) => size - dilation * (kernel - 1);

/** The result, the gradient of the input and that of the filter. */
export type Results = readonly [y: number[], dx: number[], dw: number[]];

/**
 * Reference convolution of `x` with `w` and its gradients for `dy`, in naive loops: every product of one value of the image with one of the
 * filter is added to one of the result.
 *
 * @param x - `[size, size, channels]`.
 * @param w - `[kernel, kernel, channels / groups, filters]`.
 * @param dy - `[resultSize, resultSize, filters]`.
 */
export function convolve(c: Convolution, x: number[], w: number[], dy: number[]): Results {
  const side = resultSize(c);
  const inGroup = c.channels / c.groups;
  const outGroup = c.filters / c.groups;
  const [y, dx, dw] = [zeros(dy.length), zeros(x.length), zeros(w.length)];
  for (const [row, column] of pairs(side, side)) {
    for (const [ky, kx] of pairs(c.kernel, c.kernel)) {
      for (const [input, output] of pairs(inGroup, c.filters)) {
        const group = Math.floor(output / outGroup);
        const atX = index(
          [row + ky * c.dilation, column + kx * c.dilation, group * inGroup + input],
          c.size,
          c.channels,
        );
        const atW = ((ky * c.kernel + kx) * inGroup + input) * c.filters + output;
        const atY = index([row, column, output], side, c.filters);
        y[atY]! += x[atX]! * w[atW]!;
        dx[atX]! += dy[atY]! * w[atW]!;
        dw[atW]! += dy[atY]! * x[atX]!;
      }
    }
  }
  return [y, dx, dw];
}

/**
 * Bilinear resizing of `[size, size, 1]` to twice the size with half-pixel centres, and its gradient: each new pixel lies a quarter of
 * a pixel beside an old one.
 */
export function doubleBilinear(size: number, x: number[], dy: number[]): [y: number[], dx: number[]] {
  const [y, dx] = [zeros(dy.length), zeros(x.length)];
  const sources = (i: number): [at: number, weight: number][] => {
    const near = Math.floor(i / 2);
    const far = Math.min(Math.max(near + (i % 2 === 0 ? -1 : 1), 0), size - 1);
    return [
      [near, 0.75],
      [far, 0.25],
    ];
  };
  for (const [row, column] of pairs(2 * size, 2 * size)) {
    for (const [r, a] of sources(row)) {
      for (const [c, b] of sources(column)) {
        y[row * 2 * size + column]! += a * b * x[r * size + c]!;
        dx[r * size + c]! += a * b * dy[row * 2 * size + column]!;
      }
    }
  }
  return [y, dx];
}

/** Pseudo-random integers from −`reach` to `reach`: sums of their products are exact in float32. */
export function integerNoise(length: number, seed: number, reach = 4): number[] {
  return Array.from(
    { length },
    (_, i) => ((((i + 1) * (2 * seed + 7919)) ^ (i * 31 + seed)) % (2 * reach + 1)) - reach,
  );
}

export const zeros = (length: number): number[] => new Array(length).fill(0);

/** Every pair of a number below `a` and one below `b`. */
export function* pairs(a: number, b: number): Generator<[number, number]> {
  for (let i = 0; i < a; i++) for (let j = 0; j < b; j++) yield [i, j];
}

const index = ([row, column, channel]: [number, number, number], width: number, channels: number) =>
  (row * width + column) * channels + channel;
