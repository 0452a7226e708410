import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { addonPath, findPackage } from "../../src/packages.ts";
import { REQUIRED_OPS } from "../../src/proof/required-ops.ts";
import { proveAddon } from "../../src/setup/prove-addon.ts";

let dir: string;
let addon: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "seg-proof-"));
  addon = join(dir, "tfjs_binding.node");
  writeFileSync(addon, "");
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true });
});

/** Has every process that is started take the code's `module.exports` for what is in a .node file. */
function stand(code: string): void {
  const hook = join(dir, "hook.cjs");
  const load = `const load = require("node:module")._extensions[".node"];`;
  writeFileSync(hook, `${load} require("node:module")._extensions[".node"] = (module, file) => { ${code} };`);
  vi.stubEnv("NODE_OPTIONS", `--require ${hook}`);
}

describe("an addon", () => {
  it("that crashes is told by the signal, with what it may mean", async () => {
    stand(`process.kill(process.pid, "SIGILL");`);
    await expect(proveAddon(addon)).rejects.toMatchObject({
      code: "proof-failed",
      message: "The built addon does not run: SIGILL (TensorFlow's wheels need a processor with AVX)",
    });
  });

  it("that does not load is told by what the loader says", async () => {
    stand(`throw new Error("libtensorflow.so.2: cannot open shared object file");`);
    await expect(proveAddon(addon)).rejects.toMatchObject({
      code: "proof-failed",
      data: { file: addon, reason: "Error: libtensorflow.so.2: cannot open shared object file" },
    });
  });

  it("that refuses an operation is told by the first thing that networks need and cannot have", async () => {
    stand(`module.exports = { TF_Version: "1", createTensor: () => 0, isUsingGpuDevice: () => false,
      executeOp: () => { throw new Error("Invalid TF_Status: 12\\nMessage: not here"); } };`);
    await expect(proveAddon(addon)).rejects.toMatchObject({
      code: "proof-failed",
      data: { file: addon, operation: "a convolution: Invalid TF_Status: 12 Message: not here" },
    });
  });
});

const real = findPackage("@tensorflow/tfjs-node");
const native = real && addonPath(real.dir);
const reason = await (native
  ? proveAddon(native).then(
      () => undefined,
      (error: Error) => error.message,
    )
  : "@tensorflow/tfjs-node is not installed");

describe.skipIf(reason)(`TensorFlow${reason ? ` (skipped: ${reason})` : ""}`, () => {
  it.each(["0", "1", undefined])("stands the proof with TF_ENABLE_ONEDNN_OPTS=%s", async (value) => {
    vi.stubEnv("TF_ENABLE_ONEDNN_OPTS", value);
    expect(await proveAddon(native!)).toMatchObject({
      tensorflow: expect.stringMatching(/^2\./),
      proven: REQUIRED_OPS,
    });
  });

  // What is run for each, and its output that is spoiled.
  it.each([
    ["Conv2D", 0, "a convolution: its result is wrong"],
    ["Conv2DBackpropInput", 0, "a convolution: its input gradient is wrong"],
    ["Conv2DBackpropFilter", 0, "a convolution: its filter gradient is wrong"],
    ["SpaceToBatchND", 0, "a dilated convolution: its result is wrong"],
    ["DepthwiseConv2dNativeBackpropFilter", 0, "a depthwise convolution: its filter gradient is wrong"],
    ["ConcatV2", 0, "a grouped convolution: its result is wrong"],
    ["BatchMatMulV2", 0, "a matrix product: its result is wrong"],
    ["FusedBatchNormV3", 0, "batch normalization: its result is wrong"],
    ["FusedBatchNormGradV3", 0, "batch normalization: its gradient is wrong"],
    ["ResizeBilinearGrad", 0, "bilinear resizing: its gradient is wrong"],
    ["MaxPoolGrad", 0, "max pooling: its gradient is wrong"],
    ["SparseSoftmaxCrossEntropyWithLogits", 1, "cross entropy: its gradient is wrong"],
  ])("does not stand it when %s gives numbers that are a little off", async (op, output, unmet) => {
    stand(`load(module, file);
      const { executeOp, tensorDataSync, createTensor, TF_FLOAT } = module.exports;
      module.exports = Object.create(module.exports, { executeOp: { value: (name, ...rest) => {
        const outputs = executeOp(name, ...rest);
        if (name !== "${op}") return outputs;
        const { id, shape } = outputs[${output}];
        const values = tensorDataSync(id).map((value) => value * 1.01 + 0.1);
        outputs[${output}] = { ...outputs[${output}], id: createTensor(shape, TF_FLOAT, values) };
        return outputs;
      } } });`);
    await expect(proveAddon(native!)).rejects.toMatchObject({ data: { operation: expect.stringContaining(unmet) } });
  });

  it.each([
    ["Conv2D", [1, 4, 4, 4], "a dilated convolution: its result is wrong"],
    ["DepthwiseConv2dNative", [1, 4, 4, 4], "a dilated depthwise convolution: its result is wrong"],
    ["Conv2DBackpropFilter", [3, 3, 3, 4], "a dilated convolution: its filter gradient is wrong"],
  ])("does not stand it when %s takes dilations and gives zeros", async (op, shape, unmet) => {
    stand(`load(module, file);
      const { executeOp, createTensor, TF_FLOAT } = module.exports;
      module.exports = Object.create(module.exports, { executeOp: { value: (name, attrs, inputs, count) => {
        const window = attrs.find(({ name }) => name === "dilations");
        if (name !== "${op}" || window.value[1] === 1) return executeOp(name, attrs, inputs, count);
        const shape = ${JSON.stringify(shape)};
        return [{ id: createTensor(shape, TF_FLOAT, new Float32Array(shape.reduce((a, b) => a * b))), shape }];
      } } });`);
    vi.stubEnv("TF_ENABLE_ONEDNN_OPTS", "1");
    await expect(proveAddon(native!)).rejects.toMatchObject({ data: { operation: expect.stringContaining(unmet) } });
  });
});
