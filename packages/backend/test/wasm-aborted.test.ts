import * as tf from "@tensorflow/tfjs";
import { expect, it, vi } from "vitest";
import { startEngine } from "../src/index.ts";
import { exhaustWasm, thrownBy } from "./exhausted.ts";

it("an abort inside WebAssembly is one error without a word on the terminal, and the engine computes nothing after it", async () => {
  await startEngine("wasm");
  const warn = vi.spyOn(console, "warn");
  const error = vi.spyOn(console, "error");
  // Sorting it takes a copy of its size, the result next to nothing.
  const x = tf.ones([100_000]);
  exhaustWasm(8192);
  const first = thrownBy(() => tf.tidy(() => tf.topk(x, 10).values.dataSync()));
  expect(first).toMatchObject({
    code: "out-of-memory",
    data: { engine: "wasm", operation: "TopK", reason: "Aborted()" },
  });
  expect(thrownBy(() => x.dataSync())).toMatchObject({
    code: "out-of-memory",
    cause: first,
    message: expect.stringContaining("computes nothing since then"),
  });
  await expect(x.data()).rejects.toMatchObject({ code: "out-of-memory" });
  x.dispose();
  expect(warn).not.toHaveBeenCalled();
  expect(error).not.toHaveBeenCalled();
});
