import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { loopingModel, temporaryFolder } from "@seg/testing/node";
import { expect, it, onTestFinished } from "vitest";
import { loadConfig } from "../../src/config/index.ts";
import { openApart } from "../../src/model/open-apart.ts";

const { config } = loadConfig({
  flags: [{ key: "DATASET.num_class", value: 3, origin: "in the test", explicit: true }],
});
const x = { data: Float32Array.from({ length: 4 * 5 * 3 }, (_, i) => i / 7), shape: [1, 4, 5, 3] };

async function open(rounds: bigint, signal?: AbortSignal) {
  const onnx = join(temporaryFolder(), "model.onnx");
  writeFileSync(onnx, loopingModel(rounds));
  const options = { backend: "onnxruntime", threads: 1, log: () => {}, signal } as const;
  const opened = await openApart(config, { onnx }, options);
  onTestFinished(() => opened.network.dispose());
  return opened;
}

it("gives what the model gives, of one call and of several at a time", async () => {
  const { engine, network } = await open(3n);
  expect(engine).toMatchObject({ name: "onnxruntime", threads: 1 });
  expect(await network.run(x)).toEqual([x]);
  const zero = { ...x, data: new Float32Array(60) };
  expect(await Promise.all([network.run(x), network.run(zero), network.run(x)])).toEqual([[x], [zero], [x]]);
});

it("hands on what the model refuses, and goes on", async () => {
  const { network } = await open(1n);
  await expect(network.run({ data: new Float32Array(4), shape: [4] })).rejects.toMatchObject({ code: "shape" });
  expect(await network.run(x)).toEqual([x]);
});

it("ends a computation that has no end when it is told to, each time anew", async () => {
  const { network } = await open(2n ** 62n);
  for (let i = 0; i < 2; i++) {
    const enough = new AbortController();
    setTimeout(() => enough.abort(new Error("enough")), 300);
    await expect(network.run(x, enough.signal)).rejects.toThrow("enough");
  }
});

it("opens nothing for who has given up", async () => {
  await expect(open(1n, AbortSignal.abort(new Error("enough")))).rejects.toThrow("enough");
});
