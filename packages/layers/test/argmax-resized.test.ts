import { describeEngines, uniform } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { expect, it } from "vitest";
import { argmaxResized, type Pair } from "../src/index.ts";

const madeUp = (key: string, shape: [number, number, number, number]) =>
  tf.tensor4d(
    Float32Array.from(
      uniform(
        key,
        shape.reduce((a, b) => a * b, 1),
        (u) => (u - 0.5) * 8,
      ),
    ),
    shape,
  );

/** The same in float64 with plain loops over the whole map: softmax of each resized map, mean, argmax and its lead. */
function oracle(maps: { values: Float32Array; shape: number[] }[], [height, width]: Pair) {
  const classes = maps[0]!.shape[3]!;
  const at = (i: number, from: number, to: number) => Math.max(0, ((i + 0.5) * from) / to - 0.5);
  const labels: number[] = [];
  const leads: number[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const mean = new Float64Array(classes);
      for (const { values, shape } of maps) {
        const [, h, w] = shape as [number, number, number];
        const [sy, sx] = [at(y, h, height), at(x, w, width)];
        const [y0, x0] = [Math.min(Math.floor(sy), h - 1), Math.min(Math.floor(sx), w - 1)];
        const [y1, x1] = [Math.min(y0 + 1, h - 1), Math.min(x0 + 1, w - 1)];
        const value = (c: number) => {
          const pixel = (py: number, px: number) => values[(py * w + px) * classes + c]!;
          const top = pixel(y0, x0) * (1 - (sx - x0)) + pixel(y0, x1) * (sx - x0);
          const bottom = pixel(y1, x0) * (1 - (sx - x0)) + pixel(y1, x1) * (sx - x0);
          return top * (1 - (sy - y0)) + bottom * (sy - y0);
        };
        const exps = Array.from({ length: classes }, (_, c) => Math.exp(value(c)));
        const sum = exps.reduce((a, b) => a + b, 0);
        for (let c = 0; c < classes; c++) mean[c]! += exps[c]! / sum / maps.length;
      }
      const order = Array.from(mean.keys()).sort((a, b) => mean[b]! - mean[a]!);
      labels.push(order[0]!);
      leads.push(mean[order[0]!]! - mean[order[1]!]!);
    }
  }
  return { labels, leads };
}

describeEngines("the label map", () => {
  const cases: { title: string; maps: [number, number, number, number][]; size: Pair }[] = [
    { title: "one scale", maps: [[1, 5, 7, 9]], size: [31, 44] },
    {
      title: "three scales",
      maps: [
        [1, 5, 7, 6],
        [1, 8, 9, 6],
        [1, 4, 4, 6],
      ],
      size: [29, 35],
    },
    { title: "a smaller image than its scores", maps: [[1, 12, 14, 5]], size: [5, 6] },
    { title: "one pixel", maps: [[1, 6, 6, 5]], size: [1, 1] },
  ];
  for (const { title, maps, size } of cases) {
    it(`of ${title} is that of softmax, mean and argmax over the whole map`, () => {
      const tensors = maps.map((shape, i) => madeUp(`${title}.${i}`, shape));
      const expected = oracle(
        tensors.map((tensor) => ({ values: tensor.dataSync() as Float32Array, shape: tensor.shape })),
        size,
      );
      const labels = argmaxResized(tensors, size);
      expect(labels.shape).toEqual(size);
      const values = labels.dataSync();
      // Where two classes tie to float32's precision, either is right.
      expected.labels.forEach((label, i) => {
        if (expected.leads[i]! > 1e-5) expect(values[i]).toBe(label);
      });
      tf.dispose([labels, ...tensors]);
    });
  }

  it("does not depend on how the rows are cut into bands", () => {
    tf.tidy(() => {
      // 600 × 500 scores in a row of pixels need many bands; three columns need one.
      const narrow = madeUp("bands", [1, 9, 3, 150]);
      const wide = tf.concat(
        Array.from({ length: 40 }, () => narrow),
        2,
      );
      const labels = argmaxResized([wide as tf.Tensor4D], [120, 240]).dataSync() as Int32Array;
      const whole = tf.argMax(tf.image.resizeBilinear(wide as tf.Tensor4D, [120, 240], false, true), 3).dataSync();
      const different = labels.reduce((sum, label, i) => sum + Number(label !== whole[i]), 0);
      expect(different / labels.length).toBeLessThan(1e-4);
    });
  });

  it("says what is wrong with maps that do not belong together", () => {
    tf.tidy(() => {
      expect(() => argmaxResized([madeUp("a", [1, 2, 2, 3]), madeUp("b", [1, 2, 2, 4])], [4, 4])).toThrow(
        /score maps \[1, height, width, 3\] but received \[1,2,2,4\]/,
      );
      expect(() => argmaxResized([], [4, 4])).toThrow(/at least one score map/);
    });
  });
});
