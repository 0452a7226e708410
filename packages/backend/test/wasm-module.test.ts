import * as tf from "@tensorflow/tfjs";
import { expect, it, vi } from "vitest";
import { startEngine } from "../src/index.ts";
import { exhaustWasm, thrownBy } from "./exhausted.ts";

it("a convolution that found no memory is an error and no result, and the engine computes nothing after it", async () => {
  const listeners = ["uncaughtException", "unhandledRejection"].map((event) => process.listenerCount(event));
  await startEngine("wasm");
  // Emscripten's would end the process with code 7 at any error that others handle.
  expect(["uncaughtException", "unhandledRejection"].map((event) => process.listenerCount(event))).toEqual(listeners);
  const warn = vi.spyOn(console, "warn");
  const [x, w] = [tf.ones<tf.Rank.R4>([1, 9, 9, 16]), tf.ones<tf.Rank.R4>([3, 3, 16, 16])];
  const before = tf.memory().numTensors;
  // XNNPACK, which wants larger pieces, finds none; the results of operations still do.
  exhaustWasm(65_536);
  const first = thrownBy(() => tf.tidy(() => tf.conv2d(x, w, 1, "same").dataSync()));
  expect(first).toMatchObject({
    code: "out-of-memory",
    data: { engine: "wasm", operation: "Conv2D", reason: expect.stringContaining("XNN status") },
    message: expect.stringMatching(/^Engine wasm broke off in Conv2D .*: start the program again, /),
  });
  for (const work of [() => tf.add(x, x), () => x.dataSync(), () => tf.scalar(1)]) {
    expect(thrownBy(work)).toMatchObject({
      code: "out-of-memory",
      cause: first,
      message: expect.stringMatching(/^Engine wasm broke off in Conv2D .* computes nothing since then, .*: start/),
    });
  }
  await expect(startEngine("wasm", { proof: () => tf.scalar(1).dispose() })).rejects.toMatchObject({
    code: "engine-unfit",
    message: expect.stringContaining("computes nothing since then"),
  });
  expect(tf.memory().numTensors).toBe(before);
  tf.dispose([x, w]);
  expect(warn).not.toHaveBeenCalled();
});
