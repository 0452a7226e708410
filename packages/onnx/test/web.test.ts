import { describeEngines } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import * as ort from "onnxruntime-web";
import { expect, it } from "vitest";
import { toOnnx } from "../src/index.ts";
import { modelOf } from "./bodies.ts";
import { channelsFirst, expectClose, madeUp, predict } from "./compare.ts";
import { pyramid } from "./pyramid.ts";

describeEngines("onnxruntime-web, in wasm,", () => {
  it("gives for an ONNX file what the model gives", async () => {
    const model = modelOf(pyramid);
    const session = await ort.InferenceSession.create(toOnnx(model).bytes(), { executionProviders: ["wasm"] });
    const shape: [number, number, number, number] = [2, 13, 18, 5];
    const [x, expected] = tf.tidy(() => {
      const image = tf.tensor4d(madeUp("image", shape), shape);
      const [y] = predict(model, image);
      return [image, y!].map((one) => {
        const ordered = channelsFirst(one);
        return { data: ordered.dataSync() as Float32Array, dims: ordered.shape };
      });
    }) as unknown as { data: Float32Array; dims: number[] }[];
    const { scores } = await session.run({ image: new ort.Tensor("float32", x!.data, x!.dims) });
    expect(scores!.dims).toEqual(expected!.dims);
    expectClose(scores!.data as Float32Array, expected!.data, 1e-5);
    await session.release();
    model.dispose();
  });
}, ["cpu"]);
