import { FEATURE_INFO } from "@seg/encoders";
import { describeEngines, fillMadeUp, uniform } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { expect, it } from "vitest";
import { buildDecoder } from "../src/index.ts";

const FEATURES = FEATURE_INFO.resnet18;

/** A tensor with zeros after the last of each axis. */
const padded = (x: tf.Tensor, shape: number[]) =>
  tf.pad(
    x,
    shape.map((size, i) => [0, size - x.shape[i]!] as [number, number]),
  );

// The reference has values of the one with 512 channels alone.
describeEngines("upernet_lite", () => {
  it("gives what upernet gives where the other half of its pyramid's channels is zero", () => {
    const options = { weights: "zeros", numClasses: 7 } as const;
    const lite = buildDecoder("upernet_lite", FEATURES, options).model;
    const full = buildDecoder("upernet", FEATURES, options).model;
    fillMadeUp(lite, "decoder", tf.tensor);
    tf.tidy(() => {
      for (const layer of full.layers.filter(({ weights }) => weights.length > 0)) {
        const weights = lite.getLayer(layer.name).getWeights();
        const values = layer.getWeights().map(({ shape }, i) => {
          if (layer.name !== "conv_last.0.0") return padded(weights[i]!, shape);
          // Its input is four levels, one after the other, each padded on its own.
          const levels = tf.split(weights[i]!, 4, 2);
          const [height, width, input, output] = shape as [number, number, number, number];
          return tf.concat(
            levels.map((level) => padded(level, [height, width, input / 4, output])),
            2,
          );
        });
        layer.setWeights(values);
      }
      const features = FEATURES.map(({ channels, stride }, i) => {
        const shape: [number, number, number, number] = [2, 96 / stride, 128 / stride, channels];
        const size = shape.reduce((a, b) => a * b, 1);
        return tf.tensor4d(Float32Array.from(uniform(`feature${i}`, size)), shape);
      });
      const [own, expected] = [lite, full].map((model) => model.predict(features) as tf.Tensor) as [
        tf.Tensor,
        tf.Tensor,
      ];
      expect(own.shape).toEqual([2, 24, 32, 7]);
      const error = own.sub(expected).abs().max().div(expected.abs().max()).dataSync()[0];
      expect(error).toBeLessThan(1e-5);
      expect(tf.moments(own).variance.dataSync()[0]).toBeGreaterThan(1e-3);
    });
    lite.dispose();
    full.dispose();
  });
}, ["wasm", "tensorflow"]);
