import { describeEngines } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { expect, it } from "vitest";
import { buildEncoder, ENCODER_NAMES, EncoderError, type EncoderName } from "../src/index.ts";

describeEngines("an encoder", () => {
  it("takes images of any size, and rounds its features' sizes up as PyTorch does", () => {
    const { model, featureInfo } = buildEncoder("resnet18dilated", { weights: "zeros" });
    tf.tidy(() => {
      for (const [height, width] of [
        [33, 50],
        [1, 1],
      ] as const) {
        const maps = model.predict(tf.ones([1, height, width, 3])) as tf.Tensor[];
        maps.forEach((map, i) => {
          const { channels, stride } = featureInfo[i]!;
          expect(map.shape).toEqual([1, Math.ceil(height / stride), Math.ceil(width / stride), channels]);
        });
      }
    });
    model.dispose();
  });
});

it("is drawn with the variance 2 / (kernel area · output channels / groups), and again the same from the same seed", () => {
  const [a, b, c] = [1, 1, 2].map((seed) => buildEncoder("mobilenetv2dilated", { seed }).model) as [
    tf.LayersModel,
    tf.LayersModel,
    tf.LayersModel,
  ];
  tf.tidy(() => {
    for (const [name, fan] of [
      ["features.17.conv.6", 320],
      ["features.17.conv.3", 9],
    ] as const) {
      const kernel = (model: tf.LayersModel) => model.getLayer(name).getWeights()[0]!;
      const values = kernel(a).dataSync();
      const { mean, variance } = tf.moments(kernel(a));
      // Within five standard errors of a sample of this size.
      const error = 5 / Math.sqrt(values.length / 2);
      expect(Math.abs((variance.dataSync()[0]! * fan) / 2 - 1)).toBeLessThan(error);
      expect(Math.abs(mean.dataSync()[0]! / Math.sqrt(2 / fan))).toBeLessThan(error);
      expect(kernel(b).dataSync()).toEqual(values);
      expect(kernel(c).dataSync()).not.toEqual(values);
    }
  });
  for (const model of [a, b, c]) model.dispose();
});

it("names the choices when it is asked for one that does not exist", () => {
  expect(() => buildEncoder("resnet34" as EncoderName)).toThrow(EncoderError);
  expect(() => buildEncoder("resnet34" as EncoderName)).toThrow(
    `Expected an encoder among ${ENCODER_NAMES.join(", ")} but received resnet34.`,
  );
});
