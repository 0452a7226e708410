import { PipelineError } from "../errors.ts";

/** A 3×3 convolution, padded so that the image keeps its size, and its channels. */
export interface SmallConvolution {
  channels: number;
  filters: number;
  dilation: number;
  groups: number;
}

/** One of each kind that networks are made of. */
const CONVOLUTIONS: Readonly<Record<string, SmallConvolution>> = {
  "a convolution": { channels: 3, filters: 4, dilation: 1, groups: 1 },
  "a dilated convolution": { channels: 3, filters: 4, dilation: 2, groups: 1 },
  "a dilated depthwise convolution": { channels: 4, filters: 4, dilation: 2, groups: 4 },
  "a grouped convolution": { channels: 4, filters: 6, dilation: 1, groups: 2 },
};

/** Height and width of the image. */
export const SIZE = 6;

/** The convolution's image, filter `[height, width, in, out]` and gradient of the result, and what they give by definition. */
export function caseOf(convolution: SmallConvolution) {
  const { channels, filters, groups } = convolution;
  const shapes: Record<"x" | "w" | "dy", Shape> = {
    x: [1, SIZE, SIZE, channels],
    w: [3, 3, channels / groups, filters],
    dy: [1, SIZE, SIZE, filters],
  };
  const [x, w, dy] = [wholeNumbers(shapes.x, 5), wholeNumbers(shapes.w, 3), wholeNumbers(shapes.dy, 7)];
  return { x, w, dy, shapes, expected: convolve(convolution, x, w, dy) };
}

/** @throws {PipelineError} `failed` where a value is off. */
export function compare(what: string, actual: ArrayLike<number>, expected: readonly number[]): void {
  const bound = 1e-3 * Math.max(...expected.map(Math.abs));
  const wrong = expected.findIndex((value, at) => !(Math.abs(actual[at]! - value) <= bound));
  if (wrong < 0) return;
  const data = { expected: expected[wrong], received: actual[wrong] };
  throw new PipelineError("failed", `its ${what} is wrong: ${data.received} in place of ${data.expected}`, { data });
}

/** Runs a check of each convolution; an error of one names it. */
export async function forEachConvolution(check: (convolution: SmallConvolution) => Promise<void>): Promise<void> {
  for (const [name, convolution] of Object.entries(CONVOLUTIONS)) {
    try {
      await check(convolution);
    } catch (error) {
      // A runtime that does not start is no matter of the convolution.
      if ((error as { code?: unknown }).code === "runtime") throw error;
      const reason = (error as Error).message;
      throw new PipelineError("failed", `${name}: ${reason}`, { data: { operation: name, reason }, cause: error });
    }
  }
}

export type Shape = [number, number, number, number];

/** Each product of the definition: a value of the image and one of the filter that count towards one of the result. */
function convolve({ channels, filters, dilation, groups }: SmallConvolution, x: number[], w: number[], dy: number[]) {
  const [y, dx, dw] = [dy, x, w].map(({ length }) => new Array<number>(length).fill(0)) as [
    number[],
    number[],
    number[],
  ];
  const [perGroup, outPerGroup] = [channels / groups, filters / groups];
  for (let atY = 0; atY < dy.length; atY++) {
    const output = atY % filters;
    const row = Math.floor(atY / filters / SIZE);
    const column = Math.floor(atY / filters) % SIZE;
    for (let tap = 0; tap < 9 * perGroup; tap++) {
      const input = tap % perGroup;
      const window = Math.floor(tap / perGroup);
      const sourceRow = row + (Math.floor(window / 3) - 1) * dilation;
      const sourceColumn = column + ((window % 3) - 1) * dilation;
      if (sourceRow < 0 || sourceRow >= SIZE || sourceColumn < 0 || sourceColumn >= SIZE) continue;
      const channel = Math.floor(output / outPerGroup) * perGroup + input;
      const atX = (sourceRow * SIZE + sourceColumn) * channels + channel;
      const atW = tap * filters + output;
      y[atY]! += x[atX]! * w[atW]!;
      dx[atX]! += dy[atY]! * w[atW]!;
      dw[atW]! += dy[atY]! * x[atX]!;
    }
  }
  return [
    ["result", y],
    ["input gradient", dx],
    ["filter gradient", dw],
  ] as const;
}

/** Small whole numbers in no order, so that sums of their products are exact. */
const wholeNumbers = (shape: Shape, seed: number) =>
  Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => (((i + seed) * (i + 3 * seed)) % 11) - 5);
