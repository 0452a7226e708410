import { FEATURE_INFO } from "@seg/encoders";
import { loadWithoutTensorFlow } from "@seg/testing/node";
import { expect, it } from "vitest";
import {
  buildDecoder,
  DECODER_NAMES,
  DECODER_REQUIREMENTS,
  type DecoderName,
  type DecoderRequirements,
  type RequiredFeatures,
} from "../src/index.ts";

it("is loaded without TensorFlow.js, which the package itself needs", async () => {
  await loadWithoutTensorFlow(new URL("../src/requirements.ts", import.meta.url));
  await expect(loadWithoutTensorFlow(new URL("../src/index.ts", import.meta.url))).rejects.toThrow(
    /imports @tensorflow\/tfjs/,
  );
});

it.each(DECODER_NAMES)("what %s gives is as declared", (name) => {
  const { deepSupervised, instead }: DecoderRequirements = DECODER_REQUIREMENTS[name];
  const features = FEATURE_INFO.resnet18;
  const decoder = buildDecoder(name, features as RequiredFeatures[DecoderName], { weights: "zeros", numClasses: 3 });
  expect(decoder.deepSupervised).toBe(deepSupervised);
  expect(decoder.model.outputs.map(({ shape }) => shape[3])).toEqual(deepSupervised ? [3, 3] : [3]);
  decoder.model.dispose();
  if (instead) {
    // What is used instead takes any number of features.
    expect(DECODER_REQUIREMENTS[instead as DecoderName].features).toEqual({ least: 1 });
  }
});
