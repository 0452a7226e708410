import { describeEngines, thrown } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { expect, it } from "vitest";
import { buildEncoder, ENCODER_NAMES, EncoderError, type EncoderName, type EncoderOptions } from "../src/index.ts";

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

it("is initialized with the variance 2 / (kernel area · output channels / groups), and again the same from the same seed", () => {
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

it("names the nearest encoder, and the choices, when it is asked for one that does not exist", () => {
  const error = thrown(() => buildEncoder("resnet50dilatd" as EncoderName));
  expect(error).toBeInstanceOf(EncoderError);
  expect(error).toMatchObject({
    code: "unknown-encoder",
    data: { encoder: "resnet50dilatd", nearest: "resnet50dilated" },
    message: `Expected an encoder but received resnet50dilatd: did you mean resnet50dilated? The choices are ${ENCODER_NAMES.join(", ")}.`,
  });
  expect(thrown(() => buildEncoder(undefined as never))).toMatchObject({ code: "unknown-encoder" });
});

it.each([
  [{ Seed: 1 }, "Seed", "seed"],
  [{ pretrained: true }, "pretrained", undefined],
  [{ batchnorm: {} }, "batchnorm", "batchNorm"],
  [{ batchNorm: { eps: 1e-3 } }, "batchNorm.eps", "epsilon"],
  [{ batchNorm: { name: "bn" } }, "batchNorm.name", undefined],
])("refuses options that there are not: %j", (options, option, nearest) => {
  const error = thrown(() => buildEncoder("resnet18", options as EncoderOptions)) as EncoderError;
  expect(error).toMatchObject({ name: "EncoderError", code: "option", message: expect.stringMatching(/buildEncoder/) });
  expect(error.data).toEqual({ option, nearest });
});

it.each([
  [{ weights: "imagenet" }, 'weights "random" or "zeros" but received "imagenet": loadWeightsInto of @seg/checkpoint'],
  [{ seed: "x" }, 'seed to be a whole number but received "x".'],
  [{ seed: 1.5 }, "seed to be a whole number but received 1.5."],
])("refuses options out of range: %j", (options, message) => {
  const [[option, received]] = Object.entries(options) as [[string, unknown]];
  const error = thrown(() => buildEncoder("resnet18", options as EncoderOptions));
  expect(error).toMatchObject({
    name: "EncoderError",
    code: "option",
    data: { option, received },
    message: expect.stringContaining(`Expected ${message}`),
  });
});
