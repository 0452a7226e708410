import * as tf from "@tensorflow/tfjs";
import { expect, it, vi } from "vitest";
import { startEngine } from "../src/index.ts";

it("the plain JavaScript engine's advertisement for tfjs-node is not printed, and TF.js's warnings stay on", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  await startEngine("cpu");
  tf.scalar(1).dispose();
  expect(warn).not.toHaveBeenCalled();
  expect(tf.env().getBool("PROD")).toBe(false);
  warn.mockRestore();
});
