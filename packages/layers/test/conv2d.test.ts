import { describeEngines, uniform } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { expect, it } from "vitest";
import type { Pair } from "../src/index.ts";
import { conv2d } from "../src/ops/index.ts";

interface Case {
  shape: [number, number, number, number];
  filter: [number, number, number, number];
  strides: Pair;
  padding: Pair;
  dilations: Pair;
  groups: number;
}

/** Every kind of convolution: dense, depthwise, grouped; strided and dilated or not; padded fully, in part, beyond the window, or not. */
function* cases(): Generator<Case> {
  const kinds = [
    { groups: 1, channels: 4, out: 6 },
    { groups: 2, channels: 4, out: 6 },
    { groups: 4, channels: 4, out: 4 },
    { groups: 4, channels: 4, out: 8 },
  ];
  for (const { groups, channels, out } of kinds) {
    for (const stride of [1, 2]) {
      for (const dilation of [1, 2, 3]) {
        for (const padding of [0, 1, dilation, 2 * dilation + 1]) {
          yield {
            shape: [2, 11, 9, channels],
            filter: [3, 3, channels / groups, out],
            strides: [stride, stride],
            padding: [padding, padding],
            dilations: [dilation, dilation],
            groups,
          };
        }
      }
    }
    const uneven = { strides: [2, 1], padding: [0, 2], dilations: [1, 3] } satisfies Partial<Case>;
    yield { shape: [1, 8, 13, channels], filter: [2, 4, channels / groups, out], ...uneven, groups };
  }
  // One dimension alone, and filters one tap wide, whose dilation means nothing.
  for (const groups of [1, 4]) {
    const few = { shape: [2, 9, 8, 4], groups } satisfies Partial<Case>;
    yield { ...few, filter: [3, 3, 4 / groups, 4], strides: [2, 3], padding: [1, 1], dilations: [1, 1] };
    yield { ...few, filter: [1, 1, 4 / groups, 4], strides: [1, 1], padding: [1, 1], dilations: [2, 2] };
    yield { ...few, filter: [1, 1, 4 / groups, 4], strides: [1, 2], padding: [0, 0], dilations: [2, 1] };
    yield { ...few, filter: [1, 3, 4 / groups, 4], strides: [1, 1], padding: [2, 1], dilations: [3, 1] };
    yield {
      ...few,
      shape: [0, 9, 8, 4],
      filter: [3, 3, 4 / groups, 4],
      strides: [1, 1],
      padding: [1, 1],
      dilations: [2, 2],
    };
  }
  // With oneDNN's own ops these wrote beyond their memory.
  for (const [shape, filter, strides] of [
    [
      [2, 1, 12, 2],
      [1, 1, 2, 1],
      [1, 1],
    ],
    [
      [3, 1, 9, 2],
      [1, 1, 2, 2],
      [1, 1],
    ],
    [
      [3, 8, 16, 8],
      [1, 1, 8, 8],
      [2, 2],
    ],
    [
      [3, 8, 15, 8],
      [1, 1, 8, 2],
      [1, 3],
    ],
  ] satisfies [Case["shape"], Case["filter"], Pair][]) {
    yield { shape, filter, strides, padding: [0, 0], dilations: [1, 1], groups: 1 };
  }
  const plain = { strides: [1, 1], padding: [0, 0], dilations: [1, 1] } satisfies Partial<Case>;
  yield { shape: [2, 5, 7, 4], filter: [1, 1, 4, 6], ...plain, groups: 1 };
  yield { shape: [2, 5, 7, 4], filter: [1, 1, 4, 6], ...plain, strides: [2, 2], groups: 1 };
  // Enough products for the kernels that are chosen by size, at both ends of what padding allows.
  const large = {
    shape: [1, 65, 60, 384],
    filter: [3, 3, 384, 384],
    strides: [1, 1],
    groups: 1,
  } satisfies Partial<Case>;
  yield { ...large, padding: [1, 1], dilations: [1, 1] };
  yield { ...large, padding: [1, 0], dilations: [2, 3] };
  yield { ...large, filter: [1, 1, 384, 384], padding: [1, 1], dilations: [1, 1] };
}

const title = ({ shape, filter, strides, padding, dilations, groups }: Case) =>
  `[${shape}] by [${filter}], strides ${strides}, padding ${padding}, dilations ${dilations}, groups ${groups}`;

