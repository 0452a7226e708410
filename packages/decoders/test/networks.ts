import { buildEncoder, type EncoderName } from "@seg/encoders";
import { type FeatureInfo, pixelAccuracy, sparseCrossEntropy, trainingModel } from "@seg/layers";
import { type describeEngines, fillMadeUp, pytorchName, reference, uniform } from "@seg/testing";
import * as tf from "@tensorflow/tfjs";
import { buildDecoder, type DecoderName } from "../src/index.ts";

/** Which networks the reference has values of. */
export interface Pair {
  name: string;
  encoder: EncoderName;
  decoder: DecoderName;
  num_class: number;
  /** The shape of the image, NCHW. */
  input: [number, number, number, number];
}

/** Of an engine, the networks that it is tested with; an engine that is left out is not tested. */
export type Choice = Partial<Record<Parameters<Parameters<typeof describeEngines>[1]>[0], (name: string) => boolean>>;

export const PAIRS = reference<Pair[]>("models.json");

/** Adds a variable of zeros to the image: its gradient is the image's own. */
class Shift extends tf.layers.Layer {
  static className = "SegTestShift";

  constructor(readonly shape: number[]) {
    super({ name: "image" });
  }

  override build(): void {
    this.addWeight("shift", this.shape, "float32", tf.initializers.zeros());
  }

  override computeOutputShape(shape: tf.Shape): tf.Shape {
    return shape;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return [inputs].flat()[0]!.add(this.weights[0]!.read());
  }
}

/**
 * A network of the reference with its made-up weights, image and labels. Dropout is off.
 *
 * @param evaluation - Whether batch norm is in evaluation mode and uses the running statistics.
 */
export function buildNetwork(pair: Pair, { evaluation }: { evaluation: boolean }) {
  const options = { weights: "zeros", batchNorm: { frozen: evaluation } } as const;
  const encoder = buildEncoder(pair.encoder, options);
  const info = encoder.featureInfo as readonly FeatureInfo[] as [FeatureInfo, FeatureInfo, FeatureInfo, FeatureInfo];
  const decoder = buildDecoder(pair.decoder, info, { ...options, numClasses: pair.num_class, dropout: 0 });
  const models = { encoder: encoder.model, decoder: decoder.model };
  const [batch, channels, height, width] = pair.input;
  const input = tf.input({ shape: [null, null, channels] });
  const shift = new Shift([batch, height, width, channels]).apply(input) as tf.SymbolicTensor;
  const image = tf.model({ inputs: input, outputs: shift });
  const training = trainingModel([image, models.encoder, models.decoder]);
  /** By the reference's names; statistics included. */
  const variables = new Map<string, tf.Variable>(
    Object.entries(models).flatMap(([part, model]) =>
      model.weights.map((weight) => [`${part}.${pytorchName(weight)}`, weight.read() as tf.Variable] as const),
    ),
  );
  const names = new Map(Array.from(variables, ([name, { id }]) => [id, name]));

  /** Sets the made-up weights. */
  function reset(): void {
    fillMadeUp(models.encoder, "encoder", tf.tensor);
    fillMadeUp(models.decoder, "decoder", tf.tensor);
  }
  reset();

  return {
    variables,
    reset,
    /** One pass with the image times `factor`: the gradients by the reference's names, the image's as `image`; the caller disposes them. */
    pass(factor: number): { loss: number; accuracy: number; gradients: Map<string, tf.Tensor> } {
      const size = pair.input.reduce((a, b) => a * b, 1);
      const pixels = Float32Array.from(uniform("image", size, (u) => (u - 0.5) * 4 * factor));
      const x = tf.tidy(() => tf.tensor(pixels, pair.input).transpose([0, 2, 3, 1]));
      let accuracy = 0;
      const { loss, gradients } = training.gradients(x, ([scores, auxiliary]) => {
        const shape = scores!.shape.slice(0, 3);
        const count = shape.reduce((a, b) => a * b, 1);
        const values = uniform("label", count, (u) => Math.floor(u * (pair.num_class + 1)) - 1);
        const labels = tf.tensor(Int32Array.from(values), shape, "int32");
        accuracy = pixelAccuracy(scores!, labels).dataSync()[0]!;
        const main = sparseCrossEntropy(scores!, labels);
        return auxiliary ? main.add(sparseCrossEntropy(auxiliary, labels).mul(0.4)) : main;
      });
      const value = loss.dataSync()[0]!;
      tf.dispose([x, loss]);
      const named = training.variables.map(({ id, name }) => [names.get(id) ?? "image", gradients[name]!] as const);
      return { loss: value, accuracy, gradients: new Map(named) };
    },
    dispose() {
      for (const model of [image, models.encoder, models.decoder]) model.dispose();
    },
  };
}

/** The values of tensors, which it disposes. */
export function valuesOf(tensors: ReadonlyMap<string, tf.Tensor>): Map<string, Float32Array> {
  const values = Array.from(tensors, ([name, tensor]) => [name, tensor.dataSync() as Float32Array] as const);
  tf.dispose(Array.from(tensors.values()));
  return new Map(values);
}
