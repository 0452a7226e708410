import type { EngineProof } from "@seg/backend";
import { type Conv2DOptions, conv2d } from "@seg/layers/ops";
import * as tf from "@tensorflow/tfjs";
import { PipelineError } from "../errors.ts";

/** This module, for whoever runs its default export in another process. */
export const NETWORK_PROOF = new URL(import.meta.url);

/**
 * A proof that an engine can run networks: small convolutions of each kind that they are made of, compared with plain loops.
 *
 * @param options - `training` asks for the gradients too.
 */
export function networkProof({ training = false } = {}): EngineProof {
  return async () => {
    for (const [name, convolution] of Object.entries(CONVOLUTIONS)) {
      try {
        await prove(convolution, training);
      } catch (error) {
        const reason = (error as Error).message;
        throw new PipelineError("failed", `${name}: ${reason}`, { data: { operation: name, reason }, cause: error });
      }
    }
  };
}

export default networkProof({ training: true });

/** A 3×3 convolution, padded so that the image keeps its size, and its channels. */
interface Convolution {
  channels: number;
  filters: number;
  dilation: number;
  groups: number;
}

const CONVOLUTIONS: Readonly<Record<string, Convolution>> = {
  "a convolution": { channels: 3, filters: 4, dilation: 1, groups: 1 },
  "a dilated convolution": { channels: 3, filters: 4, dilation: 2, groups: 1 },
  "a dilated depthwise convolution": { channels: 4, filters: 4, dilation: 2, groups: 4 },
  "a grouped convolution": { channels: 4, filters: 6, dilation: 1, groups: 2 },
};

const SIZE = 6;

async function prove(convolution: Convolution, training: boolean): Promise<void> {
  const { channels, filters, dilation, groups } = convolution;
  const xShape: Shape = [1, SIZE, SIZE, channels];
  const wShape: Shape = [3, 3, channels / groups, filters];
  const yShape: Shape = [1, SIZE, SIZE, filters];
  const [x, w, dy] = [wholeNumbers(xShape, 5), wholeNumbers(wShape, 3), wholeNumbers(yShape, 7)];
  const options: Conv2DOptions = { padding: dilation, dilations: dilation, groups };
  const results = tf.tidy(() => {
    const inputs = [tf.tensor4d(x, xShape), tf.tensor4d(w, wShape)] as const;
    const compute = (image: tf.Tensor, filter: tf.Tensor) =>
      conv2d(image as tf.Tensor4D, filter as tf.Tensor4D, options);
    if (!training) return [compute(...inputs)];
    return [compute(...inputs), ...tf.grads(compute)([...inputs], tf.tensor4d(dy, yShape))];
  });
  try {
    const expected = convolve(convolution, x, w, dy);
    for (const [i, result] of results.entries()) {
      const [what, values] = expected[i]!;
      const actual = await result.data();
      const bound = 1e-3 * Math.max(...values.map(Math.abs));
      const wrong = values.findIndex((value, at) => !(Math.abs(actual[at]! - value) <= bound));
      if (wrong >= 0) {
        const data = { expected: values[wrong], received: actual[wrong] };
        throw new PipelineError("failed", `its ${what} is wrong: ${data.received} in place of ${data.expected}`, {
          data,
        });
      }
    }
  } finally {
    tf.dispose(results);
  }
}

type Shape = [number, number, number, number];

/** Each product of the definition: a value of the image and one of the filter that count towards one of the result. */
function convolve({ channels, filters, dilation, groups }: Convolution, x: number[], w: number[], dy: number[]) {
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
