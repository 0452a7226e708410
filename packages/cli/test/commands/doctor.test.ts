import type { EngineReport } from "@seg/backend";
import type { OnnxReport } from "@seg/pipeline/model";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { runSeg } from "../run-seg.ts";

it("tells of every engine whether it works and why not", async () => {
  const { code, stdout, stderr } = await runSeg(["doctor", "--no-measure", "--json"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const { engines, node } = JSON.parse(stdout);
  expect(node).toBe(process.version);
  expect(engines.map(({ name }: { name: string }) => name)).toEqual([
    "onnxruntime",
    "tensorflow-gpu",
    "tensorflow",
    "webgpu",
    "wasm",
    "cpu",
  ]);
  for (const engine of engines) expect(engine.networks || engine.reason).toBeTruthy();
  const wasm = { name: "wasm", available: true, networks: true, package: "@tensorflow/tfjs-backend-wasm" };
  expect(engines[4]).toMatchObject({ ...wasm, training: true });
  const onnx = { name: "onnxruntime", available: true, networks: true, training: false, package: "onnxruntime-node" };
  expect(engines[0]).toMatchObject(onnx);
  expect(engines[4]).not.toHaveProperty("proof");
});

it("needs no home folder", async () => {
  const { code, stdout } = await runSeg(["doctor", "--no-measure", "--json"], { env: { HOME: "relative" } });
  expect({ code, cache: JSON.parse(stdout).cache }).toEqual({ code: 0, cache: null });
});

describe("the table", () => {
  const engine = { package: "a package", version: "1.2.3", device: "a chip", threads: 2 };
  const reports: EngineReport[] = [
    {
      ...engine,
      name: "tensorflow",
      available: true,
      proof: { passed: false, reason: "a dilated convolution: refused" },
    },
    { ...engine, name: "wasm", available: true, proof: { passed: true }, gflops: 16 },
    { name: "webgpu", available: false, package: "a package", reason: "it is on holiday" },
  ];

  beforeEach(() => {
    vi.doMock("@seg/backend", async (original) => ({
      ...(await original<typeof import("@seg/backend")>()),
      describeEngines: async () => reports,
    }));
    vi.doMock("@seg/pipeline/model", async (original) => ({
      ...(await original<typeof import("@seg/pipeline/model")>()),
      describeOnnxRuntime: async (): Promise<OnnxReport> => ({
        ...{ ...engine, name: "onnxruntime", available: true, proof: { passed: true } },
      }),
    }));
  });
  afterEach(() => {
    vi.doUnmock("@seg/backend");
    vi.doUnmock("@seg/pipeline/model");
  });

  it("says of each engine whether it runs networks, and below why not", async () => {
    const { stdout } = await runSeg(["doctor", "--quiet"]);
    const [, head, onnxRuntime, tensorflow, wasm, webgpu, auto, ...below] = stdout.trimEnd().split("\n");
    expect(head).toMatch(/^engine +works +networks +training +package/);
    expect(onnxRuntime).toMatch(/^onnxruntime +yes +yes +no +a package/);
    expect(tensorflow).toMatch(/^tensorflow +yes +no +no +a package/);
    expect(wasm).toMatch(/^wasm +yes +yes +yes +a package/);
    expect(webgpu).toMatch(/^webgpu +no +no +no +a package/);
    expect(auto).toBe("--backend auto takes onnxruntime to segment and score, wasm to train.");
    expect(below).toEqual([
      "tensorflow: networks do not run: a dilated convolution: refused",
      "webgpu: it is on holiday",
    ]);
  });

  it("is told by --json too", async () => {
    const { engines } = JSON.parse((await runSeg(["doctor", "--json"])).stdout);
    expect(engines[1]).toMatchObject({
      networks: false,
      reason: "networks do not run: a dilated convolution: refused",
    });
    expect(engines[2]).toMatchObject({ networks: true });
  });
});
