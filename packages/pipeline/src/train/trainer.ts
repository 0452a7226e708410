import type { TrainBatch } from "@seg/ade20k-data";
import { broadcastJson, type Group, single } from "@seg/collectives";
import { allReduceGradients, broadcastParameters } from "@seg/data-parallel";
import { buildDecoder, type DecoderName, type RequiredFeatures } from "@seg/decoders";
import { buildEncoder } from "@seg/encoders";
import {
  ChannelDropoutLayer,
  GroupedOptimizer,
  type InferenceModel,
  inferenceModel,
  type ParameterGroup,
  pixelAccuracy,
  sparseCrossEntropy,
  type TrainingModel,
  trainingModel,
} from "@seg/layers";
import { attachGroup } from "@seg/sync-bn";
import * as tf from "@tensorflow/tfjs";
import type { Config } from "../config/schema.ts";

/** How well one batch was predicted. */
export interface BatchScores {
  /** With deep supervision, the auxiliary loss included. */
  loss: number;
  /** Share of labelled pixels predicted rightly, in [0, 1]. */
  accuracy: number;
}

/** The learning rates of one update. */
export interface Rates {
  encoder: number;
  decoder: number;
}

/** Offset between the dropout seeds of consecutive ranks; far more than the seeds that one rank uses. */
const SEEDS_APART = 100_000_007;

/** What the next updates depend on, besides tensors; plain data. */
export interface TrainerProgress {
  updates: number;
  /** The next seed of each dropout layer. */
  seeds: Record<string, number>;
}

/**
 * The two networks of a configuration with their optimizer, on the current engine. In a group of several, batch norm is synchronized, and
 * an update all-reduces the gradients, so that all replicas hold the same weights; only the calls that say so are collective.
 */
export class Trainer {
  readonly encoder: tf.LayersModel;
  readonly decoder: tf.LayersModel;
  readonly #config: Config;
  readonly #group: Group;
  readonly #groups: Record<keyof Rates, ParameterGroup[]>;
  readonly #training: TrainingModel;
  readonly #optimizer: GroupedOptimizer;
  readonly #order: number[];
  #gradients: tf.Tensor[] | undefined;

  /** @param prepare - gives the networks their first weights, beyond those drawn from `TRAIN.seed`. */
  static async create(
    config: Config,
    prepare: (encoder: tf.LayersModel, decoder: tf.LayersModel) => Promise<void>,
    group: Group = single,
  ): Promise<Trainer> {
    const { DATASET, MODEL, TRAIN } = config;
    // As in the original, batch norm and dropout are in evaluation mode then.
    const frozen = TRAIN.fix_bn;
    const options = { batchNorm: { frozen } };
    const encoder = buildEncoder(MODEL.arch_encoder, { ...options, seed: TRAIN.seed });
    // Which pair it is shows only here, so the decoder checks the features at run time.
    const features = encoder.featureInfo as readonly unknown[] as RequiredFeatures[DecoderName];
    const { model: decoder } = buildDecoder(MODEL.arch_decoder, features, {
      ...options,
      ...(frozen && { dropout: 0 }),
      seed: TRAIN.seed + 1,
      numClass: DATASET.num_class,
    });
    try {
      await prepare(encoder.model, decoder);
      return new Trainer(config, encoder.model, decoder, group);
    } catch (error) {
      encoder.model.dispose();
      decoder.dispose();
      throw error;
    }
  }

