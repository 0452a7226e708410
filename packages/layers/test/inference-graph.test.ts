import { describeEngines, thrown } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { expect, it } from "vitest";
import { conv2d, conv2dOverResized, resizeLike } from "../src/index.ts";
import {
  type InferenceGraph,
  type InferenceGraphOptions,
  inferenceGraph,
  type Operation,
} from "../src/inference-graph/index.ts";
import { madeUp } from "./made-up.ts";

type X = tf.SymbolicTensor;

const { layers } = tf;
const apply = (layer: tf.layers.Layer, x: X | X[]) => layer.apply(x) as X;
const conv = (name: string, filters: number, more = {}) =>
  conv2d({ name, filters, kernelSize: 3, padding: 1, ...more });

/** A model with made-up weights, variances among them. */
function modelOf(body: (x: X) => X | X[]): tf.LayersModel {
  const image = tf.input({ shape: [null, null, 3] });
  const model = tf.model({ inputs: image, outputs: body(image) });
  tf.tidy(() =>
    model.setWeights(model.weights.map(({ shape }, i) => madeUp(`weight ${i}`, shape as number[], (u) => u + 0.25))),
  );
  return model;
}

const opsOf = ({ operations }: InferenceGraph) => operations.map(({ op }) => op);

/** The one operation of a kind. */
function only<Op extends Operation["op"]>({ operations }: InferenceGraph, op: Op) {
  const found = operations.filter((one) => one.op === op);
  expect(found.length).toBe(1);
  return found[0] as Extract<Operation, { op: Op }>;
}

/** Expects each operation after those that feed it, and every tensor to have a shape. */
function expectOrdered({ operations, input, outputs, shapes }: InferenceGraph): void {
  const known = new Set([input]);
  for (const { inputs, output } of operations) {
    for (const id of inputs) expect(known.has(id)).toBe(true);
    expect(known.has(output)).toBe(false);
    known.add(output);
  }
  for (const id of outputs) expect(known.has(id)).toBe(true);
  for (const id of known) expect(shapes.get(id)).toBeInstanceOf(Array);
}

/** Runs a body with a model and its graph, and frees the model. */
function withGraph(
  body: (x: X) => X | X[],
  check: (graph: InferenceGraph, model: tf.LayersModel) => void,
  options: InferenceGraphOptions = {},
): void {
  const model = modelOf(body);
  const graph = inferenceGraph(model, options);
  expectOrdered(graph);
  check(graph, model);
  model.dispose();
}

