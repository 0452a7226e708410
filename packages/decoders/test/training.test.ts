import { buildEncoder, type EncoderName } from "@seg/encoders";
import { type FeatureInfo, GroupedOptimizer, pixelAccuracy, sparseCrossEntropy, trainingModel } from "@seg/layers";
import { describeEngines, fillMadeUp, pytorchName, reference, uniform, unlessShared } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { buildDecoder, type DecoderName } from "../src/index.ts";

interface Step {
  loss: number;
  acc: number;
  grad_norm?: Record<string, number>;
}

interface Pair {
  name: string;
  encoder: EncoderName;
  decoder: DecoderName;
  num_class: number;
  input: number[];
  train?: {
    label: number[];
    lr: number;
    momentum: number;
    weight_decay: number;
    deep_sup_scale: number;
    steps: Step[];
    norms_after_3_steps: Record<string, number>;
  };
}

const pairs = reference<Pair[]>("models.json")?.filter(({ train }) => train);

type Norms = Map<string, number>;

const norm = (tensor: tf.Tensor) => tf.tidy(() => Math.sqrt(tensor.square().sum().dataSync()[0]!));

/** The reference's three steps from its made-up weights, on its image times `factor`. */
function train({ train, ...pair }: Pair, factor: number) {
  const { label, lr, momentum, weight_decay, deep_sup_scale, steps } = train!;
  const encoder = buildEncoder(pair.encoder, { weights: "zeros" });
  const info = encoder.featureInfo as readonly FeatureInfo[] as [FeatureInfo, FeatureInfo, FeatureInfo, FeatureInfo];
  const decoder = buildDecoder(pair.decoder, info, { weights: "zeros", numClass: pair.num_class, dropout: 0 });
  fillMadeUp(encoder.model, "encoder", tf.tensor);
  fillMadeUp(decoder.model, "decoder", tf.tensor);
  const variables = new Map(
    Object.entries({ encoder: encoder.model, decoder: decoder.model }).flatMap(([part, model]) =>
      model.weights.map((weight) => [`${part}.${pytorchName(weight)}`, weight.read() as tf.Variable] as const),
    ),
  );
  const training = trainingModel([encoder.model, decoder.model]);
  const convolutions = training.variables.filter(({ rank }) => rank === 4);
  const others = training.variables.filter(({ rank }) => rank !== 4);
  const groups = [
    { variables: convolutions, learningRate: lr, weightDecay: weight_decay },
    { variables: others, learningRate: lr },
  ];
  const optimizer = new GroupedOptimizer(groups, { name: "sgd", momentum });
  const size = (shape: number[]) => shape.reduce((a, b) => a * b, 1);
  const pixels = Float32Array.from(uniform("image", size(pair.input), (u) => (u - 0.5) * 4 * factor));
  const image = tf.tidy(() => tf.tensor(pixels, pair.input).transpose([0, 2, 3, 1]));
  const indices = uniform("label", size(label), (u) => Math.floor(u * (pair.num_class + 1)) - 1);
  const labels = tf.tensor(Int32Array.from(indices), label, "int32");
  const normsOf = (tensors: Map<string, tf.Tensor>): Norms =>
    new Map(Array.from(tensors, ([name, tensor]) => [name, norm(tensor)]));
  const losses: number[] = [];
  const accuracies: number[] = [];
  let gradientNorms: Norms = new Map();
  for (const step of steps.keys()) {
    const { loss, gradients } = training.gradients(image, ([scores, auxiliary]) => {
      accuracies.push(pixelAccuracy(scores!, labels).dataSync()[0]!);
      const main = sparseCrossEntropy(scores!, labels);
      return auxiliary ? main.add(sparseCrossEntropy(auxiliary, labels).mul(deep_sup_scale)) : main;
    });
    losses.push(loss.dataSync()[0]!);
    const byId = new Map(training.variables.map(({ id }, i) => [id, gradients[i]!]));
    if (step === 0) {
      const trained = Array.from(variables).filter(([, { id }]) => byId.has(id));
      gradientNorms = normsOf(new Map(trained.map(([name, { id }]) => [name, byId.get(id)!])));
    }
    optimizer.update(optimizer.variables.map(({ id }) => byId.get(id)!));
    tf.dispose([loss, ...gradients]);
  }
  const norms = normsOf(variables);
  optimizer.dispose();
  tf.dispose([image, labels]);
  encoder.model.dispose();
  decoder.model.dispose();
  return { losses, accuracies, gradientNorms, norms };
}

/**
 * The reference is float32 too, and these networks of made-up weights are ill-conditioned: batch norm over the two values of a
 * pyramid's one cell nearly cancels its own gradient. So an error is measured against what a change of the image by
 * 1e-5 of itself, the size of float32's rounding over a deep network, does to the same norm, give or take a power of ten.
 */
function expectNorms(actual: Norms, shaken: Norms, expected: Record<string, number>): void {
  const largest = Math.max(...Object.values(expected));
  const names = Object.keys(expected).filter((name) => expected[name]! > 1e-5 * largest);
  const changes = names.map((name) => Math.abs(actual.get(name)! / shaken.get(name)! - 1)).sort((a, b) => a - b);
  const errors = names.map((name) => Math.abs(actual.get(name)! / expected[name]! - 1)).sort((a, b) => a - b);
  const at = (sorted: number[], part: number) => sorted[Math.floor((sorted.length - 1) * part)]!;
  for (const part of [0.5, 0.9, 1]) {
    expect(at(errors, part), `relative error at quantile ${part}`).toBeLessThanOrEqual(1e-4 + 10 * at(changes, part));
  }
  // What is only rounding there must be only rounding here.
  for (const name of Object.keys(expected)) {
    if (!names.includes(name)) expect(actual.get(name)! / largest, name).toBeLessThan(1e-4);
  }
}

describe.skipIf(!pairs)(`the original's training${unlessShared}`, () => {
  describeEngines(
    "three steps",
    (engine) => {
      // Engines without native convolutions need minutes for the larger networks; their kernels are tested in @seg/layers.
      for (const pair of engine === "tensorflow" ? (pairs ?? []) : (pairs ?? []).slice(0, 2)) {
        it(`of ${pair.name} give the reference's losses, gradients, parameters and statistics`, () => {
          const { steps, norms_after_3_steps } = pair.train!;
          const actual = train(pair, 1);
          const shaken = train(pair, 1 + 1e-5);
          const pixel = 1 / pair.train!.label.reduce((a, b) => a * b, 1);
          steps.forEach(({ loss, acc }, i) => {
            const change = Math.abs(actual.losses[i]! - shaken.losses[i]!);
            expect(Math.abs(actual.losses[i]! - loss)).toBeLessThanOrEqual(
              (i === 0 ? 1e-5 : 1e-3) * loss + 10 * change,
            );
            const moved = Math.abs(actual.accuracies[i]! - shaken.accuracies[i]!);
            expect(Math.abs(actual.accuracies[i]! - acc)).toBeLessThanOrEqual(3 * pixel + 10 * moved);
          });
          expectNorms(actual.gradientNorms, shaken.gradientNorms, steps[0]!.grad_norm!);
          expectNorms(actual.norms, shaken.norms, norms_after_3_steps);
        });
      }
    },
    ["wasm", "tensorflow"],
  );
});
