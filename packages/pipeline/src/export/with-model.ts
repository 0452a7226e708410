import { startEngine } from "@seg/backend";
import type { WeightSource } from "@seg/layers/inference-graph";
import * as tf from "@tensorflow/tfjs";
import { weightSource } from "../model/load.ts";
import { buildSegmentationModel } from "../model/segmentation-model.ts";
import type { ExportJob } from "./write-export.ts";

/** Builds a network, opens its weights beside it, and frees both when the work is done. */
export async function withModel<T>(
  { config: { MODEL, DATASET }, weights: files }: Pick<ExportJob, "config" | "weights">,
  work: (model: tf.LayersModel, weights: WeightSource) => Promise<T>,
): Promise<T> {
  // Layers are built of variables, which some engine must hold; it computes nothing.
  if (!tf.getBackend()) await startEngine("cpu");
  const model = buildSegmentationModel({
    encoder: MODEL.arch_encoder,
    decoder: MODEL.arch_decoder,
    numClasses: DATASET.num_class,
    weights: "zeros",
  });
  try {
    const { weights, release } = await weightSource(model, files);
    return await work(model, weights).finally(release);
  } finally {
    model.dispose();
  }
}