describeEngines("an inference graph", () => {
  it("has each batch norm folded into the convolution before it, which then gives what both give", () => {
    const body = (x: X) => apply(layers.batchNormalization(), apply(conv("c", 4), x));
    withGraph(body, (graph, model) => {
      expect(opsOf(graph)).toEqual(["conv2d"]);
      const { filter, bias, strides } = only(graph, "conv2d");
      expect(filter.shape).toEqual([4, 3, 3, 3]);
      tf.tidy(() => {
        const x = madeUp("image", [1, 5, 4, 3]) as tf.Tensor4D;
        const hwio = tf.tensor(filter.read(), [4, 3, 3, 3]).transpose<tf.Tensor4D>([2, 3, 1, 0]);
        const y = tf.conv2d(x, hwio, strides, "same").add(tf.tensor1d(bias!.read()));
        const expected = model.predict(x) as tf.Tensor;
        expect(y.sub(expected).abs().max().dataSync()[0]).toBeLessThan(1e-5);
        expect(expected.abs().max().dataSync()[0]).toBeGreaterThan(0.5);
      });
    });
  });

  it("keeps a batch norm whose convolution others read, or is wanted itself", () => {
    withGraph(
      (x) => {
        const y = apply(conv("c", 3), x);
        return apply(layers.add(), [y, apply(layers.batchNormalization(), y)]);
      },
      (graph) => expect(opsOf(graph)).toEqual(["conv2d", "affine", "arithmetic"]),
    );
    withGraph(
      (x) => {
        const y = apply(conv("c", 3), x);
        return [y, apply(layers.batchNormalization(), y)];
      },
      (graph) => expect(opsOf(graph)).toEqual(["conv2d", "affine"]),
    );
  });

  it("leaves out dropout and what the wanted outputs do not need", () => {
    const body = (x: X) => {
      const shared = apply(layers.dropout({ rate: 0.5 }), apply(conv("shared", 4), x));
      return [apply(conv("first", 2), shared), apply(conv("second", 5), shared)];
    };
    const named = ({ operations }: InferenceGraph) => operations.map(({ name }) => name);
    withGraph(body, (graph) => expect(named(graph)).toEqual(["shared", "first", "second"]));
    withGraph(body, (graph) => expect(named(graph)).toEqual(["shared", "second"]), { outputs: [1] });
  });

  it("has the convolution of one pixel before the resizing, and of several over resized images as one operation", () => {
    withGraph(
      (x) => {
        const small = apply(conv("small", 2, { strides: 2 }), x);
        const resized = apply(resizeLike(), [small, x]);
        return apply(conv2d({ name: "point", filters: 4, kernelSize: 1 }), resized);
      },
      (graph) => {
        expect(graph.operations.map(({ op, name }) => [op, name === "point"])).toEqual([
          ["conv2d", false],
          ["conv2d", true],
          ["resizeLike", false],
        ]);
        expect(graph.shapes.get(graph.operations[1]!.output)).toEqual([null, null, null, 4]);
      },
    );
    const small = (x: X) => apply(conv("small", 2, { strides: 2 }), x);
    withGraph(
      (x) => {
        const resized = apply(resizeLike(), [small(x), x]);
        return apply(conv("all", 4), apply(layers.concatenate(), [x, resized]));
      },
      (graph) => {
        expect(opsOf(graph)).toEqual(["conv2d", "conv2dOverResized"]);
        expect(only(graph, "conv2dOverResized").inputs).toEqual([graph.input, graph.operations[0]!.output]);
      },
    );
    withGraph(
      (x) => apply(conv2dOverResized({ filters: 4, kernelSize: 3 }), [x, small(x)]),
      (graph) => expect(only(graph, "conv2dOverResized").filter.shape).toEqual([4, 5, 3, 3]),
    );
  });

  it("reads no weight before it is asked for, and then each from where it comes from", () => {
    const read: string[] = [];
    const kernel = new Float32Array(4 * 3 * 9).fill(2);
    const weights = ({ originalName }: tf.LayerVariable) => {
      read.push(originalName);
      return originalName === "c/kernel" ? kernel : undefined;
    };
    withGraph(
      (x) => apply(layers.batchNormalization({ name: "norm" }), apply(conv("c", 4, { useBias: false }), x)),
      (graph, model) => {
        expect(read).toEqual([]);
        const { filter } = only(graph, "conv2d");
        const [gamma, variance] = [1, 4].map((i) => model.weights[i]!.read().dataSync());
        const values = filter.read();
        expect(new Set(read)).toEqual(new Set(["c/kernel", "norm/gamma", "norm/moving_variance"]));
        for (let o = 0; o < 4; o++) {
          expect(values[27 * o + 5]).toBeCloseTo((2 * gamma![o]!) / Math.sqrt(variance![o]! + 1e-3), 5);
        }
        expect(kernel.every((value) => value === 2)).toBe(true);
        expect(filter.read()).toEqual(values);
      },
      { weights },
    );
  });

  it("has filters in PyTorch's order, of any number of channels", () => {
    for (const [inputs, outputs] of [
      [1, 1],
      [3, 17],
      [33, 16],
      [5, 47],
    ] as const) {
      const image = tf.input({ shape: [null, null, inputs] });
      const layer = layers.conv2d({ filters: outputs, kernelSize: [2, 3], useBias: false });
      const model = tf.model({ inputs: image, outputs: apply(layer, image) });
      const expected = tf.tidy(() => layer.getWeights()[0]!.transpose([3, 2, 0, 1]).dataSync());
      expect(only(inferenceGraph(model), "conv2d").filter.read()).toEqual(expected);
      model.dispose();
    }
  });

  it("refuses a layer that has no plain form, and an option that there is not", () => {
    const model = modelOf((x) => apply(layers.conv2dTranspose({ name: "up", filters: 2, kernelSize: 2 }), x));
    expect(thrown(() => inferenceGraph(model))).toMatchObject({ code: "model", data: { layer: "up" } });
    expect(thrown(() => inferenceGraph(model, { output: [0] } as never))).toMatchObject({
      code: "option",
      data: { option: "output", nearest: "outputs" },
    });
    expect(thrown(() => inferenceGraph([]))).toMatchObject({ code: "model" });
    model.dispose();
  });
}, ["cpu"]);