  private constructor(config: Config, encoder: tf.LayersModel, decoder: tf.LayersModel, group: Group) {
    const { optim, beta1, weight_decay } = config.TRAIN;
    this.#config = config;
    this.#group = group;
    for (const model of [encoder, decoder]) attachGroup(model, group);
    this.encoder = encoder;
    this.decoder = decoder;
    this.#groups = { encoder: groupsOf(encoder, weight_decay), decoder: groupsOf(decoder, weight_decay) };
    this.#training = trainingModel([encoder, decoder]);
    this.#optimizer = new GroupedOptimizer(
      [...this.#groups.encoder, ...this.#groups.decoder],
      optim === "SGD" ? { name: "sgd", momentum: beta1 } : { name: "adam", beta1 },
    );
    const places = new Map(this.#training.variables.map(({ id }, i) => [id, i]));
    this.#order = this.#optimizer.variables.map(({ id }) => places.get(id)!);
  }

  /**
   * Forward and backward pass: accumulates a batch's gradients for the next {@link update}, which takes `TRAIN.accumulate` batches.
   * Collective.
   *
   * @param share - weight of this replica's loss in that of all, in [0, 1].
   * @returns this replica's own scores.
   */
  async add(batch: TrainBatch, share = 1): Promise<BatchScores> {
    const { deep_sup_scale, accumulate } = this.#config.TRAIN;
    const rate = this.#config.DATASET.segm_downsampling_rate;
    const [size, height, width] = [batch.files.length, batch.height, batch.width];
    const images = tf.tensor4d(batch.images, [size, height, width, 3]);
    const labels = tf.tensor3d(batch.labels, [size, height / rate, width / rate], "int32");
    const held: tf.Tensor[] = [images, labels];
    try {
      const weight = share / accumulate;
      const { loss, gradients } = this.#training.gradients(images, ([scores, auxiliary]) => {
        held.push(tf.keep(pixelAccuracy(scores!, labels)));
        const main = sparseCrossEntropy(scores!, labels);
        const total = auxiliary ? main.add(sparseCrossEntropy(auxiliary, labels).mul(deep_sup_scale)) : main;
        held.push(tf.keep(total));
        return (weight === 1 ? total.clone() : total.mul(weight)) as tf.Scalar;
      });
      held.push(loss);
      const before = this.#gradients;
      this.#gradients = before ? before.map((sum, i) => tf.add(sum, gradients[i]!)) : gradients;
      if (before) tf.dispose([before, gradients]);
      const [[accuracy], [own]] = await Promise.all([held[2]!.data(), held[3]!.data()]);
      return { loss: own!, accuracy: accuracy! };
    } finally {
      tf.dispose(held);
    }
  }

  /** One optimizer step on the accumulated gradients, summed over all replicas. Collective. */
  update(rates: Rates): void {
    for (const half of ["encoder", "decoder"] as const) {
      for (const group of this.#groups[half]) group.learningRate = rates[half];
    }
    const gradients = this.#gradients!;
    const { clip_norm } = this.#config.TRAIN;
    this.#optimizer.update(
      this.#order.map((place) => gradients[place]!),
      clip_norm > 0 ? clip_norm : undefined,
      this.#group.size > 1 ? (gradient) => sumOver(this.#group, gradient) : undefined,
    );
    this.discard();
  }

  /** Discards the accumulated gradients. */
  discard(): void {
    tf.dispose(this.#gradients);
    this.#gradients = undefined;
  }

  /** What, besides the weights and the optimizer's moments, the next updates depend on. */
  get progress(): TrainerProgress {
    const seeds = Object.fromEntries(this.#dropouts().map(({ name, nextSeed }) => [name, nextSeed!]));
    return { updates: this.#optimizer.updates, seeds };
  }

  /** The optimizer's moments, flat; the caller disposes them. */
  moments(): tf.Tensor1D[] {
    return this.#optimizer.moments();
  }

  /**
   * Restores a trainer's state; the weights must be loaded already. The tensors stay the caller's.
   *
   * @throws {LayersError} if it is another network's or another optimizer's.
   */
  restore(moments: readonly tf.Tensor[], { updates, seeds }: TrainerProgress): void {
    this.#optimizer.restore(moments, updates);
    for (const layer of this.#dropouts()) layer.nextSeed = seeds[layer.name] ?? layer.nextSeed;
  }

  /** Broadcasts rank 0's weights and optimizer state, and gives each replica dropout seeds of its own. Collective. */
  align(): void {
    const group = this.#group;
    if (group.size === 1) return;
    const models = [this.encoder, this.decoder];
    broadcastParameters(
      models.flatMap((model) => model.weights.map((weight) => weight.read() as tf.Variable)),
      group,
    );
    const first = broadcastJson(this.progress, group);
    const moments = this.moments().map((tensor) => {
      const values = (tensor.dataSync() as Float32Array).slice();
      tensor.dispose();
      group.broadcast(values);
      return tf.tensor1d(values);
    });
    this.restore(moments, first);
    tf.dispose(moments);
    for (const layer of this.#dropouts()) layer.nextSeed = layer.nextSeed! + group.rank * SEEDS_APART;
  }

  /** A copy of the two networks as they are now, to segment photos with; the caller disposes it. */
  inference(): InferenceModel {
    return inferenceModel([this.encoder, this.decoder], [0]);
  }

  /** How many batches the batch norms' statistics have seen since the training began, as PyTorch counts them. */
  get batchesTracked(): number {
    const { fix_bn, accumulate } = this.#config.TRAIN;
    return fix_bn ? 0 : this.#optimizer.updates * accumulate;
  }

  /** About how large a checkpoint is. */
  get bytes(): number {
    const weights = [this.encoder, this.decoder].flatMap((model) => model.weights.map((weight) => weight.read().size));
    return 4 * [...weights, ...this.#optimizer.momentSizes].reduce((sum, size) => sum + size, 0);
  }

  /** Frees everything. */
  dispose(): void {
    this.discard();
    this.#optimizer.dispose();
    this.encoder.dispose();
    this.decoder.dispose();
  }

  #dropouts(): ChannelDropoutLayer[] {
    return this.decoder.layers.filter((layer) => layer instanceof ChannelDropoutLayer);
  }
}

function sumOver(group: Group, gradient: tf.Tensor1D): tf.Tensor1D {
  return allReduceGradients([gradient], group, { reduce: "sum" })[0] as tf.Tensor1D;
}

/** Parameter groups: weight decay on convolution weights, none on biases and batch norm. */
function groupsOf(model: tf.LayersModel, weightDecay: number): ParameterGroup[] {
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const decays = ({ rank }: tf.Variable) => rank === 4;
  return [
    { variables: variables.filter(decays), learningRate: 0, weightDecay },
    { variables: variables.filter((variable) => !decays(variable)), learningRate: 0 },
  ];
}