const made = (key: string, shape: number[]) =>
  Float32Array.from(
    uniform(
      key,
      shape.reduce((a, b) => a * b, 1),
      (u) => 2 * u - 1,
    ),
  );

/** Calls back with the flat positions in image, filter and output of every product of a convolution, some of them if there are many. */
function eachProduct(c: Case, y: number[], see: (x: number, w: number, y: number) => void, only?: Set<number>): void {
  const [, height, width, channels] = c.shape;
  const [kh, kw, inPerGroup, out] = c.filter;
  const [batch, newHeight, newWidth] = y as [number, number, number];
  for (let n = 0; n < batch; n++)
    for (let r = 0; r < newHeight; r++)
      for (let q = 0; q < newWidth; q++)
        for (let o = 0; o < out; o++) {
          const at = ((n * newHeight + r) * newWidth + q) * out + o;
          if (only && !only.has(at)) continue;
          const first = Math.floor(o / (out / c.groups)) * inPerGroup;
          for (let i = 0; i < kh; i++)
            for (let j = 0; j < kw; j++) {
              const row = r * c.strides[0] + i * c.dilations[0] - c.padding[0];
              const column = q * c.strides[1] + j * c.dilations[1] - c.padding[1];
              if (row < 0 || column < 0 || row >= height || column >= width) continue;
              for (let k = 0; k < inPerGroup; k++) {
                const x = ((n * height + row) * width + column) * channels + first + k;
                see(x, ((i * kw + j) * inPerGroup + k) * out + o, at);
              }
            }
        }
}

/** The largest difference, in parts of the largest value; what the oracle left at NaN is not compared. */
function distance(actual: ArrayLike<number>, expected: Float64Array): number {
  let worst = 0;
  let largest = 0;
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    largest = Math.max(largest, Math.abs(expected[i]!));
    worst = Math.max(worst, Math.abs(actual[i]! - expected[i]!));
  }
  return worst / Math.max(largest, 1e-3);
}

describeEngines("a convolution and its gradients", (engine) => {
  for (const c of cases()) {
    const isLarge = c.shape[3] > 100;
    if (isLarge && !engine.startsWith("tensorflow")) continue;
    it(`are a direct loop's: ${title(c)}`, async () => {
      const { filter, strides, padding, dilations, groups } = c;
      const x = made("x", c.shape);
      const w = made("w", filter);
      const run = (image: tf.Tensor, taps: tf.Tensor) =>
        conv2d(image as tf.Tensor4D, taps as tf.Tensor4D, { strides, padding, dilations, groups });
      const results = tf.tidy(() => {
        const inputs = [tf.tensor4d(x, c.shape), tf.tensor4d(w, filter)] as const;
        const y = run(...inputs);
        const g = made("g", y.shape);
        // Where all products are too many to loop over, the gradients of a few outputs tell.
        if (isLarge) for (let i = 0; i < g.length; i++) if (i % 99_991 !== 7) g[i] = 0;
        const loss = (image: tf.Tensor, taps: tf.Tensor) =>
          run(image, taps).mul(tf.tensor4d(g, y.shape)).sum().asScalar();
        const [dx, dw] = tf.grads(loss)([...inputs]) as [tf.Tensor, tf.Tensor];
        return { y, dx, dw, g: tf.tensor4d(g, y.shape) };
      });
      const [y, dx, dw, g] = await Promise.all([results.y, results.dx, results.dw, results.g].map((t) => t.data()));
      const expected = {
        y: new Float64Array(y!.length),
        dx: new Float64Array(x.length),
        dw: new Float64Array(w.length),
      };
      const only = isLarge ? new Set(Array.from(g!.keys()).filter((i) => g![i] !== 0)) : undefined;
      eachProduct(
        c,
        results.y.shape,
        (i, j, k) => {
          expected.y[k]! += x[i]! * w[j]!;
          expected.dx[i]! += g![k]! * w[j]!;
          expected.dw[j]! += g![k]! * x[i]!;
        },
        only,
      );
      if (only) for (let i = 0; i < y!.length; i++) if (!only.has(i)) expected.y[i] = y![i]!;
      tf.dispose(results);
      expect(distance(y!, expected.y)).toBeLessThan(1e-5);
      expect(distance(dx!, expected.dx)).toBeLessThan(1e-5);
      expect(distance(dw!, expected.dw)).toBeLessThan(1e-5);
    });
  }
});
