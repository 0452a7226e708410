import { buildDecoder, type DecoderName, type DecoderOptions, type RequiredFeatures } from "@seg/decoders";
import { buildEncoder, type EncoderName } from "@seg/encoders";
import * as tf from "@tensorflow/tfjs";
import { PipelineError, refuseUnknown } from "../errors.ts";

/** Options of {@link buildSegmentationModel}: which networks, and those of `buildDecoder`, which `buildEncoder` shares. */
export interface SegmentationModelOptions extends DecoderOptions {
  encoder: EncoderName;
  decoder: DecoderName;
}

/**
 * Builds an encoder and the decoder over it as one model: image `[batch, height, width, 3]` in, logits `[batch, h, w, numClasses]` out, and
 * with deep supervision a second such map. Its two layers are the halves; see {@link halvesOf}.
 *
 * @returns The model; its `dispose()` frees both halves. `model.save` writes it whole, `tf.loadLayersModel` reads it again where this package
 *   is imported.
 * @throws {EncoderError} `unknown-encoder`, or `option` for an option out of range.
 * @throws {DecoderError} `unknown-decoder`; `features` if the decoder cannot work on the encoder's features; `option` for an option that
 *   there is not, or one out of range.
 *
 * @example
 * ```ts
 * import { buildSegmentationModel } from "@seg/pipeline/model";
 *
 * const model = buildSegmentationModel({ encoder: "mobilenetv2dilated", decoder: "c1", numClasses: 11, seed: 1 });
 * console.log(model.outputs[0]?.shape.at(-1)); // 11
 * model.dispose();
 * ```
 */
export function buildSegmentationModel({ encoder, decoder, ...options }: SegmentationModelOptions): tf.LayersModel {
  const known = ["encoder", "decoder", "numClasses", "dropout", "weights", "seed", "batchNorm"];
  refuseUnknown({ encoder, decoder, ...options }, known, "an option of buildSegmentationModel");
  const { weights, seed, batchNorm } = options;
  const shared = { ...(weights && { weights }), ...(batchNorm && { batchNorm }) };
  const first = buildEncoder(encoder, { ...shared, ...(seed !== undefined && { seed }) });
  try {
    // Which pair it is shows only here, so the decoder checks the features at run time.
    const features = first.featureInfo as readonly unknown[] as RequiredFeatures[DecoderName];
    const second = buildDecoder(decoder, features, { ...options, ...(seed !== undefined && { seed: seed + 1 }) });
    const image = tf.input({ shape: [null, null, 3], name: "image" });
    const maps = first.model.apply(image) as tf.SymbolicTensor[];
    const scores = second.model.apply(maps) as tf.SymbolicTensor[];
    return tf.model({ inputs: image, outputs: scores, name: `${encoder}-${decoder}` });
  } catch (error) {
    first.model.dispose();
    throw error;
  }
}

/**
 * The encoder and the decoder of a model of {@link buildSegmentationModel}, built or loaded; they share its weights.
 *
 * @throws {PipelineError} `option` for another model.
 *
 * @example
 * ```ts
 * import { buildSegmentationModel, halvesOf } from "@seg/pipeline/model";
 *
 * const model = buildSegmentationModel({ encoder: "mobilenetv2dilated", decoder: "c1", numClasses: 11, seed: 1 });
 * const { encoder, decoder } = halvesOf(model);
 * console.log(encoder.outputs.at(-1)?.shape.at(-1), decoder.outputs.at(-1)?.shape.at(-1)); // 320 11
 * model.dispose();
 * ```
 */
export function halvesOf(model: tf.LayersModel): Record<"encoder" | "decoder", tf.LayersModel> {
  const [encoder, decoder, ...rest] = model.layers.filter((layer) => layer instanceof tf.LayersModel);
  if (!encoder || !decoder || rest.length > 0) {
    throw new PipelineError("option", {
      expected: "a model of buildSegmentationModel",
      received: `${model.name}, which is not made of two models`,
    });
  }
  return { encoder, decoder };
}
