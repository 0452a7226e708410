import { describeEngines, fillMadeUp, uniform } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { expect, it } from "vitest";
import { buildEncoder } from "../src/index.ts";

// The reference has values of resnet18dilated alone.
describeEngines("resnet18", () => {
  it("gives every second and fourth pixel of what resnet18dilated gives, as dilation takes the place of strides", () => {
    const [plain, dilated] = (["resnet18", "resnet18dilated"] as const).map((name) => {
      const { model } = buildEncoder(name, { weights: "zeros" });
      fillMadeUp(model, "encoder", tf.tensor);
      return model;
    }) as [tf.LayersModel, tf.LayersModel];
    tf.tidy(() => {
      const values = uniform("image", 64 * 96 * 3, (u) => (u - 0.5) * 4);
      const image = tf.tensor4d(Float32Array.from(values), [1, 64, 96, 3]);
      const own = plain.predict(image) as tf.Tensor[];
      const dense = dilated.predict(image) as tf.Tensor4D[];
      for (const [i, step] of [1, 1, 2, 4].entries()) {
        const expected = tf.stridedSlice(dense[i]!, [0, 0, 0, 0], dense[i]!.shape, [1, step, step, 1]);
        expect(own[i]!.shape).toEqual(expected.shape);
        const error = own[i]!.sub(expected).abs().max().div(expected.abs().max()).dataSync()[0];
        expect(error).toBeLessThan(1e-5);
      }
    });
    plain.dispose();
    dilated.dispose();
  });
}, ["wasm", "tensorflow"]);
