import { loadWithoutTensorFlow } from "@seg/testing/node";
import { it } from "vitest";

it("needs no TensorFlow.js", async () => {
  await loadWithoutTensorFlow(new URL("../../src/config/index.ts", import.meta.url));
});
