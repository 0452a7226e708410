import { existsSync } from "node:fs";
import { basename } from "node:path";
import {
  DataError,
  type LabelConvention,
  type LabelMap,
  type OdgtRecord,
  type RgbImage,
  readPair,
  type SegClass,
  validationScales,
} from "@seg/ade20k-data";
import type { InferenceModel, Labels } from "@seg/layers";
import { ConfusionMatrix } from "@seg/metrics";
import { predictLabels, SINGLE_SCALE, scaleOptions } from "@seg/segmenter";
import type { Config } from "@seg/segmenter/config";
import type { Context } from "../../context.ts";
import { checkRecords } from "../../dataset/check.ts";
import { classSet } from "../../dataset/classes.ts";
import { labelConvention } from "../../dataset/label-convention.ts";
import { listedRecords } from "../../dataset/records.ts";
import { namedScores, scoreEvent } from "../../evaluate/result.ts";
import { evaluationPicture } from "../../pictures/evaluation-picture.ts";
import { evaluationFile, pictureFile, type SavedEvaluation } from "./validation-files.ts";

interface Pair {
  photo: RgbImage;
  truth: LabelMap;
}

/** The photos and labels of `DATASET.list_val`: what a network sees in the first, and its scores on all. */
export class ValidationSet {
  readonly #config: Config;
  readonly #records: readonly OdgtRecord[];
  readonly #classes: readonly SegClass[];
  readonly #convention: LabelConvention;

  /**
   * Reads the list, and checks its photos and labels where they will be scored.
   *
   * @param warn - told what is wrong with the list where only pictures depend on it.
   * @returns undefined where there is none, which only evaluations need.
   * @throws {PipelineError} `missing` if evaluations lack their list; `config` if the classes' names do not fit.
   * @throws {DataError} what is wrong with the list, a photo or a label.
   */
  static async create(
    config: Config,
    { warn, signal }: Pick<Context, "warn" | "signal">,
  ): Promise<ValidationSet | undefined> {
    const { TRAIN, DATASET } = config;
    const classes = await classSet(config);
    const convention = await labelConvention(config);
    try {
      if (TRAIN.eval_every === 0 && !existsSync(DATASET.list_val)) return undefined;
      const records = await listedRecords(config, "val");
      const scored = TRAIN.eval_every > 0 ? records : records.slice(0, 1);
      await checkRecords(scored, { numClasses: DATASET.num_class, convention, maxPixels: DATASET.max_pixels, signal });
      return new ValidationSet(config, records, classes, convention);
    } catch (error) {
      if (TRAIN.eval_every > 0 || !(error instanceof DataError)) throw error;
      warn(`There will be no validation pictures: ${error.message}`);
      return undefined;
    }
  }

  private constructor(
    config: Config,
    records: readonly OdgtRecord[],
    classes: readonly SegClass[],
    convention: LabelConvention,
  ) {
    this.#convention = convention;
    this.#config = config;
    this.#records = records;
    this.#classes = classes;
  }

  /** The short side that photos are brought to: the largest one of the training, at most 450. */
  get shortSide(): number {
    return Math.min(SINGLE_SCALE, Math.max(...this.#config.DATASET.imgSizes));
  }

  /** Whether the scores after an epoch are wanted: after every `TRAIN.eval_every`th one and the last one. */
  isDue(epoch: number): boolean {
    const { eval_every, num_epoch } = this.#config.TRAIN;
    return eval_every > 0 && (epoch % eval_every === 0 || epoch === num_epoch);
  }

  /** The list's first photo, its truth, its prediction and where it is wrong, with scores and a legend. */
  async picture(network: InferenceModel): Promise<RgbImage> {
    const { photo, truth } = await this.#load(0);
    const { width, height } = photo;
    const prediction = { labels: await this.#predict(network, photo), width, height };
    const name = basename(this.#records[0]!.imagePath);
    return evaluationPicture({ name, photo, truth, prediction, classes: this.#classes });
  }

  /** Scores the network on the whole list as `seg eval` does. */
  async evaluate(
    network: InferenceModel,
    epoch: number,
    { engine, context: { onProgress, signal } }: { engine: string; context: Pick<Context, "onProgress" | "signal"> },
  ): Promise<SavedEvaluation> {
    const matrix = new ConfusionMatrix(this.#classes.length);
    const total = this.#records.length;
    const start = performance.now();
    let next = this.#load(0);
    for (let i = 0; i < total; i++) {
      const { photo, truth } = await next;
      // Decoded by other threads while the engine works.
      if (i + 1 < total) next = this.#load(i + 1);
      next.catch(() => {});
      matrix.add(await this.#predict(network, photo, signal), truth.labels);
      const seconds = (performance.now() - start) / 1000;
      onProgress(scoreEvent(matrix, { done: i + 1, total, seconds, epoch }));
    }
    return {
      epoch,
      images: total,
      sizes: [this.shortSide],
      engine,
      secondsPerImage: (performance.now() - start) / 1000 / total,
      ...namedScores(
        matrix,
        this.#classes.map(({ name }) => name),
      ),
    };
  }

  /** Whether an epoch's picture and, where they are due, its scores are there already. */
  isDone(epoch: number): { picture: boolean; scores: boolean } {
    const { DIR } = this.#config;
    return {
      picture: existsSync(pictureFile(DIR, epoch)),
      scores: !this.isDue(epoch) || existsSync(evaluationFile(DIR, epoch)),
    };
  }

  // That there is a label was checked.
  async #load(i: number): Promise<Pair> {
    const { max_pixels: maxPixels } = this.#config.DATASET;
    const checks = { numClasses: this.#classes.length, convention: this.#convention, maxPixels };
    const { photo, label } = await readPair(this.#records[i]!, checks);
    return { photo, truth: label };
  }

  async #predict(network: InferenceModel, photo: RgbImage, signal?: AbortSignal): Promise<Labels> {
    const scales = validationScales(photo, scaleOptions(this.#config, [this.shortSide]));
    return predictLabels(network, scales, [photo.height, photo.width], { signal });
  }
}
