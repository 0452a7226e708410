import * as tf from "@tensorflow/tfjs";
import { expect, it, vi } from "vitest";
import { startEngine } from "../src/index.ts";
import { thrownBy } from "./exhausted.ts";

it("what XNNPACK does not take is an error only where a result has elements, and the engine goes on computing", async () => {
  vi.spyOn(console, "warn").mockReturnValue();
  await startEngine("wasm");
  // Of empty matrices the product is empty, or all zeros.
  expect(tf.matMul(tf.zeros([0, 3]), tf.ones([3, 2])).shape).toEqual([0, 2]);
  const zeros = () => tf.matMul(tf.ones([2, 0]), tf.ones([0, 2]));
  expect(thrownBy(zeros)).toMatchObject({
    code: "engine-failed",
    message: expect.stringMatching(/^Engine wasm cannot compute BatchMatMul \(XNN status .*\): use another engine\.$/),
  });
  expect(Array.from(tf.matMul(tf.ones([2, 3]), tf.ones([3, 1])).dataSync())).toEqual([3, 3]);
});
