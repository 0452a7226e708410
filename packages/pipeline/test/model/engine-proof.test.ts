import { type EngineName, startEngine } from "@seg/backend";
import { networkProof } from "@seg/segmenter/proof";
import * as tf from "@tensorflow/tfjs";
import { afterEach, describe, expect, it } from "vitest";

const names = ["wasm", "cpu", "tensorflow"] as const satisfies EngineName[];

describe.each(names)("the engine %s", async (name) => {
  const reason = await startEngine(name).then(
    () => undefined,
    (error: Error) => error.message,
  );

  it.skipIf(reason)(`runs networks and their training${reason ? ` (skipped: ${reason})` : ""}`, async () => {
    const before = tf.memory().numTensors;
    await startEngine(name, { proof: networkProof() });
    await startEngine(name, { proof: networkProof({ training: true }) });
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe("an engine that cannot run networks", () => {
  const backendName = "cpu";
  const spoiled: tf.KernelConfig[] = [];

  /** Has the kernel do something else until the end of the test. */
  const spoil = (kernelName: string, kernelFunc: (own: tf.KernelFunc) => tf.KernelFunc) => {
    const own = tf.getKernelsForBackend(backendName).find((kernel) => kernel.kernelName === kernelName);
    if (!own) throw new Error(`There is no kernel ${kernelName}.`);
    spoiled.push(own);
    tf.unregisterKernel(kernelName, backendName);
    tf.registerKernel({ ...own, kernelFunc: kernelFunc(own.kernelFunc) });
  };
  afterEach(() => {
    for (const own of spoiled.splice(0)) {
      tf.unregisterKernel(own.kernelName, backendName);
      tf.registerKernel(own);
    }
  });
  const refused: tf.KernelFunc = () => {
    throw new Error("Invalid TF_Status: 12\nMessage: Current kernel implementation does not support dilations");
  };
  /** Refuses what is dilated only. */
  const undilated =
    (own: tf.KernelFunc): tf.KernelFunc =>
    (args) =>
      (args.attrs as { dilations?: number[] } | undefined)?.dilations?.some((d) => d > 1) ? refused(args) : own(args);

  /** The proof's error where a kernel refuses. */
  const lacking = (operation: string) => ({
    name: "PipelineError",
    code: "failed",
    data: { operation: "a dilated convolution" },
    cause: { name: "BackendError", code: "engine-failed", data: { engine: "cpu", operation } },
  });

  it("is refused by the operation that it lacks, in one line", async () => {
    spoil("SegConv2D", undilated);
    await expect(startEngine("cpu", { proof: networkProof() })).rejects.toMatchObject({
      code: "engine-unfit",
      message: expect.stringMatching(/^[^\n]+$/),
      data: { engine: "cpu" },
      cause: lacking("SegConv2D"),
    });
  });

  it("is refused for wrong numbers", async () => {
    spoil("SegConv2D", (own) => (args) => {
      const result = own(args) as tf.TensorInfo;
      return tf.mul(tf.engine().makeTensorFromTensorInfo(result), 1.1);
    });
    await expect(startEngine("cpu", { proof: networkProof() })).rejects.toMatchObject({
      code: "engine-unfit",
      message: expect.stringMatching(/: a convolution: its result is wrong: .+ in place of .+$/),
      data: { engine: "cpu" },
      cause: {
        code: "failed",
        data: { operation: "a convolution" },
        cause: { code: "failed", data: { expected: expect.any(Number), received: expect.any(Number) } },
      },
    });
  });

  it("may run them and not train them", async () => {
    spoil("SegConv2DBackpropFilter", undilated);
    await startEngine("cpu", { proof: networkProof() });
    await expect(startEngine("cpu", { proof: networkProof({ training: true }) })).rejects.toMatchObject({
      code: "engine-unfit",
      data: { engine: "cpu" },
      cause: lacking("SegConv2DBackpropFilter"),
    });
  });
});
