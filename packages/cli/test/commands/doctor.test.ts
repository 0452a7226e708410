import { expect, it } from "vitest";
import { runSeg } from "../run-seg.ts";

it("tells of every engine whether it works and why not", async () => {
  const { code, stdout, stderr } = await runSeg(["doctor", "--no-measure", "--json"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const { engines, node } = JSON.parse(stdout);
  expect(node).toBe(process.version);
  expect(engines.map(({ name }: { name: string }) => name)).toEqual([
    "tensorflow-gpu",
    "tensorflow",
    "webgpu",
    "wasm",
    "cpu",
  ]);
  for (const engine of engines) expect(engine.available || engine.reason).toBeTruthy();
  expect(engines[3]).toMatchObject({ name: "wasm", available: true, package: "@tensorflow/tfjs-backend-wasm" });
});
