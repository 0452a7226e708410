import { readFileSync } from "node:fs";
import { loadWithoutTensorFlow } from "@seg/testing/node";
import { expect, it } from "vitest";
import { buildEncoder, ENCODER_NAMES, largestStride } from "../src/index.ts";

it("is loaded without TensorFlow.js, which the package itself needs", async () => {
  await loadWithoutTensorFlow(new URL("../src/feature-info.ts", import.meta.url));
  await expect(loadWithoutTensorFlow(new URL("../src/index.ts", import.meta.url))).rejects.toThrow(
    /imports @tensorflow\/tfjs/,
  );
});

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

it.each(ENCODER_NAMES)("%s has the channels that are declared, and the parameters that the README tells", (name) => {
  const { model, featureInfo } = buildEncoder(name, { weights: "zeros" });
  expect(model.outputs.map(({ shape }) => shape[3])).toEqual(featureInfo.map(({ channels }) => channels));
  const count = model.trainableWeights.reduce(
    (sum, { shape }) => sum + (shape as number[]).reduce((a, b) => a * b, 1),
    0,
  );
  model.dispose();
  const row = new RegExp(`^\\| \`${name}\` \\|.*\\| ([\\d,]+) \\|$`, "m").exec(readme);
  expect(row?.[1], `the row of ${name} in README.md`).toBe(count.toLocaleString("en"));
});

it("tells the strides within an encoder too", () => {
  expect([largestStride("resnet50dilated"), largestStride("resnet50"), largestStride("hrnetv2")]).toEqual([8, 32, 32]);
});
