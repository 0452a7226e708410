import type { TrainBatch } from "@seg/ade20k-data";
import { broadcastJson, type Group, single } from "@seg/collectives";
import { broadcastParameters, dataParallelOptimizer } from "@seg/data-parallel";
import {
  ChannelDropout,
  GroupedOptimizer,
  type InferenceModel,
  inferenceModel,
  type ParameterGroup,
  pixelAccuracy,
  type TrainingModel,
  trainingModel,
} from "@seg/layers";
import { buildSegmentationModel, halvesOf } from "@seg/segmenter";
import type { Config } from "@seg/segmenter/config";
import { attachGroup } from "@seg/sync-bn";
import * as tf from "@tensorflow/tfjs";
import { type TrainingLoss, trainingLoss } from "./loss.ts";
import { WeightAverage } from "./weight-average.ts";

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
  readonly #model: tf.LayersModel;
  readonly encoder: tf.LayersModel;
  readonly decoder: tf.LayersModel;
  readonly #config: Config;
  readonly #group: Group;
  readonly #loss: TrainingLoss;
  readonly #groups: Record<keyof Rates, ParameterGroup[]>;
  readonly #training: TrainingModel;
  readonly #optimizer: tf.Optimizer;
  readonly #buckets: number[];
  /** All replicas' weights are the same, so rank 0's are averaged alone. */
  readonly #average: WeightAverage | undefined;
  #gradients: tf.NamedTensorMap | undefined;

  /**
   * @param prepare - sets initial weights in place of the random ones of `TRAIN.seed`.
   * @param classWeights - those that `TRAIN.class_weights` stands for.
   */
  static async create(
    config: Config,
    prepare: (halves: ReturnType<typeof halvesOf>) => Promise<void>,
    group: Group = single,
    classWeights?: readonly number[],
  ): Promise<Trainer> {
    const { DATASET, MODEL, TRAIN } = config;
    // As in the original, batch norm and dropout are in evaluation mode then.
    const frozen = TRAIN.fix_bn;
    const model = buildSegmentationModel({
      encoder: MODEL.arch_encoder,
      decoder: MODEL.arch_decoder,
      numClasses: DATASET.num_class,
      batchNorm: { frozen },
      ...(frozen && { dropout: 0 }),
      seed: TRAIN.seed,
    });
    try {
      await prepare(halvesOf(model));
      return new Trainer(config, model, group, trainingLoss(config, classWeights));
    } catch (error) {
      model.dispose();
      throw error;
    }
  }

  private constructor(config: Config, model: tf.LayersModel, group: Group, loss: TrainingLoss) {
    const { optim, beta1, weight_decay, clip_norm, ema_decay } = config.TRAIN;
    this.#config = config;
    this.#group = group;
    this.#loss = loss;
    attachGroup(model, group);
    const { encoder, decoder } = halvesOf(model);
    this.#model = model;
    this.encoder = encoder;
    this.decoder = decoder;
    this.#groups = { encoder: groupsOf(encoder, weight_decay), decoder: groupsOf(decoder, weight_decay) };
    this.#training = trainingModel(model);
    const parameterGroups = [...this.#groups.encoder, ...this.#groups.decoder];
    const rule = optim === "SGD" ? ({ name: "sgd", momentum: beta1 } as const) : ({ name: "adam", beta1 } as const);
    const clipNorm = clip_norm > 0 ? clip_norm : undefined;
    this.#optimizer = dataParallelOptimizer(new GroupedOptimizer(parameterGroups, rule, { clipNorm }), group, {
      reduce: "sum",
    });
    this.#buckets = parameterGroups.flatMap(({ variables: { length } }) =>
      length === 0 ? [] : rule.name === "sgd" ? [length] : [length, length],
    );
    this.#average = ema_decay > 0 && group.rank === 0 ? new WeightAverage(model.weights, ema_decay) : undefined;
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
        const main = this.#loss.of(scores!, labels);
        const total = auxiliary ? main.add(this.#loss.of(auxiliary, labels).mul(deep_sup_scale)) : main;
        held.push(tf.keep(total));
        return (weight === 1 ? total.clone() : total.mul(weight)) as tf.Scalar;
      });
      held.push(loss);
      const before = this.#gradients;
      this.#gradients = before ? sumOf(before, gradients) : gradients;
      const [[accuracy], [own]] = await Promise.all([held[2]!.data(), held[3]!.data()]);
      return { loss: own!, accuracy: accuracy! };
    } finally {
      tf.dispose(held);
    }
  }

  /** What a batch's loss weighs beside that of others, so that all labelled pixels count alike. */
  weightOf({ labels }: TrainBatch): number {
    return this.#loss.weightOf(labels);
  }

  /** One optimizer step on the accumulated gradients, summed over all replicas. Collective. */
  update(rates: Rates): void {
    for (const half of ["encoder", "decoder"] as const) {
      for (const group of this.#groups[half]) group.learningRate = rates[half];
    }
    this.#optimizer.applyGradients(this.#gradients!);
    this.discard();
    this.#average?.add(this.#optimizer.iterations);
  }

  /** Discards the accumulated gradients. */
  discard(): void {
    tf.dispose(this.#gradients);
    this.#gradients = undefined;
  }

  /** What, besides the weights and the optimizer's moments, the next updates depend on. */
  get progress(): TrainerProgress {
    const seeds = Object.fromEntries(this.#dropouts().map(({ name, nextSeed }) => [name, nextSeed!]));
    return { updates: this.#optimizer.iterations, seeds };
  }

  /** The optimizer's moments, those of each parameter group as one flat tensor; the caller disposes them. */
  async moments(): Promise<tf.Tensor1D[]> {
    const weights = await this.#optimizer.getWeights();
    try {
      return this.#inBuckets(weights.slice(1).map(({ tensor }) => tensor)).map((bucket) =>
        tf.tidy(() => (bucket.length === 1 ? bucket[0]!.flatten() : tf.concat1d(bucket.map((own) => own.flatten())))),
      );
    } finally {
      tf.dispose(weights.map(({ tensor }) => tensor));
    }
  }

  /**
   * Restores a trainer's state; the weights must be loaded already. The tensors stay the caller's.
   *
   * @param moments - As {@link moments} gave them.
   * @throws {LayersError} if it is another network's or another optimizer's.
   */
  async restore(moments: readonly tf.Tensor[], { updates, seeds }: TrainerProgress): Promise<void> {
    const own = await this.#optimizer.getWeights();
    const weights = tf.tidy(() => {
      const sizes = this.#inBuckets(own.slice(1).map(({ tensor }) => tensor.size));
      const parts = moments.flatMap((bucket, i) =>
        bucket.size === sum(sizes[i] ?? []) ? tf.split(bucket.flatten(), sizes[i]!) : bucket,
      );
      return [tf.scalar(updates, "int32"), ...parts.map((part) => part.clone())];
    });
    try {
      await this.#optimizer.setWeights(weights.map((tensor, i) => ({ name: own[i]?.name ?? "", tensor })));
    } finally {
      tf.dispose([own.map(({ tensor }) => tensor), weights]);
    }
    for (const layer of this.#dropouts()) layer.nextSeed = seeds[layer.name] ?? layer.nextSeed;
  }

  /** What there is of each variable's moment, put together by bucket: a parameter group's first moments, its second ones, and so on. */
  #inBuckets<T>(ofVariables: readonly T[]): T[][] {
    let start = 0;
    return this.#buckets.map((length) => {
      const bucket = ofVariables.slice(start, start + length);
      start += length;
      return bucket;
    });
  }

  /** Broadcasts rank 0's weights and optimizer state, and gives each replica dropout seeds of its own. Collective. */
  async align(): Promise<void> {
    const group = this.#group;
    if (group.size === 1) return;
    broadcastParameters(this.#model.weights, group);
    const first = broadcastJson(this.progress, group);
    const moments = (await this.moments()).map((tensor) => {
      const values = (tensor.dataSync() as Float32Array).slice();
      tensor.dispose();
      group.broadcast(values);
      return tf.tensor1d(values);
    });
    await this.restore(moments, first);
    tf.dispose(moments);
    for (const layer of this.#dropouts()) layer.nextSeed = layer.nextSeed! + group.rank * SEEDS_APART;
  }

  /** Whether the weights are averaged (`TRAIN.ema_decay`). */
  get isAveraging(): boolean {
    return this.#average !== undefined;
  }

  /** Does something while the two networks hold their averages, where there are any; nothing may train meanwhile. */
  async whileAveraged<T>(work: () => T | Promise<T>): Promise<T> {
    this.#average?.exchange();
    try {
      return await work();
    } finally {
      this.#average?.exchange();
    }
  }

  /** A copy of the two networks as they are now, or of their averages, to segment photos with; the caller disposes it. */
  inference(): Promise<InferenceModel> {
    return this.whileAveraged(() => inferenceModel(this.#model, [0]));
  }

  /** How many batches the batch norms' statistics have seen since the training began, as PyTorch counts them. */
  get batchesTracked(): number {
    const { fix_bn, accumulate } = this.#config.TRAIN;
    return fix_bn ? 0 : this.#optimizer.iterations * accumulate;
  }

  /** About how large a checkpoint is. */
  get bytes(): number {
    const weights = this.#model.weights.map((weight) => weight.read().size);
    const trained = sum(this.#training.variables.map(({ size }) => size));
    const copies = this.isAveraging ? 2 : 1;
    return 4 * (copies * sum(weights) + trained * (this.#config.TRAIN.optim === "SGD" ? 1 : 2));
  }

  /** Frees everything. */
  dispose(): void {
    this.discard();
    this.#optimizer.dispose();
    this.#average?.dispose();
    this.#model.dispose();
  }

  #dropouts(): ChannelDropout[] {
    return this.decoder.layers.filter((layer) => layer instanceof ChannelDropout);
  }
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, n) => total + n, 0);

/** The sums of the gradients of the same variables, in place of both. */
function sumOf(a: tf.NamedTensorMap, b: tf.NamedTensorMap): tf.NamedTensorMap {
  const sums = Object.fromEntries(Object.entries(a).map(([name, gradient]) => [name, tf.add(gradient, b[name]!)]));
  tf.dispose([a, b]);
  return sums;
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
