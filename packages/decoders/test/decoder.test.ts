import { buildEncoder, FEATURE_INFO } from "@seg/encoders";
import { describeEngines, thrown } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { expect, it } from "vitest";
import {
  buildDecoder,
  DECODER_NAMES,
  DECODER_REQUIREMENTS,
  DecoderError,
  type DecoderName,
  type DecoderOptions,
} from "../src/index.ts";

it("refuses, when compiled and when run, an encoder that lacks the features it needs", () => {
  const { hrnetv2, mobilenetv2dilated } = FEATURE_INFO;
  // @ts-expect-error HRNet has one feature, deep supervision reads the one before the last.
  const error = thrown(() => buildDecoder("c1_deepsup", hrnetv2));
  expect(error).toBeInstanceOf(DecoderError);
  expect(error).toMatchObject({
    code: "features",
    data: { decoder: "c1_deepsup", requirements: DECODER_REQUIREMENTS.c1_deepsup, featureInfo: hrnetv2 },
    message:
      "Expected an encoder with at least 2 features for decoder c1_deepsup but received 1: use decoder c1 or another encoder.",
  });
  // @ts-expect-error MobileNetV2 has five features, UPerNet's pyramid four levels.
  expect(() => buildDecoder("upernet", mobilenetv2dilated)).toThrow(
    "Expected an encoder with 4 features for decoder upernet but received 5: use decoder ppm or another encoder.",
  );
  // @ts-expect-error There is nothing to read.
  expect(() => buildDecoder("ppm", [])).toThrow(
    "Expected an encoder with at least 1 feature for decoder ppm but received 0: use another encoder.",
  );
  for (const name of ["c1", "c1_deepsup"] as const) {
    const features = [
      { channels: 6, stride: 4 },
      { channels: 6, stride: 4 },
    ] as const;
    expect(thrown(() => buildDecoder(name, features))).toMatchObject({
      code: "features",
      message: `Expected the last feature's channels to be a multiple of 4 for decoder ${name} but received 6.`,
    });
  }
});

it("names the nearest decoder, and the choices, when it is asked for one that does not exist", () => {
  const wrong = (name: string) => thrown(() => buildDecoder(name as DecoderName, FEATURE_INFO.resnet18 as never));
  const error = wrong("upernetlite");
  expect(error).toBeInstanceOf(DecoderError);
  expect(error).toMatchObject({
    code: "unknown-decoder",
    data: { decoder: "upernetlite", nearest: "upernet_lite" },
    message: `Expected a decoder but received upernetlite: did you mean upernet_lite? The choices are ${DECODER_NAMES.join(", ")}.`,
  });
  expect(wrong("segformer")).toMatchObject({ data: { decoder: "segformer", nearest: undefined } });
});

it.each([
  [{ numClass: 3 }, "numClass", "numClasses"],
  [{ num_class: 3 }, "num_class", "numClasses"],
  [{ pretrained: true }, "pretrained", undefined],
  [{ batchNorm: { eps: 1e-3 } }, "batchNorm.eps", "epsilon"],
  [{ batchNorm: { trainable: false } }, "batchNorm.trainable", undefined],
])("refuses options that there are not: %j", (options, option, nearest) => {
  const error = thrown(() => buildDecoder("c1", FEATURE_INFO.hrnetv2, options as DecoderOptions)) as DecoderError;
  expect(error).toMatchObject({ name: "DecoderError", code: "option", message: expect.stringMatching(/buildDecoder/) });
  expect(error.data).toEqual({ option, nearest });
});

it.each([
  [{ numClasses: 0 }, "numClasses to be a whole number of at least 1 but received 0."],
  [{ numClasses: "3" }, 'numClasses to be a whole number of at least 1 but received "3".'],
  [{ dropout: 1.5 }, "dropout to be a share in [0, 1) but received 1.5."],
  [{ dropout: 1 }, "dropout to be a share in [0, 1) but received 1."],
  [{ weights: "imagenet" }, 'weights "random" or "zeros" but received "imagenet": loadWeightsInto of @seg/checkpoint'],
  [{ seed: "x" }, 'seed to be a whole number but received "x".'],
])("refuses options out of range: %j", (options, message) => {
  const [[option, received]] = Object.entries(options) as [[string, unknown]];
  const error = thrown(() => buildDecoder("c1", FEATURE_INFO.hrnetv2, options as DecoderOptions));
  expect(error).toMatchObject({
    name: "DecoderError",
    code: "option",
    data: { option, received },
    message: expect.stringContaining(`Expected ${message}`),
  });
});

it("works over features of one's own", () => {
  const { model, deepSupervised } = buildDecoder("c1", [{ channels: 8, stride: 4 }], { numClasses: 3, seed: 1 });
  expect(deepSupervised).toBe(false);
  tf.tidy(() => {
    expect((model.predict(tf.ones([2, 5, 6, 8])) as tf.Tensor).shape).toEqual([2, 5, 6, 3]);
  });
  model.dispose();
});

// On plain JavaScript it is in the thorough campaign of gradients, and that of a small network in `small-network`.
describeEngines("training", () => {
  it("gives every trained variable of encoder and decoder a gradient, deep supervision included", () => {
    const encoder = buildEncoder("mobilenetv2dilated", { seed: 1 });
    const decoder = buildDecoder("c1_deepsup", encoder.featureInfo, { numClasses: 5, seed: 2 });
    tf.tidy(() => {
      const image = tf.randomNormal([2, 32, 40, 3], 0, 1, "float32", 3);
      const { grads } = tf.variableGrads(() => {
        const features = encoder.model.apply(image, { training: true }) as tf.Tensor[];
        const [scores, auxiliary] = decoder.model.apply(features, { training: true }) as [tf.Tensor, tf.Tensor];
        return scores.square().mean().add(auxiliary.square().mean()).asScalar();
      });
      const names = [...encoder.model.trainableWeights, ...decoder.model.trainableWeights].map(({ name }) => name);
      expect(Object.keys(grads).sort()).toEqual(names.sort());
      for (const [name, gradient] of Object.entries(grads)) {
        expect(Number.isFinite(gradient.sum().dataSync()[0]), name).toBe(true);
      }
    });
    encoder.model.dispose();
    decoder.model.dispose();
  });
}, ["wasm", "tensorflow"]);

it.each([
  [[{}]],
  [[8]],
  [[undefined]],
  [
    [
      { channels: 8, stride: 4 },
      { channels: -4, stride: 8 },
    ],
  ],
  [[{ channels: "64" }]],
  [undefined],
])("refuses features that are none: %j", (features) => {
  const before = tf.memory().numTensors;
  for (const name of ["c1", "ppm"] as const) {
    expect(() => buildDecoder(name, features as never)).toThrow(expect.objectContaining({ code: "features" }));
  }
  expect(tf.memory().numTensors).toBe(before);
});

it("refuses channels that the second head cannot quarter", () => {
  const features = [
    { channels: 8, stride: 4 },
    { channels: 9, stride: 8 },
  ] as const;
  expect(() => buildDecoder("ppm_deepsup", features)).toThrow(expect.objectContaining({ code: "features" }));
});
