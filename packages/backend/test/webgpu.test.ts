import * as tf from "@tensorflow/tfjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startEngine } from "../src/index.ts";

const reason = await startEngine("webgpu").then(
  () => undefined,
  (error: Error) => error.message,
);

describe.skipIf(reason)(`WebGPU in Node${reason ? ` (skipped: ${reason})` : ""}`, () => {
  beforeAll(async () => {
    await startEngine("webgpu");
    tf.env().set("WEBGPU_CPU_FORWARD", false);
  });
  afterAll(async () => {
    await startEngine("cpu");
  });

  it.each([1, 2, 7, 8, 14, 50])(
    "adds up %i tensors, also more than a shader may bind, and keeps none else",
    async (count) => {
      const terms = Array.from({ length: count }, (_, i) => tf.tensor1d([i, 1, -i]));
      const before = [tf.memory().numTensors, tf.engine().backend.numDataIds()];
      const sum = tf.addN(terms);
      const total = (count * (count - 1)) / 2;
      expect([...(await sum.data())]).toEqual([total, count, -total]);
      sum.dispose();
      expect([tf.memory().numTensors, tf.engine().backend.numDataIds()]).toEqual(before);
      tf.dispose(terms);
    },
  );

  it("says in one line what the device could not do, in place of zeros, and then goes on", async () => {
    const { device } = tf.backend() as unknown as { device: { limits: { maxBufferSize: number } } };
    // One row more than a buffer holds, of which only a part is ever asked for.
    const large = tf.ones([device.limits.maxBufferSize / 4 / 1024 + 1, 1024]);
    const part = tf.slice(large, [0, 0], [1, 2]);
    await expect(part.data()).rejects.toMatchObject({
      name: "BackendError",
      code: "out-of-memory",
      message: expect.stringMatching(/^Engine webgpu ran out of memory \([^\n]+\): use smaller images, [^\n]+\.$/),
    });
    const small = tf.add(tf.tensor1d([1, 2]), 1);
    expect([...(await small.data())]).toEqual([2, 3]);
    tf.dispose([large, part, small]);
  });

  it("says what to do in place of reading at once", async () => {
    const sum = tf.add(tf.tensor1d([1, 2]), 1);
    expect(() => sum.dataSync()).toThrow(/^Engine webgpu cannot be read at once in Node: await data\(\) [^\n]+$/);
    expect([...(await sum.data())]).toEqual([2, 3]);
    sum.dispose();
  });
});
