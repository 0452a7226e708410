import { buildEncoder, FEATURE_INFO } from "@seg/encoders";
import { describeEngines } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { expect, it } from "vitest";
import { buildDecoder, DECODER_NAMES, DecoderError, type DecoderName } from "../src/index.ts";

it("refuses, when compiled and when run, an encoder that lacks the features it needs", () => {
  const { hrnetv2, mobilenetv2dilated } = FEATURE_INFO;
  // @ts-expect-error HRNet has one feature, deep supervision reads the one before the last.
  expect(() => buildDecoder("c1_deepsup", hrnetv2)).toThrow(
    "Expected an encoder with at least 2 features for decoder c1_deepsup but received 1: use decoder c1 or another encoder.",
  );
  // @ts-expect-error MobileNetV2 has five features, UPerNet's pyramid four levels.
  expect(() => buildDecoder("upernet", mobilenetv2dilated)).toThrow(
    "Expected an encoder with 4 features for decoder upernet but received 5: use decoder ppm or another encoder.",
  );
});

it("names the choices when it is asked for a decoder that does not exist", () => {
  const wrong = () => buildDecoder("fpn" as DecoderName, FEATURE_INFO.resnet18 as never);
  expect(wrong).toThrow(DecoderError);
  expect(wrong).toThrow(`Expected a decoder among ${DECODER_NAMES.join(", ")} but received fpn.`);
});

it("works over features of one's own", () => {
  const { model, deepSupervised } = buildDecoder("c1", [{ channels: 8, stride: 4 }], { numClasses: 3, seed: 1 });
  expect(deepSupervised).toBe(false);
  tf.tidy(() => {
    expect((model.predict(tf.ones([2, 5, 6, 8])) as tf.Tensor).shape).toEqual([2, 5, 6, 3]);
  });
  model.dispose();
});

// On plain JavaScript it is in the campaign of gradients.
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
