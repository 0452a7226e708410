import * as tf from "@tensorflow/tfjs";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { wrapEngineErrors } from "../src/engine-errors.ts";
import { BackendError, type EngineName, startEngine } from "../src/index.ts";

const names = ["wasm", "cpu", "tensorflow"] as const satisfies EngineName[];
const reasons = new Map<EngineName, string>();
for (const name of names) {
  await startEngine(name).catch((error: Error) => reasons.set(name, error.message));
}

/** What `work` throws. */
function thrownBy(work: () => unknown): Error & { code?: string } {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  throw new Error("it threw nothing");
}

/** Operations that cannot work, and what is told of them. */
const IMPOSSIBLE: [EngineName, code: string, operation: string, reason: RegExp, run: () => unknown][] = [
  // 2^48 bytes: more than a process can address, however much the system promises.
  ...(["wasm", "cpu"] as const).map((name): (typeof IMPOSSIBLE)[number] => [
    name,
    "out-of-memory",
    "Fill",
    /./,
    () => tf.engine().runKernel("Fill", {}, { shape: [2 ** 20, 2 ** 20, 2 ** 6], value: 1, dtype: "float32" }),
  ]),
  // TensorFlow tries for ten seconds before it gives up for want of memory, but knows at once what does not fit together.
  [
    "tensorflow",
    "engine-failed",
    "BatchMatMul",
    /\[2,3\].*\[4,5\]/,
    () => {
      const inputs = { a: tf.ones([2, 3]), b: tf.ones([4, 5]) };
      return tf.engine().runKernel("BatchMatMul", inputs, { transposeA: false, transposeB: false });
    },
  ],
];

describe.each(IMPOSSIBLE)("a failure inside the engine %s", (name, code, operation, reasonOf, impossible) => {
  const reason = reasons.get(name);
  const title = (text: string) => (reason ? `${text} (skipped: ${reason})` : text);

  it.skipIf(reason)(
    title("is told in one line that names engine, operation and way out, and the engine goes on"),
    async () => {
      await startEngine(name);
      const before = tf.memory().numTensors;
      tf.tidy(() => {
        const error = thrownBy(impossible);
        expect(error).toBeInstanceOf(BackendError);
        const data = { engine: name, operation, reason: expect.stringMatching(reasonOf) };
        expect(error).toMatchObject({ code, data });
        expect(error.message).toMatch(new RegExp(`^Engine ${name} .* ${operation} \\(.+\\): use .+\\.$`));
        expect(error.message).not.toContain("TF_Status");
      });
      const sum = tf.tidy(() => tf.ones([4]).sum());
      expect((await sum.data())[0]).toBe(4);
      sum.dispose();
      expect(tf.memory().numTensors).toBe(before);
    },
  );

  it.skipIf(reason)(title("for want of an operation is told so too"), async () => {
    await startEngine(name);
    expect(thrownBy(() => tf.engine().runKernel("NoSuchOperation", {}, {}))).toMatchObject({
      name: "BackendError",
      code: "engine-failed",
      data: { engine: name, operation: "NoSuchOperation" },
    });
  });
});

describe("what an operation throws", () => {
  const KERNEL = "FailsForATest";
  let thrown: unknown;

  beforeEach(async () => {
    await startEngine("cpu");
    tf.registerKernel({
      kernelName: KERNEL,
      backendName: "cpu",
      kernelFunc: () => {
        throw thrown;
      },
    });
  });
  afterEach(() => {
    tf.unregisterKernel(KERNEL, "cpu");
    vi.restoreAllMocks();
  });

  const run = () => tf.engine().runKernel(KERNEL, {}, {});
  const fail = (error: unknown) => {
    thrown = error;
    return thrownBy(run);
  };

  it.each([
    [
      "Invalid TF_Status: 12\nMessage: Current kernel implementation does not support dilations, received [1 2 2 1]",
      "engine-failed",
      "Current kernel implementation does not support dilations, received [1 2 2 1]",
    ],
    [
      "Invalid TF_Status: 8\nMessage: OOM when allocating tensor with shape[9,9]\nHint: more",
      "out-of-memory",
      "OOM when allocating tensor with shape[9,9]",
    ],
    [
      "Invalid TF_Status: 3\nMessage: input and filter must have the same depth: 3 vs 4",
      "engine-failed",
      "input and filter must have the same depth: 3 vs 4",
    ],
    ["Aborted(). Build with -sASSERTIONS for more info.", "out-of-memory", "Aborted()"],
  ])("%j becomes one typed line", (text, code, reason) => {
    const data = { engine: "cpu", operation: KERNEL, reason };
    const error = fail(new Error(text));
    expect(error).toMatchObject({ name: "BackendError", code, data });
    expect(error.message).not.toContain("\n");
  });

  it("keeps the engine's own error as the cause", () => {
    const own = new Error("Invalid TF_Status: 13\nMessage: no");
    expect(fail(own).cause).toBe(own);
  });

  it.each([
    new Error("Shapes do not fit"),
    Object.assign(new Error("The group was left"), { name: "CollectiveError", code: "left" }),
  ])("is left as it is where it is no failure of the engine: %s", (error) => {
    expect(fail(error)).toBe(error);
  });

  it("is as the engine threw it for a kernel that tries something and catches what comes", () => {
    const seen: unknown[] = [];
    thrown = new Error("Invalid TF_Status: 12\nMessage: not here");
    const { kernelFunc } = tf.getKernel(KERNEL, "cpu");
    tf.registerKernel({
      kernelName: "TriesForATest",
      backendName: "cpu",
      kernelFunc: (args) => {
        try {
          return kernelFunc(args);
        } catch (error) {
          seen.push(error);
          return [];
        }
      },
    });
    tf.engine().runKernel("TriesForATest", {}, {});
    tf.unregisterKernel("TriesForATest", "cpu");
    expect(seen).toEqual([thrown]);
  });

  it("comes late with a GPU that is lost, and names what was waited for", async () => {
    const tensor = tf.scalar(1);
    vi.spyOn(tf.backend(), "read").mockRejectedValue(
      new DOMException("A valid external Instance: device is lost", "AbortError"),
    );
    await expect(tensor.data()).rejects.toMatchObject({
      code: "engine-failed",
      data: { engine: "cpu", operation: "reading a tensor" },
      message: expect.stringContaining("lost its GPU"),
    });
    tensor.dispose();
  });

  it("comes with values that are read of a GPU that was lost meanwhile, which are zeros", async () => {
    const tensor = tf.scalar(1);
    let failure: string | undefined;
    wrapEngineErrors("cpu", { failure: () => failure });
    vi.spyOn(tf.backend(), "read").mockImplementation(async () => {
      failure = "the device was lost";
      return new Float32Array(1);
    });
    const lost = { code: "engine-failed", message: expect.stringContaining("lost its GPU in reading a tensor") };
    await expect(tensor.data()).rejects.toMatchObject(lost);
    expect(() => tensor.dataSync()).toThrow(expect.objectContaining(lost));
    wrapEngineErrors("cpu", { failure: undefined });
    tensor.dispose();
  });

  it("is told once, however often engines are started", async () => {
    await startEngine("cpu");
    await startEngine("cpu");
    const error = fail(new Error("Invalid TF_Status: 13\nMessage: no"));
    expect(error.message.match(/Engine cpu/g)).toHaveLength(1);
  });
});
