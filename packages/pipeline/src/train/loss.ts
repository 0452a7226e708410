import { diceLoss, focalLoss, lovaszSoftmax, ohemCrossEntropy, sparseCrossEntropy } from "@seg/layers";
import type { Config } from "@seg/segmenter/config";
import { type LossName, parseLoss } from "@seg/segmenter/config";
import type * as tf from "@tensorflow/tfjs";

/** What a training minimizes. */
export interface TrainingLoss {
  /** The sum of losses `TRAIN.loss` of scores `[batch, height, width, classes]`; a scalar. */
  of(scores: tf.Tensor, labels: tf.Tensor): tf.Scalar;
  /**
   * What a batch's loss weighs beside that of others, so that all labelled pixels count alike: their number, or the sum of their classes' weights. Of
   * the losses it is exact for `ce` and `focal`; hard pixels, Dice and Lovász are each replica's own.
   */
  weightOf(labels: Int32Array): number;
}

type Loss = (scores: tf.Tensor, labels: tf.Tensor) => tf.Scalar;

/** The loss of a configuration; `classWeights` are those that `TRAIN.class_weights` stands for. */
export function trainingLoss({ DATASET, TRAIN }: Config, classWeights?: readonly number[]): TrainingLoss {
  const losses: Record<LossName, Loss> = {
    ce: (scores, labels) => sparseCrossEntropy(scores, labels, { classWeights }),
    ohem: (scores, labels) => {
      // As in mmsegmentation, the number is of a photo's pixels, of which labels have one in so many.
      const minKept = Math.floor((TRAIN.ohem_min_kept * labels.shape[0]!) / DATASET.segm_downsampling_rate ** 2);
      return ohemCrossEntropy(scores, labels, { threshold: TRAIN.ohem_threshold, minKept, classWeights });
    },
    focal: (scores, labels) => focalLoss(scores, labels, { gamma: TRAIN.focal_gamma, classWeights }),
    dice: diceLoss,
    lovasz: lovaszSoftmax,
  };
  const terms = parseLoss(TRAIN.loss)!.map(({ name, coefficient }): Loss => {
    const loss = losses[name];
    return coefficient === 1 ? loss : (scores, labels) => loss(scores, labels).mul(coefficient);
  });
  const weights = classWeights ?? new Array<number>(DATASET.num_class).fill(1);
  return {
    of: (scores, labels) => terms.map((term) => term(scores, labels)).reduce((sum, term) => sum.add(term)),
    weightOf: (labels) => labels.reduce((sum, label) => sum + (weights[label] ?? 0), 0),
  };
}
